// SPDX-License-Identifier: Apache-2.0
#include "tools/live_text.hpp"

#include <fmt/format.h>

#include "tools/event_summary.hpp"
#include "tools/text_of.hpp"
#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

/// All parts of one type of a message, one after the other.
std::string joined(const events::Message& message, events::ContentType type) {
  std::string text;
  if (!message.content()) return text;
  for (const events::ContentPart* part : *message.content())
    if (part->type() == type) text += text_of(part->content());
  return text;
}

}  // namespace

void LiveText::write(std::string& out, std::string_view text, Style style) {
  if (text.empty()) return;
  out += palette_.begin(style);
  append_visible(out, text, LineBreaks::keep);
  out += palette_.end(style);
  at_line_start_ = text.back() == '\n';
}

void LiveText::end_line(std::string& out) {
  if (!at_line_start_) out += '\n';
  at_line_start_ = true;
  section_ = Section::none;
}

void LiveText::note(std::string& out, std::string_view text, Style style) {
  end_line(out);
  out += palette_.begin(style);
  out += "-- ";
  append_visible(out, text, LineBreaks::escape);
  out += palette_.end(style);
  out += '\n';
}

void LiveText::gap(std::string& out, std::uint64_t first, std::uint64_t count) {
  note(out, fmt::format("missed {} event{}, from number {}", count, count == 1 ? "" : "s", first),
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
  } else if (const auto* identified = event.payload_as_tool_call_identified()) {
    name_call(out, *identified->tool());
  } else if (const auto* state = event.payload_as_snapshot()) {
    snapshot(out, *state);
  } else {
    other(out, event);
  }
}

/// What is in flight, as if it had been seen from its beginning.
void LiveText::snapshot(std::string& out, const events::Snapshot& snapshot) {
  end_line(out);
  message_id_.clear();
  if (const auto* presence = snapshot.presence()) {
    const std::size_t count = presence->entries() == nullptr ? 0 : presence->entries()->size();
    note(out, fmt::format("so far: {} viewer{}", count, count == 1 ? "" : "s"));
  }
  const auto* const agent = snapshot.agent();
  if (agent == nullptr) return;
  const bool over = agent->shutdown() != nullptr;
  note(out, fmt::format("so far: {}", over ? "ended" : events::EnumNameAgentStatus(agent->status())));
  if (agent->messages() == nullptr) return;
  for (const events::OpenMessage* message : *agent->messages())
    open_message(out, *message);
}

void LiveText::open_message(std::string& out, const events::OpenMessage& message) {
  end_line(out);
  message_id_ = text_of(message.id());
  shown_text_.clear();
  shown_thinking_.clear();
  call_named_ = false;
  if (message.parts()) {
    for (const events::OpenPart* each : *message.parts())
      part(out, *each->content());
  }
  if (message.tool_calls()) {
    for (const events::ToolCall* call : *message.tool_calls())
      fragment(out, *call);
  }
}

void LiveText::status(std::string& out, const events::StatusChanged& change) {
  const std::string_view name = events::EnumNameAgentStatus(change.status());
  if (const events::Error* error = change.error()) {
    note(out, fmt::format("{}: {}", name, text_of(error->message())), Style::error);
  } else {
    note(out, name);
  }
}

void LiveText::enter(std::string& out, Section section) {
  if (section_ == section) return;
  end_line(out);
  section_ = section;
  // Without colours nothing else would tell thinking from text.
  if (section == Section::thinking && !palette_.colours()) write(out, "(thinking) ", Style::thinking);
}

void LiveText::delta(std::string& out, const events::MessageDelta& delta) {
  if (const std::string_view id = text_of(delta.message_id()); id != message_id_) {
    end_line(out);
    message_id_ = id;
    shown_text_.clear();
    shown_thinking_.clear();
    call_named_ = false;
  }
  if (const std::string_view text = text_of(delta.text()); !text.empty()) {
    enter(out, Section::text);
    write(out, text, Style::plain);
    shown_text_ += text;
  }
  if (delta.content()) part(out, *delta.content());
  if (delta.tool_calls()) {
    for (const events::ToolCall* call : *delta.tool_calls())
      fragment(out, *call);
  }
  if (delta.status() == events::DeltaStatus::length)
    note(out, "cut off: the model's length limit", Style::warning);
}

