// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/message_fold.hpp"

#include <memory>

#include "schema/json_syntax.hpp"

namespace ringside::agentd {
namespace {

constexpr std::size_t item_overhead = 128;

std::string_view view(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view{} : std::string_view(text->data(), text->size());
}

bool ends_well(events::MessageStatus status) {
  return status == events::MessageStatus::complete || status == events::MessageStatus::length ||
         status == events::MessageStatus::content_filtered;
}

/// As the specification wants the arguments of a complete call.
bool is_json_object(std::string_view text) {
  constexpr std::size_t depth_max = 64;
  return !schema::JsonSyntax().check_object(text, depth_max);
}

}  // namespace

void MessageFold::add_content(std::uint32_t part_index, events::ContentType type, std::string_view content) {
  const auto [part, added] = parts_.try_emplace({part_index, type});
  part->second += content;
  size_ += content.size() + (added ? item_overhead : 0);
}

void MessageFold::add_tool_call(std::uint32_t index, std::string_view call_id, std::string_view name,
                                std::string_view arguments) {
  const auto [entry, added] = tool_calls_.try_emplace(index);
  events::ToolCallT& call = entry->second;
  call.index = index;
  if (call.call_id.empty()) call.call_id = call_id;
  if (call.name.empty()) call.name = name;
  call.arguments += arguments;
  size_ += call_id.size() + name.size() + arguments.size() + (added ? item_overhead : 0);
}

void MessageFold::add(const events::MessageDelta& delta) {
  if (delta.text() != nullptr) add_content(delta.part_index(), events::ContentType::text, view(delta.text()));
  if (delta.content() != nullptr)
    add_content(delta.part_index(), delta.content()->type(), view(delta.content()->content()));
  if (delta.tool_calls() == nullptr) return;
  for (const events::ToolCall* call : *delta.tool_calls())
    add_tool_call(call->index(), view(call->call_id()), view(call->name()), view(call->arguments()));
}

const events::ToolCallT* MessageFold::tool_call(std::uint32_t index) const {
  const auto found = tool_calls_.find(index);
  return found == tool_calls_.end() ? nullptr : &found->second;
}

events::MessageT MessageFold::message(std::string_view id, events::Role role,
                                      events::MessageStatus status) const {
  events::MessageT message;
  message.id = id;
  message.role = role;
  message.status = status;
  for (const auto& [key, content] : parts_) {
    auto part = std::make_unique<events::ContentPartT>();
    part->type = key.second;
    part->content = content;
    message.content.push_back(std::move(part));
  }
  for (const auto& [index, call] : tool_calls_) {
    auto copy = std::make_unique<events::ToolCallT>(call);
    if (ends_well(status)) {
      if (copy->arguments.empty() && status == events::MessageStatus::complete) copy->arguments = "{}";
      if (is_json_object(copy->arguments)) copy->status = events::ToolCallStatus::complete;
    }
    message.tool_calls.push_back(std::move(copy));
  }
  return message;
}

}  // namespace ringside::agentd
