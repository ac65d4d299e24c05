// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "events_generated.h"

namespace ringside::agentd {

/// What the deltas of one message amount to. Parts are matched by their index and never mix two types; tool
/// calls are matched by their index, their arguments are put together and their names and ids kept as first
/// seen. Memory: as much as the deltas say; `size()` is there for those who must bound it.
class MessageFold {
 public:
  void add_content(std::uint32_t part_index, events::ContentType type, std::string_view content);
  void add_tool_call(std::uint32_t index, std::string_view call_id, std::string_view name,
                     std::string_view arguments);
  void add(const events::MessageDelta& delta);

  /// Nullptr where no fragment of that call was seen.
  [[nodiscard]] const events::ToolCallT* tool_call(std::uint32_t index) const;
  [[nodiscard]] std::size_t item_count() const noexcept { return parts_.size() + tool_calls_.size(); }
  [[nodiscard]] bool empty() const noexcept { return parts_.empty() && tool_calls_.empty(); }

  /// What it holds in memory, about.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// The message as it stands. Where it ended by itself, a tool call is complete if its arguments are one
  /// JSON object; one that got no arguments in a complete message is complete with an empty object.
  [[nodiscard]] events::MessageT message(std::string_view id, events::Role role,
                                         events::MessageStatus status) const;

 private:
  std::map<std::pair<std::uint32_t, events::ContentType>, std::string> parts_;
  std::map<std::uint32_t, events::ToolCallT> tool_calls_;
  std::size_t size_ = 0;
};

}  // namespace ringside::agentd
