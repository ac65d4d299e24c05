// SPDX-License-Identifier: Apache-2.0
#include "tools/event_summary.hpp"

#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "tools/presence_changes.hpp"
#include "tools/text_of.hpp"
#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

class Summary {
 public:
  explicit Summary(std::string& out) : out_(out) {}

  void word(std::string_view text) {
    separate();
    append_visible(out_, text, LineBreaks::escape);
  }
  void quoted(std::string_view text) {
    separate();
    append_quoted(out_, text);
  }
  void number(std::string_view name, std::uint64_t value) {
    separate();
    fmt::format_to(std::back_inserter(out_), "{} {}", name, value);
  }

  void add(const events::Error* error) {
    if (!error) return;
    if (error->type()) word(text_of(error->type()));
    quoted(text_of(error->message()));
  }
  void add(const events::ContentPart& part) {
    word(events::EnumNameContentType(part.type()));
    quoted(text_of(part.content()));
  }
  void add(const events::ToolCall& call) {
    word(call.name() ? text_of(call.name()) : "call");
    number("index", call.index());
    if (call.call_id()) word(text_of(call.call_id()));
    quoted(text_of(call.arguments()));
  }
  void add(const events::ToolResult& result) {
    word(text_of(result.call_id()));
    if (result.name()) word(text_of(result.name()));
    if (result.is_error()) word("error");
    each(result.content());
  }
  void add(const events::Message& message) {
    word(events::EnumNameRole(message.role()));
    word(events::EnumNameMessageStatus(message.status()));
    each(message.content());
    each(message.tool_calls());
    each(message.tool_results());
  }
  void add(const events::MessageDelta& delta) {
    if (delta.text()) {
      word("text");
      quoted(text_of(delta.text()));
    }
    if (delta.content()) add(*delta.content());
    each(delta.tool_calls());
    if (delta.status() != events::DeltaStatus::incomplete) word(events::EnumNameDeltaStatus(delta.status()));
  }
  void add(const events::Todo& todo) {
    number(events::EnumNameTodoStatus(todo.status()), todo.id());
    quoted(text_of(todo.content()));
  }
  void add(const events::DisplayMessage& message) {
    word(text_of(message.id()));
    word(events::EnumNameDisplayMessageStatus(message.status()));
    quoted(text_of(message.content()));
  }
  /// `+KEY (WINDOWS)`; `~` what is said anew, `-` who left.
  void add(const events::PresenceDiff& diff) {
    std::map<std::pair<char, std::string_view>, std::size_t> windows;
    each_change(diff, [&windows](char sign, std::string_view key, const events::PresenceMeta&) {
      ++windows[{sign, key}];
    });
    for (const auto& [change, count] : windows) {
      separate();
      out_ += change.first;
      append_visible(out_, change.second, LineBreaks::escape);
      fmt::format_to(std::back_inserter(out_), " ({})", count);
    }
  }
  template <class T>
  void each(const flatbuffers::Vector<flatbuffers::Offset<T>>* items) {
    if (!items) return;
    for (const T* item : *items)
      add(*item);
  }

 private:
  void separate() {
    if (!out_.empty() && out_.back() != ' ') out_ += ' ';
  }

  std::string& out_;
};

void add_usage(Summary& summary, const events::LlmTokenUsage& usage) {
  if (usage.input()) summary.number("input", *usage.input());
  if (usage.output()) summary.number("output", *usage.output());
}

void add_status(Summary& summary, const events::StatusChanged& change) {
  summary.word(events::EnumNameAgentStatus(change.status()));
  if (change.interrupt()) summary.word(text_of(change.interrupt()->id()));
  summary.add(change.error());
}

void add_shutdown(Summary& summary, const events::AgentShutdown& end) {
  summary.word(events::EnumNameShutdownReason(end.reason()));
  summary.word("last status");
  summary.word(events::EnumNameAgentStatus(end.last_status()));
  if (end.detail()) summary.quoted(text_of(end.detail()));
}

void add_custom(Summary& summary, const events::Custom& custom) {
  summary.word(text_of(custom.name()));
  if (custom.content_type()) summary.word(text_of(custom.content_type()));
  summary.number("bytes", custom.data() ? custom.data()->size() : 0);
}

