// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events_generated.h"

namespace ringside::schema {

/// One part of a message, as far as its deltas made it.
struct FoldedPart {
  std::uint32_t index = 0;
  events::ContentType type = events::ContentType::text;
  std::string content;
  std::vector<events::KeyValueT> options;  ///< in order of appearance; a value that comes later replaces
};

/// What the deltas of one message amount to. Parts are matched by their index and never mix two types; tool
/// calls are matched by their index, the fragments of their arguments are put together, their names and ids
/// kept as first seen. A call that a delta tells as complete brings all of its arguments.
/// Threads: one at a time.
/// Memory:  as much as the deltas say; `size()` and `item_count()` are there for those who must bound it.
class MessageFold {
 public:
  /// The part that grew last is found at once: a token costs a comparison and what a string needs to grow.
  void add_content(std::uint32_t part_index, events::ContentType type, std::string_view content) {
    if (last_part_ >= parts_.size() || parts_[last_part_].index != part_index ||
        parts_[last_part_].type != type) {
      last_part_ = find_or_add_part(part_index, type);
    }
    parts_[last_part_].content.append(content);
    size_ += content.size();
  }
  void add_tool_call(std::uint32_t index, std::string_view call_id, std::string_view name,
                     std::string_view arguments);
  void add(const events::MessageDelta& delta);

  /// Puts back what another fold held.
  void restore(const events::OpenMessage& message);

  /// Sorted by index, then by type.
  [[nodiscard]] std::span<const FoldedPart> parts() const noexcept { return parts_; }
  /// Sorted by index.
  [[nodiscard]] std::span<const events::ToolCallT> tool_calls() const noexcept { return tool_calls_; }
  /// Nullptr where no fragment of that call was seen.
  [[nodiscard]] const events::ToolCallT* tool_call(std::uint32_t index) const;
  /// Parts, options of parts, and calls.
  [[nodiscard]] std::size_t item_count() const noexcept { return item_count_; }
  [[nodiscard]] bool empty() const noexcept { return parts_.empty() && tool_calls_.empty(); }

  /// What it holds in memory, about; the same for two folds that hold the same.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// The message as it stands. Where it ended by itself, a tool call is complete if its arguments are one
  /// JSON object; one that got no arguments in a complete message is complete with an empty object.
  [[nodiscard]] events::MessageT message(std::string_view id, events::Role role,
                                         events::MessageStatus status) const;

 private:
  std::size_t find_or_add_part(std::uint32_t part_index, events::ContentType type);
  void add_part(std::uint32_t part_index, const events::ContentPart& part);
  void add_option(FoldedPart& part, const events::KeyValue& option);
  void add_tool_call(const events::ToolCall& fragment);
  events::ToolCallT& find_or_add_tool_call(std::uint32_t index);
  [[nodiscard]] std::size_t position_of(const events::ToolCallT& call) const noexcept {
    return static_cast<std::size_t>(&call - tool_calls_.data());
  }
  void added_item();
  void keep(std::string& place, std::string_view text);

  std::vector<FoldedPart> parts_;
  std::vector<events::ToolCallT> tool_calls_;
  std::vector<bool> judged_;  // for each call: its status says whether its arguments, as they are, are whole
  std::size_t last_part_ = 0;
  std::size_t item_count_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ringside::schema
