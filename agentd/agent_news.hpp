// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agentd/instant.hpp"
#include "events_generated.h"

namespace ringside::agentd {

/// What an agent's entry on `agent_server:presence` said last, and when it has to say something else: a status at once,
/// an activity that changed no status (a touch, a message that is queued) at most once in `activity_interval_ms`.
/// Tokens are no activity, so however much an agent says its entry costs nothing.
class AgentNews {
 public:
  static constexpr std::uint64_t activity_interval_ms = 5'000;

  struct Facts {
    events::AgentStatus status = events::AgentStatus::idle;
    std::int64_t last_activity_at_ns = 0;
  };

  /// The entry says this now.
  void told(Facts facts, std::int64_t steady_ns) noexcept {
    told_ = facts;
    told_at_ns_ = steady_ns;
  }

  /// From when on the entry should say this; `never_ns` where it does.
  [[nodiscard]] std::int64_t due_ns(Facts facts) const noexcept {
    if (facts.status != told_.status) return told_at_ns_;
    if (facts.last_activity_at_ns == told_.last_activity_at_ns) return never_ns;
    return later_by_ms(told_at_ns_, activity_interval_ms);
  }

 private:
  Facts told_;
  std::int64_t told_at_ns_ = 0;
};

}  // namespace ringside::agentd