void add_tool(Summary& summary, const events::Event& event) {
  if (const auto* identified = event.payload_as_tool_call_identified()) summary.add(*identified->tool());
  if (const auto* started = event.payload_as_tool_execution_started()) summary.add(*started->tool());
  if (const auto* completed = event.payload_as_tool_execution_completed()) summary.add(*completed->result());
  if (const auto* failed = event.payload_as_tool_execution_failed()) {
    summary.word(text_of(failed->call_id()));
    summary.add(failed->error());
  }
  if (const auto* waits = event.payload_as_tool_execution_interrupted())
    summary.word(text_of(waits->call_id()));
  if (const auto* cancelled = event.payload_as_tool_execution_cancelled())
    summary.word(text_of(cancelled->call_id()));
}

void add_debug(Summary& summary, const events::Event& event) {
  if (const auto* state = event.payload_as_agent_state_update())
    summary.number("bytes", state->state()->size());
  if (const auto* appended = event.payload_as_messages_appended()) summary.each(appended->messages());
  if (const auto* action = event.payload_as_middleware_action()) {
    summary.word(text_of(action->middleware()));
    summary.word(text_of(action->action()));
  }
  if (const auto* failed = event.payload_as_llm_error()) {
    summary.number("attempt", failed->attempt());
    summary.add(failed->error());
  }
  if (const auto* subagent = event.payload_as_subagent()) {
    summary.word(text_of(subagent->id()));
    summary.word(events::EnumNameSubagentPhase(subagent->phase()));
  }
}

void add_snapshot(Summary& summary, const events::Snapshot& snapshot) {
  if (const auto* agent = snapshot.agent()) {
    summary.word(events::EnumNameAgentStatus(agent->status()));
    if (agent->messages()) summary.number("messages", agent->messages()->size());
    if (agent->calls()) summary.number("calls", agent->calls()->size());
    if (agent->queued()) summary.number("queued", agent->queued()->size());
    if (agent->shutdown()) add_shutdown(summary, *agent->shutdown());
  }
  if (const auto* presence = snapshot.presence()) {
    summary.number("version", presence->version());
    if (presence->entries()) summary.number("keys", presence->entries()->size());
  }
}

}  // namespace

std::string_view name_of(events::Payload kind) noexcept {
  const std::string_view name = events::EnumNamePayload(kind);
  return name.empty() || kind == events::Payload::NONE ? "unknown" : name;
}

void append_summary(std::string& out, const events::Event& event) {
  std::string line;
  Summary summary(line);
  switch (event.payload_type()) {
    case events::Payload::status_changed:
      add_status(summary, *event.payload_as_status_changed());
      break;
    case events::Payload::llm_deltas:
      summary.each(event.payload_as_llm_deltas()->deltas());
      break;
    case events::Payload::llm_message:
      summary.add(*event.payload_as_llm_message()->message());
      break;
    case events::Payload::message_queued:
      summary.add(*event.payload_as_message_queued()->message());
      break;
    case events::Payload::llm_token_usage:
      add_usage(summary, *event.payload_as_llm_token_usage());
      break;
    case events::Payload::todos_updated:
      summary.word(events::EnumNameTodosReason(event.payload_as_todos_updated()->reason()));
      summary.each(event.payload_as_todos_updated()->todos());
      break;
    case events::Payload::display_message_saved:
      summary.add(*event.payload_as_display_message_saved()->message());
      break;
    case events::Payload::display_message_updated:
      summary.add(*event.payload_as_display_message_updated()->message());
      break;
    case events::Payload::conversation_title_generated:
      summary.quoted(text_of(event.payload_as_conversation_title_generated()->title()));
      break;
    case events::Payload::chain_error:
      summary.add(event.payload_as_chain_error()->error());
      break;
    case events::Payload::agent_shutdown:
      add_shutdown(summary, *event.payload_as_agent_shutdown());
      break;
    case events::Payload::custom:
      add_custom(summary, *event.payload_as_custom());
      break;
    case events::Payload::presence_diff:
      summary.add(*event.payload_as_presence_diff());
      break;
    case events::Payload::snapshot:
      add_snapshot(summary, *event.payload_as_snapshot());
      break;
    default:
      add_tool(summary, event);
      add_debug(summary, event);
      break;
  }
  out += line;
}

}  // namespace ringside::tools