void LiveText::part(std::string& out, const events::ContentPart& part) {
  const std::string_view content = text_of(part.content());
  switch (part.type()) {
    case events::ContentType::thinking:
      if (content.empty()) return;
      enter(out, Section::thinking);
      write(out, content, Style::thinking);
      shown_thinking_ += content;
      return;
    case events::ContentType::text:
      if (content.empty()) return;
      enter(out, Section::text);
      write(out, content, Style::plain);
      shown_text_ += content;
      return;
    case events::ContentType::image_url:
    case events::ContentType::file_url:
      note(out, fmt::format("{} {}", events::EnumNameContentType(part.type()), content));
      return;
    default:
      note(out, fmt::format("{} ({} bytes)", events::EnumNameContentType(part.type()), content.size()));
  }
}

void LiveText::name_call(std::string& out, const events::ToolCall& call) {
  if (call_named_ && call_index_ == call.index()) return;
  end_line(out);
  section_ = Section::tool;
  call_named_ = true;
  call_index_ = call.index();
  const std::string_view name = call.name() ? text_of(call.name()) : "(a tool)";
  write(out, fmt::format("-> {} ", name), Style::tool);
}

void LiveText::fragment(std::string& out, const events::ToolCall& call) {
  name_call(out, call);
  if (section_ != Section::tool) {  // something came between two fragments of one call
    end_line(out);
    section_ = Section::tool;
    write(out, "   ", Style::tool);
  }
  write(out, text_of(call.arguments()), Style::tool);
}

void LiveText::message(std::string& out, const events::Message& message) {
  const bool ours = text_of(message.id()) == message_id_;
  const bool same = ours && shown_text_ == joined(message, events::ContentType::text) &&
                    shown_thinking_ == joined(message, events::ContentType::thinking);
  end_line(out);
  if (message.role() == events::Role::user) {
    write(out, fmt::format("> {}", joined(message, events::ContentType::text)), Style::user);
    end_line(out);
  } else if (!same) {
    if (ours) note(out, "the whole message, which was joined midway:");
    whole(out, message);
  }
  if (message.tool_results()) {
    for (const events::ToolResult* result : *message.tool_results()) {
      const std::string_view name = result->name() ? text_of(result->name()) : text_of(result->call_id());
      write(out, fmt::format("<- {}", name), result->is_error() ? Style::error : Style::tool);
      if (result->content()) {
        for (const events::ContentPart* each : *result->content())
          write(out, fmt::format(" {}", text_of(each->content())), Style::plain);
      }
      end_line(out);
    }
  }
  if (message.status() != events::MessageStatus::complete) {
    note(out, fmt::format("message {}", events::EnumNameMessageStatus(message.status())), Style::warning);
  }
  message_id_.clear();
}

void LiveText::whole(std::string& out, const events::Message& message) {
  message_id_ = text_of(message.id());
  call_named_ = false;
  if (message.content()) {
    for (const events::ContentPart* each : *message.content())
      part(out, *each);
  }
  if (message.tool_calls()) {
    for (const events::ToolCall* call : *message.tool_calls())
      fragment(out, *call);
  }
  end_line(out);
}

void LiveText::other(std::string& out, const events::Event& event) {
  std::string summary;
  append_summary(summary, event);
  Style style = Style::note;
  switch (event.payload_type()) {
    case events::Payload::tool_execution_started:
    case events::Payload::tool_execution_completed:
    case events::Payload::tool_execution_interrupted:
      style = Style::tool;
      break;
    case events::Payload::tool_execution_failed:
    case events::Payload::chain_error:
    case events::Payload::llm_error:
      style = Style::error;
      break;
    case events::Payload::tool_execution_cancelled:
      style = Style::warning;
      break;
    default:
      break;
  }
  // The summary is visible text already: `note` finds nothing in it to escape.
  note(out, fmt::format("{} {}", name_of(event.payload_type()), summary), style);
}

}  // namespace ringside::tools
