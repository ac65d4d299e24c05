// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "events_generated.h"

namespace ringside::agentd {

/// The tool calls that were said to execute or to wait for a person and have no end yet, in the order in which they
/// began. A call without an id cannot be ended by an event and is not kept.
/// Memory: at most `calls_max` ids of at most `id_size_max` bytes; what is beyond is not closed by us.
class OpenCalls {
 public:
  static constexpr std::size_t calls_max = 1024;
  static constexpr std::size_t id_size_max = 1024;

  /// Looks at an event that was published.
  void see(const events::Event& event) {
    if (const auto* started = event.payload_as_tool_execution_started())
      open(started->tool()->call_id(), false);
    else if (const auto* interrupted = event.payload_as_tool_execution_interrupted())
      open(interrupted->call_id(), true);
    else if (const auto* completed = event.payload_as_tool_execution_completed())
      close(completed->call_id());
    else if (const auto* failed = event.payload_as_tool_execution_failed())
      close(failed->call_id());
    else if (const auto* cancelled = event.payload_as_tool_execution_cancelled())
      close(cancelled->call_id());
  }

  /// Their ids; afterwards none is open.
  std::vector<std::string> take_all() {
    return take_if([](const Call&) { return true; });
  }

  /// The ids of those that execute; afterwards only those are open that wait for a person.
  std::vector<std::string> take_executing() {
    return take_if([](const Call& call) { return !call.waits; });
  }

 private:
  struct Call {
    std::string id;
    bool waits = false;
  };

  void open(const flatbuffers::String* id, bool waits) {
    if (id == nullptr || id->size() == 0 || id->size() > id_size_max) return;
    const auto known = std::ranges::find(calls_, id->string_view(), &Call::id);
    if (known != calls_.end())
      known->waits = waits;
    else if (calls_.size() < calls_max)
      calls_.push_back({id->str(), waits});
  }

  void close(const flatbuffers::String* id) {
    std::erase_if(calls_, [id](const Call& call) { return call.id == id->string_view(); });
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
