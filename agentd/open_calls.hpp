// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events_generated.h"

namespace ringside::agentd {

/// The tool calls that were told of and that have no end yet, in the order in which they were opened. One that was only
/// identified belongs to its run: the next run and idle forget it. A call without an id cannot be ended by an event and
/// is not kept.
/// Memory: at most `calls_max` ids of at most `id_size_max` bytes; what is beyond is not closed by us.
class OpenCalls {
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
      open(identified->tool()->call_id(), Phase::identified);
    else if (const auto* started = event.payload_as_tool_execution_started())
      open(started->tool()->call_id(), Phase::executing);
    else if (const auto* interrupted = event.payload_as_tool_execution_interrupted())
      open(interrupted->call_id(), Phase::waiting);
    else if (const auto* completed = event.payload_as_tool_execution_completed())
      close(completed->call_id());
    else if (const auto* failed = event.payload_as_tool_execution_failed())
      close(failed->call_id());
    else if (const auto* cancelled = event.payload_as_tool_execution_cancelled())
      close(cancelled->call_id());
    else if (const auto* changed = event.payload_as_status_changed())
      come_to(changed->status());
  }

  [[nodiscard]] std::vector<std::string> open_ids() const {
    std::vector<std::string> ids;
    ids.reserve(calls_.size());
    for (const Call& call : calls_)
      ids.push_back(call.id);
    return ids;
  }

  /// The ids of those that execute or wait for a person; afterwards none is open.
  std::vector<std::string> take_begun() {
    forget_identified();
    return take_if([](const Call&) { return true; });
  }

  /// The ids of those that execute; afterwards only those are open that wait for a person.
  std::vector<std::string> take_executing() {
    forget_identified();
    return take_if([](const Call& call) { return call.phase == Phase::executing; });
  }

 private:
  enum class Phase : std::uint8_t { identified, executing, waiting };

  struct Call {
    std::string id;
    Phase phase;
  };

  void open(const flatbuffers::String* id, Phase phase) {
    if (id == nullptr || id->size() == 0 || id->size() > id_size_max) return;
    const auto known = std::ranges::find(calls_, id->string_view(), &Call::id);
    if (known == calls_.end()) {
      if (calls_.size() < calls_max) calls_.push_back({id->str(), phase});
    } else if (phase != Phase::identified) {
      known->phase = phase;
    }
  }

  void close(const flatbuffers::String* id) {
    std::erase_if(calls_, [id](const Call& call) { return call.id == id->string_view(); });
  }

  void come_to(events::AgentStatus status) {
    if (status == events::AgentStatus::running) forget_identified();
    if (status == events::AgentStatus::idle) calls_.clear();
  }

  void forget_identified() {
    std::erase_if(calls_, [](const Call& call) { return call.phase == Phase::identified; });
  }

  template <class Taken>
  std::vector<std::string> take_if(Taken taken) {
    const auto first =
        std::stable_partition(calls_.begin(), calls_.end(), [&](const Call& call) { return !taken(call); });
    std::vector<std::string> ids;
    for (auto call = first; call != calls_.end(); ++call)
      ids.push_back(std::move(call->id));
    calls_.erase(first, calls_.end());
    return ids;
  }

  std::vector<Call> calls_;
};

}  // namespace ringside::agentd
