// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "events_generated.h"

namespace ringside::schema {

/// A tool call that was identified or started and has no end yet.
struct FoldedCall {
  events::ToolCallT tool;
  events::CallPhase phase = events::CallPhase::identified;
};

/// The tool calls of a run that are open, in order of appearance. A call is known by its id, and by its index as
/// long as one of the two that meet has none.
/// Threads: one at a time.
/// Memory:  at most `calls_max` calls of `size_max` bytes together; a call that does not fit is not kept.
class OpenCallsFold {
 public:
  static constexpr std::size_t calls_max = 1024;
  static constexpr std::size_t size_max = 8 * 1024 * 1024;

  void identified(const events::ToolCall& tool);
  void started(const events::ToolCall& tool);
  void interrupted(std::string_view call_id, std::string_view display_text);
  /// Completed, failed or cancelled.
  void ended(std::string_view call_id);

  /// Drops all but those that wait for a person.
  void keep_interrupted();
  void clear() noexcept;
  void restore(const flatbuffers::Vector<flatbuffers::Offset<events::OpenCall>>* calls);

  [[nodiscard]] std::span<const FoldedCall> calls() const noexcept { return calls_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  using Calls = std::vector<FoldedCall>;

  Calls::iterator find(std::string_view call_id);
  Calls::iterator find(const events::ToolCall& tool);
  /// The call, new or told anew; nullptr where it does not fit.
  FoldedCall* upsert(const events::ToolCall& tool);
  void erase(Calls::iterator call);

  Calls calls_;
  std::size_t size_ = 0;
};

}  // namespace ringside::schema
