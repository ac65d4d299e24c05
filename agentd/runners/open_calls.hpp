// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "events_generated.h"

namespace ringside::agentd {

/// The tool calls of a run that have started and have no end yet, in the order in which they started. A
/// call without an id cannot be ended by an event and is not kept.
/// Memory: at most `calls_max` ids of at most `id_size_max` bytes; what is beyond is not closed by us.
class OpenCalls {
 public:
  static constexpr std::size_t calls_max = 1024;
  static constexpr std::size_t id_size_max = 1024;

  /// Looks at an event that was published.
  void see(const events::Event& event) {
    if (const auto* started = event.payload_as_tool_execution_started())
      open(started->tool()->call_id());
    else if (const auto* completed = event.payload_as_tool_execution_completed())
      close(completed->call_id());
    else if (const auto* failed = event.payload_as_tool_execution_failed())
      close(failed->call_id());
    else if (const auto* interrupted = event.payload_as_tool_execution_interrupted())
      close(interrupted->call_id());
    else if (const auto* cancelled = event.payload_as_tool_execution_cancelled())
      close(cancelled->call_id());
  }

  /// Their ids; afterwards none is open.
  std::vector<std::string> take() { return std::exchange(ids_, {}); }

 private:
  void open(const flatbuffers::String* id) {
    if (id == nullptr || id->size() == 0 || id->size() > id_size_max || ids_.size() == calls_max) return;
    if (std::ranges::find(ids_, id->string_view()) == ids_.end()) ids_.push_back(id->str());
  }

  void close(const flatbuffers::String* id) { std::erase(ids_, id->string_view()); }

  std::vector<std::string> ids_;
};

}  // namespace ringside::agentd
