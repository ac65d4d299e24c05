// SPDX-License-Identifier: Apache-2.0
#include "tools/live_text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tools/event_summary.hpp"
#include "tools/live_notes.hpp"
#include "tools/text_of.hpp"

namespace ringside::tools {
namespace {

using Section = Screen::Section;

/// All parts of one type of a message, one after the other.
std::string joined(const events::Message& message, events::ContentType type) {
  std::string text;
  if (!message.content()) return text;
  for (const events::ContentPart* part : *message.content())
    if (part->type() == type) text += text_of(part->content());
  return text;
}

std::size_t size_of(const auto* items) {
  return items == nullptr ? 0 : items->size();
}

std::string viewer_count(std::size_t count) {
  return count == 0 ? "no viewers" : fmt::format("{} viewer{}", count, count == 1 ? "" : "s");
}

/// Of those entries that `chosen` is true of.
std::vector<std::string_view> keys_of(const auto* entries, const auto& chosen) {
  std::vector<std::string_view> keys;
  if (entries == nullptr) return keys;
  for (const events::PresenceEntry* entry : *entries)
    if (chosen(*entry)) keys.push_back(text_of(entry->key()));
  return keys;
}

Style style_of(events::Payload kind) {
  return kind == events::Payload::chain_error || kind == events::Payload::llm_error ? Style::error
                                                                                    : Style::note;
}

}  // namespace

LiveText::LiveText(Palette palette, std::string agent) : screen_(palette), agent_(std::move(agent)) {}

void LiveText::gap(std::string& out, std::uint64_t first, std::uint64_t count) {
  screen_.note(out, fmt::format("missed {} event{}, from number {}", count, count == 1 ? "" : "s", first),
               Style::warning);
}

void LiveText::event(std::string& out, const events::Event& event) {
  if (const auto* change = event.payload_as_status_changed()) {
    status(out, *change);
  } else if (const auto* deltas = event.payload_as_llm_deltas()) {
    for (const events::MessageDelta* each : *deltas->deltas())
      delta(out, *each);
  } else if (const auto* complete = event.payload_as_llm_message()) {
    message(out, *complete->message());
  } else if (const auto* update = event.payload_as_todos_updated()) {
    note_todos(out, screen_, *update);
  } else if (const auto* usage = event.payload_as_llm_token_usage()) {
    note_usage(out, screen_, *usage);
  } else if (const auto* named = event.payload_as_conversation_title_generated()) {
    note_title(out, screen_, text_of(named->title()));
  } else if (const auto* queued = event.payload_as_message_queued()) {
    note_queued(out, screen_, joined(*queued->message(), events::ContentType::text));
  } else if (event.payload_as_snapshot() != nullptr) {
    snapshot(out, event);
  } else if (const auto* diff = event.payload_as_presence_diff(); diff != nullptr && !agent_.empty()) {
    viewers(out, *diff);
  } else if (!calls_.event(out, event)) {
    other(out, event);
  }
}

/// Who is there, or what is in flight, as if it had been seen from its beginning.
void LiveText::snapshot(std::string& out, const events::Event& event) {
  const events::Snapshot& state = *event.payload_as_snapshot();
  if (state.presence() != nullptr) return present(out, *state.presence());
  forget();
  if (state.agent() == nullptr) return;
  AgentView view;
  view.apply(event, 1);
  note_state(out, screen_, agent_, view);
  for (const OpenToolCall& call : view.calls())
    calls_.open(out, call);
  for (const MessageInFlight& each : view.messages())
    message_so_far(out, each);
}

void LiveText::present(std::string& out, const events::PresenceState& state) {
  viewers_.apply(state);
  const std::size_t count = viewers_.viewers().size();
  screen_.note(out, agent_.empty() ? fmt::format("so far: {} present", count)
                                   : fmt::format("so far: {}", viewer_count(count)));
  for (const auto& [key, windows] : viewers_.viewers())
    screen_.detail(out, key);
}

void LiveText::message_so_far(std::string& out, const MessageInFlight& message) {
  Shown& shown = turn_to(out, message.id);
  for (const PartInFlight& each : message.parts)
    part(out, shown, each.type, each.content);
  for (const events::ToolCallT& call : message.tool_calls)
    calls_.fragment(out, call);
  shown.calls = message.tool_calls.size();
  if (message.truncated)
    screen_.note(out, "too large to be kept so far: what comes now follows a hole", Style::warning);
}

void LiveText::status(std::string& out, const events::StatusChanged& change) {
  note_status(out, screen_, agent_, change);
  switch (change.status()) {
    case events::AgentStatus::idle:
    case events::AgentStatus::cancelled:
    case events::AgentStatus::error:
      return forget();  // the run is over
    case events::AgentStatus::running:
    case events::AgentStatus::interrupted:
    case events::AgentStatus::paused:
      return;
  }
}

/// Ends the line of another message.
LiveText::Shown& LiveText::turn_to(std::string& out, std::string_view message_id) {
  if (message_id != message_id_) {
    screen_.end_line(out);
    calls_.begin_message();
    message_id_ = message_id;
  }
  return messages_.try_emplace(message_id_).first->second;
}

void LiveText::delta(std::string& out, const events::MessageDelta& delta) {
  Shown& shown = turn_to(out, text_of(delta.message_id()));
  if (delta.text()) part(out, shown, events::ContentType::text, text_of(delta.text()));
  if (delta.content()) part(out, shown, delta.content()->type(), text_of(delta.content()->content()));
  if (delta.tool_calls()) {
    for (const events::ToolCall* call : *delta.tool_calls()) {
      calls_.fragment(out, *call);
      shown.calls = std::max<std::size_t>(shown.calls, call->index() + std::size_t{1});
    }
  }
  if (delta.status() == events::DeltaStatus::length)
    screen_.note(out, "cut off: the model's length limit", Style::warning);
}

void LiveText::part(std::string& out, Shown& shown, events::ContentType type, std::string_view content) {
  switch (type) {
    case events::ContentType::thinking:
      if (content.empty()) return;
      screen_.enter(out, Section::thinking);
      screen_.write(out, content, Style::thinking);
      shown.thinking += content;
      return;
    case events::ContentType::text:
      if (content.empty()) return;
      screen_.enter(out, Section::text);
      screen_.write(out, content, Style::plain);
      shown.text += content;
      return;
    case events::ContentType::image_url:
    case events::ContentType::file_url:
      screen_.note(out, fmt::format("{} {}", events::EnumNameContentType(type), content));
      return;
    default:
      screen_.note(out, fmt::format("{} ({} bytes)", events::EnumNameContentType(type), content.size()));
  }
}

void LiveText::message(std::string& out, const events::Message& message) {
  screen_.end_line(out);
  if (message.role() == events::Role::user) {
    screen_.write(out, fmt::format("> {}", joined(message, events::ContentType::text)), Style::user);
    screen_.end_line(out);
  } else {
    finish(out, message);
  }
  if (message.tool_results()) {
    for (const events::ToolResult* result : *message.tool_results())
      calls_.result(out, *result);
  }
  if (message.status() != events::MessageStatus::complete) {
    screen_.note(out, fmt::format("message {}", events::EnumNameMessageStatus(message.status())),
                 Style::warning);
  }
  if (const auto known = messages_.find(text_of(message.id())); known != messages_.end())
    messages_.erase(known);
  message_id_.clear();
}

/// Shows what was not seen growing.
void LiveText::finish(std::string& out, const events::Message& message) {
  const bool seen = messages_.contains(text_of(message.id()));
  Shown& shown = turn_to(out, text_of(message.id()));
  const bool same = seen && shown.text == joined(message, events::ContentType::text) &&
                    shown.thinking == joined(message, events::ContentType::thinking);
  if (seen && !same) screen_.note(out, "the whole message, of which a part was missed:");
  if (!same && message.content()) {
    for (const events::ContentPart* each : *message.content())
      part(out, shown, each->type(), text_of(each->content()));
  }
  if (!same || shown.calls < size_of(message.tool_calls())) {
    calls_.begin_message();
    if (message.tool_calls()) {
      for (const events::ToolCall* call : *message.tool_calls())
        calls_.fragment(out, *call);
    }
  }
  screen_.end_line(out);
}

/// Who has come with a first window, and who has left with the last.
void LiveText::viewers(std::string& out, const events::PresenceDiff& diff) {
  const auto& watching = viewers_.viewers();
  const auto absent = [&](const events::PresenceEntry& entry) {
    return !watching.contains(text_of(entry.key()));
  };
  const auto came = keys_of(diff.joins(), absent);
  if (!viewers_.apply(diff)) return;
  const auto tell = [&](std::string_view key, std::string_view what) {
    screen_.note(out, fmt::format("{} {}: {}", key, what, viewer_count(watching.size())));
  };
  for (const std::string_view key : came)
    tell(key, "came");
  for (const std::string_view key : keys_of(diff.leaves(), absent))
    tell(key, "left");
}

void LiveText::other(std::string& out, const events::Event& event) {
  std::string summary;
  append_summary(summary, event);
  // The summary is visible text already: `note` finds nothing in it to escape.
  screen_.note(out, fmt::format("{} {}", tools::name_of(event.payload_type()), summary),
               style_of(event.payload_type()));
  if (event.payload_type() == events::Payload::agent_shutdown) forget();
}

void LiveText::forget() {
  messages_.clear();
  message_id_.clear();
  calls_.forget();
}

}  // namespace ringside::tools
