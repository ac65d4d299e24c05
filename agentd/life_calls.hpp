// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events_generated.h"

namespace ringside::agentd {

/// The tool calls of one life that its topic has told of and that have no end yet: identified, executing, or
/// waiting for a person. Those that wait outlive a run that is interrupted or paused, and what a state of the agent
/// tells (schema::AgentFold) is only those; its runner closes the ones that execute before the run ends, and one that it
/// leaves open is kept here until the end of the life closes it. What is open when the agent is idle was only
/// identified, and is forgotten. A call without an id cannot be ended by an event and is not kept.
/// Memory: at most `calls_max` ids of at most `id_size_max` bytes; what is beyond is not closed by us.
class LifeCalls {
 public:
  static constexpr std::size_t calls_max = 1024;
  static constexpr std::size_t id_size_max = 1024;

  /// Whether `see` would do anything about an event of this kind.
  [[nodiscard]] static constexpr bool concerns(events::Payload kind) noexcept {
    switch (kind) {
      case events::Payload::tool_call_identified:
      case events::Payload::tool_execution_started:
      case events::Payload::tool_execution_completed:
      case events::Payload::tool_execution_failed:
      case events::Payload::tool_execution_interrupted:
      case events::Payload::tool_execution_cancelled:
      case events::Payload::status_changed:
        return true;
      default:
        return false;
    }
  }

  /// Looks at an event that was published.
  void see(const events::Event& event) {
    if (const auto* identified = event.payload_as_tool_call_identified())
      open(identified->tool()->call_id());
    else if (const auto* started = event.payload_as_tool_execution_started())
      open(started->tool()->call_id());
    else if (const auto* interrupted = event.payload_as_tool_execution_interrupted())
      open(interrupted->call_id());
    else if (const auto* completed = event.payload_as_tool_execution_completed())
      close(completed->call_id());
    else if (const auto* failed = event.payload_as_tool_execution_failed())
      close(failed->call_id());
    else if (const auto* cancelled = event.payload_as_tool_execution_cancelled())
      close(cancelled->call_id());
    else if (const auto* changed = event.payload_as_status_changed())
      rest(changed->status());
  }

  /// In the order in which they were opened.
  [[nodiscard]] const std::vector<std::string>& open_ids() const noexcept { return ids_; }

 private:
  void open(const flatbuffers::String* id) {
    if (id == nullptr || id->size() == 0 || id->size() > id_size_max || ids_.size() == calls_max) return;
    if (std::ranges::find(ids_, id->string_view()) == ids_.end()) ids_.push_back(id->str());
  }

  void close(const flatbuffers::String* id) { std::erase(ids_, id->string_view()); }

  void rest(events::AgentStatus status) {
    if (status == events::AgentStatus::idle) ids_.clear();
  }

  std::vector<std::string> ids_;
};

}  // namespace ringside::agentd
