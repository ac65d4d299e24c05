// SPDX-License-Identifier: Apache-2.0
#include "tools/live_calls.hpp"

#include <fmt/format.h>

#include "tools/text_of.hpp"

namespace ringside::tools {
namespace {

/// What a result says, in words where it has some.
std::string content_of(const events::ToolResult& result) {
  std::string out;
  if (result.content() == nullptr) return out;
  for (const events::ContentPart* part : *result.content()) {
    const std::string_view content = text_of(part->content());
    switch (part->type()) {
      case events::ContentType::text:
      case events::ContentType::thinking:
        fmt::format_to(std::back_inserter(out), " {}", content);
        break;
      case events::ContentType::image_url:
      case events::ContentType::file_url:
        fmt::format_to(std::back_inserter(out), " ({} {})", events::EnumNameContentType(part->type()),
                       content);
        break;
      default:
        fmt::format_to(std::back_inserter(out), " ({}, {} bytes)", events::EnumNameContentType(part->type()),
                       content.size());
    }
  }
  return out;
}

}  // namespace

LiveCalls::Piece LiveCalls::piece_of(const events::ToolCall& call) {
  return {.index = call.index(),
          .call_id = text_of(call.call_id()),
          .name = text_of(call.name()),
          .arguments = text_of(call.arguments())};
}

void LiveCalls::fragment(std::string& out, const events::ToolCall& call) {
  add(out, piece_of(call));
}

void LiveCalls::fragment(std::string& out, const events::ToolCallT& call) {
  add(out, {.index = call.index, .call_id = call.call_id, .name = call.name, .arguments = call.arguments});
}

bool LiveCalls::event(std::string& out, const events::Event& event) {
  if (const auto* identified = event.payload_as_tool_call_identified()) {
    name(out, piece_of(*identified->tool()));
  } else if (const auto* start = event.payload_as_tool_execution_started()) {
    started(out, *start->tool());
  } else if (const auto* completed = event.payload_as_tool_execution_completed()) {
    result(out, *completed->result());
  } else if (const auto* failed = event.payload_as_tool_execution_failed()) {
    ended(out, text_of(failed->call_id()), fmt::format("failed: {}", text_of(failed->error()->message())),
          Style::error);
  } else if (const auto* waits = event.payload_as_tool_execution_interrupted()) {
    ended(out, text_of(waits->call_id()), "waits for an answer", Style::warning);
  } else if (const auto* cancelled = event.payload_as_tool_execution_cancelled()) {
    ended(out, text_of(cancelled->call_id()), "cancelled", Style::warning);
  } else {
    return false;
  }
  return true;
}

void LiveCalls::open(std::string& out, const OpenToolCall& call) {
  screen_.note(out,
               fmt::format("{}: {} {}", events::EnumNameCallPhase(call.phase), call.name, call.arguments),
               Style::tool);
  shown(call.call_id) = {.name = std::string(call.name), .arguments = true};
}

/// Begins the line of a call, unless it is the one that grows.
void LiveCalls::name(std::string& out, const Piece& call) {
  const bool other = !call.call_id.empty() && !id_.empty() && call.call_id != id_;
  if (named_ && index_ == call.index && !other) return;
  screen_.end_line(out);
  screen_.enter(out, Screen::Section::tool);
  named_ = true;
  index_ = call.index;
  id_ = call.call_id;
  if (!id_.empty()) shown(id_).name = call.name;
  screen_.write(out, fmt::format("-> {} ", call.name.empty() ? "(a tool)" : call.name), Style::tool);
}

void LiveCalls::add(std::string& out, const Piece& call) {
  name(out, call);
  if (call.arguments.empty()) return;
  if (screen_.section() != Screen::Section::tool) {  // something came between two fragments of one call
    screen_.enter(out, Screen::Section::tool);
    screen_.write(out, "   ", Style::tool);
  }
  screen_.write(out, call.arguments, Style::tool);
  if (!id_.empty()) shown(id_).arguments = true;
}

void LiveCalls::started(std::string& out, const events::ToolCall& call) {
  const std::string_view id = text_of(call.call_id());
  if (const auto known = calls_.find(id); known == calls_.end() || !known->second.arguments)
    fragment(out, call);
  const std::string_view saying = text_of(call.display_text());
  screen_.note(out, fmt::format("{} runs{}{}", name_of(id), saying.empty() ? "" : ": ", saying), Style::tool);
}

void LiveCalls::result(std::string& out, const events::ToolResult& result) {
  const std::string_view id = text_of(result.call_id());
  Shown& call = shown(id);
  if (std::exchange(call.result, true)) return;
  if (result.name() != nullptr) call.name = text_of(result.name());
  screen_.end_line(out);
  screen_.write(out, fmt::format("<- {}", name_of(id)), result.is_error() ? Style::error : Style::tool);
  screen_.write(out, content_of(result), Style::plain);
  screen_.end_line(out);
}

void LiveCalls::ended(std::string& out, std::string_view call_id, std::string_view how, Style style) {
  screen_.end_line(out);
  screen_.write(out, fmt::format("<- {} {}", name_of(call_id), how), style);
  screen_.end_line(out);
}

LiveCalls::Shown& LiveCalls::shown(std::string_view call_id) {
  const auto known = calls_.find(call_id);
  return known != calls_.end() ? known->second : calls_[std::string(call_id)];
}

std::string LiveCalls::name_of(std::string_view call_id) const {
  const auto known = calls_.find(call_id);
  return known == calls_.end() || known->second.name.empty() ? std::string(call_id) : known->second.name;
}

void LiveCalls::forget() {
  calls_.clear();
  named_ = false;
}

}  // namespace ringside::tools
