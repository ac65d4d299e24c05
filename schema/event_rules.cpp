// SPDX-License-Identifier: Apache-2.0
#include "schema/event_rules.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schema/json_syntax.hpp"

namespace ringside::schema {
namespace {

constexpr std::size_t todo_content_size_max = 1000;
constexpr std::size_t arguments_depth_max = 64;

using Broken = std::optional<std::string>;
template <class Element>
using Vector = flatbuffers::Vector<flatbuffers::Offset<Element>>;

bool is_empty(const flatbuffers::String* text) {
  return !text || text->size() == 0;
}

Broken must_not_be_empty(std::string_view field) {
  return std::string(field) + " must not be empty";
}

/// Applies `rule(element)` to each element and puts `field[index]` before what it says.
template <class Element, class Rule>
Broken each(const Vector<Element>* elements, std::string_view field, Rule rule) {
  if (!elements) return std::nullopt;
  for (flatbuffers::uoffset_t i = 0; i < elements->size(); ++i) {
    if (const Broken broken = rule(*elements->Get(i))) {
      std::string message(field);
      message.append("[").append(std::to_string(i)).append("].").append(*broken);
      return message;
    }
  }
  return std::nullopt;
}

Broken inside(std::string_view field, const Broken& broken) {
  if (!broken) return std::nullopt;
  std::string message(field);
  message.append(".").append(*broken);
  return message;
}

/// Absent and empty arguments stand for an object without members.
Broken complete_arguments(const flatbuffers::String* arguments) {
  if (is_empty(arguments)) return std::nullopt;
  JsonSyntax syntax;
  const auto fault = syntax.check_object(arguments->string_view(), arguments_depth_max);
  if (!fault) return std::nullopt;
  return "arguments must be a JSON object: " + fault->message;
}

/// While it streams, the arguments are a fragment, and the name may have been said before.
Broken tool_call_fragment(const events::ToolCall& call) {
  return call.status() == events::ToolCallStatus::complete ? complete_arguments(call.arguments())
                                                           : std::nullopt;
}

Broken tool_call(const events::ToolCall& call) {
  if (is_empty(call.name())) return must_not_be_empty("name");
  return tool_call_fragment(call);
}

Broken tool_result(const events::ToolResult& result) {
  return is_empty(result.call_id()) ? must_not_be_empty("call_id") : std::nullopt;
}

Broken message(const events::Message& message) {
  if (is_empty(message.id())) return must_not_be_empty("id");
  if (auto broken = each(message.tool_calls(), "tool_calls", tool_call_fragment)) return broken;
  return each(message.tool_results(), "tool_results", tool_result);
}

Broken delta(const events::MessageDelta& delta) {
  if (is_empty(delta.message_id())) return must_not_be_empty("message_id");
  if (delta.text() && delta.content()) return "text and content exclude each other";
  return each(delta.tool_calls(), "tool_calls", tool_call_fragment);
}

Broken action_request(const events::ActionRequest& request) {
  if (is_empty(request.tool_call_id())) return must_not_be_empty("tool_call_id");
  if (is_empty(request.tool_name())) return must_not_be_empty("tool_name");
  return complete_arguments(request.arguments());
}

Broken question(const events::Question& question) {
  const bool selects = question.type() != events::QuestionType::free_text;
  const bool has_options = question.options() && question.options()->size() > 0;
  if (selects && !has_options) return "options must not be empty where one is selected";
  return std::nullopt;
}

Broken interrupt(const events::Interrupt& raised) {
  if (is_empty(raised.id())) return must_not_be_empty("id");
  switch (raised.data_type()) {
    case events::InterruptData::approval: {
      const auto* requests = raised.data_as_approval()->requests();
      if (requests->size() == 0) return must_not_be_empty("data.requests");
      return each(requests, "data.requests", action_request);
    }
    case events::InterruptData::question:
      return inside("data", question(*raised.data_as_question()));
    case events::InterruptData::subagent: {
      const auto& subagent = *raised.data_as_subagent();
      if (is_empty(subagent.subagent_id())) return must_not_be_empty("data.subagent_id");
      return inside("data.interrupt", interrupt(*subagent.interrupt()));
    }
    case events::InterruptData::several: {
      const auto* interrupts = raised.data_as_several()->interrupts();
      if (interrupts->size() == 0) return must_not_be_empty("data.interrupts");
      return each(interrupts, "data.interrupts", interrupt);
    }
    case events::InterruptData::halt:
    case events::InterruptData::NONE:
      break;
  }
  return std::nullopt;
}

/// What changes a status, and what has one.
template <class Table>
Broken status(const Table& told) {
  if ((told.status() == events::AgentStatus::interrupted) != (told.interrupt() != nullptr)) {
    return "interrupt must be there with status interrupted, and only then";
  }
  if ((told.status() == events::AgentStatus::error) != (told.error() != nullptr)) {
    return "error must be there with status error, and only then";
  }
  return told.interrupt() ? inside("interrupt", interrupt(*told.interrupt())) : std::nullopt;
}

Broken llm_deltas(const events::LlmDeltas& streamed) {
  if (streamed.deltas()->size() == 0) return must_not_be_empty("deltas");
  return each(streamed.deltas(), "deltas", delta);
}

Broken todo_list(const Vector<events::Todo>* todos) {
  std::uint32_t last_id = 0;
  return each(todos, "todos", [&last_id](const events::Todo& todo) -> Broken {
    if (todo.id() == 0) return "id must be greater than 0";
    if (todo.id() <= last_id)
      return "id must be greater than the one before: todos are sorted, ids are unique";
    last_id = todo.id();
    const std::size_t size = todo.content()->size();
    if (size >= 1 && size <= todo_content_size_max) return std::nullopt;
    return "content has " + std::to_string(size) + " bytes; 1 to " + std::to_string(todo_content_size_max) +
           " are allowed";
  });
}

Broken tool_execution_completed(const events::ToolExecutionCompleted& completed) {
  if (is_empty(completed.call_id())) return must_not_be_empty("call_id");
  if (completed.call_id()->string_view() != completed.result()->call_id()->string_view()) {
    return "result.call_id must be the call_id of the event";
  }
  return std::nullopt;
}

Broken display_message(const events::DisplayMessage& row) {
  if (is_empty(row.id())) return must_not_be_empty("id");
  return is_empty(row.conversation_id()) ? must_not_be_empty("conversation_id") : std::nullopt;
}

Broken presence_entry(const events::PresenceEntry& entry) {
  if (is_empty(entry.key())) return must_not_be_empty("key");
  return entry.metas()->size() == 0 ? must_not_be_empty("metas") : std::nullopt;
}

Broken presence_diff(const events::PresenceDiff& diff) {
  if (auto broken = each(diff.joins(), "joins", presence_entry)) return broken;
  return each(diff.leaves(), "leaves", presence_entry);
}

Broken open_message(const events::OpenMessage& message) {
  if (is_empty(message.id())) return must_not_be_empty("id");
  return each(message.tool_calls(), "tool_calls", tool_call_fragment);
}

Broken open_call(const events::OpenCall& call) {
  return inside("tool", tool_call(*call.tool()));
}

Broken agent_state(const events::AgentState& state) {
  if (auto broken = status(state)) return broken;
  if (auto broken = todo_list(state.todos())) return broken;
  if (auto broken = each(state.messages(), "messages", open_message)) return broken;
  if (auto broken = each(state.calls(), "calls", open_call)) return broken;
  return each(state.queued(), "queued", message);
}

Broken snapshot(const events::Snapshot& taken) {
  if (taken.agent() && taken.presence()) return "agent and presence exclude each other";
  if (taken.agent()) return inside("agent", agent_state(*taken.agent()));
  if (taken.presence())
    return inside("presence", each(taken.presence()->entries(), "entries", presence_entry));
  return std::nullopt;
}

Broken subagent(const events::Subagent& told) {
  if (is_empty(told.id())) return must_not_be_empty("id");
  return told.message() ? inside("message", message(*told.message())) : std::nullopt;
}

Broken middleware_action(const events::MiddlewareAction& action) {
  if (is_empty(action.middleware())) return must_not_be_empty("middleware");
  return is_empty(action.action()) ? must_not_be_empty("action") : std::nullopt;
}

template <class Call>
Broken closed_call(const Call& call) {
  return is_empty(call.call_id()) ? must_not_be_empty("call_id") : std::nullopt;
}

Broken payload_rule(const events::Event& event) {
  switch (event.payload_type()) {
    case events::Payload::status_changed:
      return status(*event.payload_as_status_changed());
    case events::Payload::llm_deltas:
      return llm_deltas(*event.payload_as_llm_deltas());
    case events::Payload::llm_message:
      return inside("message", message(*event.payload_as_llm_message()->message()));
    case events::Payload::todos_updated:
      return todo_list(event.payload_as_todos_updated()->todos());
    case events::Payload::tool_call_identified:
      return inside("tool", tool_call(*event.payload_as_tool_call_identified()->tool()));
    case events::Payload::tool_execution_started:
      return inside("tool", tool_call(*event.payload_as_tool_execution_started()->tool()));
    case events::Payload::tool_execution_completed:
      return tool_execution_completed(*event.payload_as_tool_execution_completed());
    case events::Payload::tool_execution_failed:
      return closed_call(*event.payload_as_tool_execution_failed());
    case events::Payload::tool_execution_interrupted:
      return closed_call(*event.payload_as_tool_execution_interrupted());
    case events::Payload::tool_execution_cancelled:
      return closed_call(*event.payload_as_tool_execution_cancelled());
    case events::Payload::display_message_saved:
      return inside("message", display_message(*event.payload_as_display_message_saved()->message()));
    case events::Payload::display_message_updated:
      return inside("message", display_message(*event.payload_as_display_message_updated()->message()));
    case events::Payload::message_queued:
      return inside("message", message(*event.payload_as_message_queued()->message()));
    case events::Payload::custom:
      return is_empty(event.payload_as_custom()->name()) ? must_not_be_empty("name") : std::nullopt;
    case events::Payload::presence_diff:
      return presence_diff(*event.payload_as_presence_diff());
    case events::Payload::messages_appended:
      return each(event.payload_as_messages_appended()->messages(), "messages", message);
    case events::Payload::middleware_action:
      return middleware_action(*event.payload_as_middleware_action());
    case events::Payload::subagent:
      return subagent(*event.payload_as_subagent());
    case events::Payload::snapshot:
      return snapshot(*event.payload_as_snapshot());
    case events::Payload::llm_token_usage:
    case events::Payload::conversation_title_generated:
    case events::Payload::chain_error:
    case events::Payload::agent_shutdown:
    case events::Payload::agent_state_update:
    case events::Payload::llm_error:
    case events::Payload::NONE:
      break;
  }
  return std::nullopt;
}

}  // namespace

Broken broken_rule(const events::Event& event) {
  return inside(events::EnumNamePayload(event.payload_type()), payload_rule(event));
}

}  // namespace ringside::schema
