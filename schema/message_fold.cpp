// SPDX-License-Identifier: Apache-2.0
#include "schema/message_fold.hpp"

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include "schema/json_syntax.hpp"
#include "schema/text_view.hpp"

namespace ringside::schema {
namespace {

bool ends_well(events::MessageStatus status) {
  return status == events::MessageStatus::complete || status == events::MessageStatus::length ||
         status == events::MessageStatus::content_filtered;
}

/// As the specification wants the arguments of a complete call.
bool is_json_object(std::string_view text) {
  constexpr std::size_t depth_max = 64;
  return !JsonSyntax().check_object(text, depth_max);
}

}  // namespace

std::size_t MessageFold::find_or_add_part(std::uint32_t part_index, events::ContentType type) {
  const auto place =
      std::ranges::lower_bound(parts_, std::pair(part_index, type), {},
                               [](const FoldedPart& part) { return std::pair(part.index, part.type); });
  const std::size_t at = static_cast<std::size_t>(place - parts_.begin());
  if (place == parts_.end() || place->index != part_index || place->type != type) {
    parts_.insert(place, FoldedPart{part_index, type, {}, {}});
    added_item();
  }
  return at;
}

events::ToolCallT& MessageFold::find_or_add_tool_call(std::uint32_t index) {
  const auto place = std::ranges::lower_bound(tool_calls_, index, {}, &events::ToolCallT::index);
  if (place != tool_calls_.end() && place->index == index) return *place;
  judged_.insert(judged_.begin() + (place - tool_calls_.begin()), false);
  events::ToolCallT call;
  call.index = index;
  added_item();
  return *tool_calls_.insert(place, std::move(call));
}

void MessageFold::added_item() {
  constexpr std::size_t item_overhead = 128;
  ++item_count_;
  size_ += item_overhead;
}

void MessageFold::keep(std::string& place, std::string_view text) {
  size_ -= place.size();
  place = text;
  size_ += place.size();
}

void MessageFold::add_tool_call(std::uint32_t index, std::string_view call_id, std::string_view name,
                                std::string_view arguments) {
  events::ToolCallT& call = find_or_add_tool_call(index);
  if (call.call_id.empty()) keep(call.call_id, call_id);
  if (call.name.empty()) keep(call.name, name);
  if (arguments.empty()) return;
  call.status = events::ToolCallStatus::incomplete;
  call.arguments += arguments;
  size_ += arguments.size();
  judged_[position_of(call)] = false;
}

void MessageFold::add_tool_call(const events::ToolCall& fragment) {
  const std::string_view arguments = text_view(fragment.arguments());
  const bool complete = fragment.status() == events::ToolCallStatus::complete;
  add_tool_call(fragment.index(), text_view(fragment.call_id()), text_view(fragment.name()),
                complete ? std::string_view() : arguments);
  events::ToolCallT& call = find_or_add_tool_call(fragment.index());
  if (const auto display = text_view(fragment.display_text()); !display.empty())
    keep(call.display_text, display);
  if (!complete) return;
  if (!arguments.empty()) {
    keep(call.arguments, arguments);
  } else if (judged_[position_of(call)]) {
    return;
  }
  const bool whole = call.arguments.empty() || is_json_object(call.arguments);
  call.status = whole ? events::ToolCallStatus::complete : events::ToolCallStatus::incomplete;
  judged_[position_of(call)] = true;
}

void MessageFold::add_option(FoldedPart& part, const events::KeyValue& option) {
  const std::string_view key = text_view(option.key());
  auto known = std::ranges::find(part.options, key, &events::KeyValueT::key);
  if (known == part.options.end()) {
    known = part.options.emplace(known);
    known->key = key;
    size_ += key.size();
    added_item();
  }
  keep(known->value, text_view(option.value()));
}

void MessageFold::add_part(std::uint32_t part_index, const events::ContentPart& part) {
  add_content(part_index, part.type(), text_view(part.content()));
  if (part.options() == nullptr) return;
  for (const events::KeyValue* option : *part.options())
    add_option(parts_[last_part_], *option);
}

void MessageFold::add(const events::MessageDelta& delta) {
  if (const auto* text = delta.text())
    add_content(delta.part_index(), events::ContentType::text, text->string_view());
  if (const auto* content = delta.content()) add_part(delta.part_index(), *content);
  if (const auto* calls = delta.tool_calls()) {
    for (const events::ToolCall* call : *calls)
      add_tool_call(*call);
  }
}

void MessageFold::restore(const events::OpenMessage& message) {
  *this = MessageFold();
  if (message.parts() != nullptr) {
    for (const events::OpenPart* part : *message.parts())
      add_part(part->index(), *part->content());
  }
  if (message.tool_calls() != nullptr) {
    for (const events::ToolCall* call : *message.tool_calls())
      add_tool_call(*call);
  }
}

const events::ToolCallT* MessageFold::tool_call(std::uint32_t index) const {
  const auto found = std::ranges::lower_bound(tool_calls_, index, {}, &events::ToolCallT::index);
  return found == tool_calls_.end() || found->index != index ? nullptr : &*found;
}

events::MessageT MessageFold::message(std::string_view id, events::Role role,
                                      events::MessageStatus status) const {
  events::MessageT message;
  message.id = id;
  message.role = role;
  message.status = status;
  for (const FoldedPart& folded : parts_) {
    auto part = std::make_unique<events::ContentPartT>();
    part->type = folded.type;
    part->content = folded.content;
    for (const events::KeyValueT& option : folded.options)
      part->options.push_back(std::make_unique<events::KeyValueT>(option));
    message.content.push_back(std::move(part));
  }
  for (const events::ToolCallT& call : tool_calls_) {
    auto copy = std::make_unique<events::ToolCallT>(call);
    if (ends_well(status)) {
      if (copy->arguments.empty() && status == events::MessageStatus::complete) copy->arguments = "{}";
      if (is_json_object(copy->arguments)) copy->status = events::ToolCallStatus::complete;
    }
    message.tool_calls.push_back(std::move(copy));
  }
  return message;
}

}  // namespace ringside::schema
