// SPDX-License-Identifier: Apache-2.0
//
// Tells which clients hang. Death is told by socket and process, never by this.
//
// A client's heartbeat is a counter that it moves. The judge looks at each counter once a round, and
// measures silence on the daemon's clock only: no time of a client is believed, and a counter is
// only compared, never used.
//
// Threads:   One at a time.
// Trust:     Silence counts only while the judge itself was awake. A round that comes late, or after the
//            host was suspended, says nothing of the clients: everybody's silence starts anew, and nobody
//            is judged before a full timeout has passed again.
// Memory:    A client is 24 bytes, held by whoever knows the client.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "agentd/instant.hpp"

namespace ringside::agentd {

struct HeartbeatTimes {
  std::uint64_t interval_ms = 500;      ///< How often clients move their counters, and rounds are held.
  std::uint64_t stale_after_ms = 2000;  ///< Silent for so long: stale, still a viewer.
  std::uint64_t gone_after_ms = 5000;   ///< Silent for so long: gone, as if it had left.
  std::uint64_t late_after_ms = 1000;   ///< A round that follows the one before by more was late.
  /// The boot clock ran ahead of the steady one by more since the last round: suspended.
  std::uint64_t suspended_after_ms = 100;
};

enum class Liveness : std::uint8_t { present, stale, gone };

/// What the judge knows of one client.
struct Heartbeat {
  std::uint64_t counter = 0;
  std::int64_t moved_at_ns = 0;
  Liveness liveness = Liveness::present;
};

class HeartbeatJudge {
 public:
  explicit HeartbeatJudge(HeartbeatTimes times = {}) noexcept : times_(times) {}

  /// Opens a round: to be called before the counters of a round are observed. `steady_ns` is CLOCK_MONOTONIC,
  /// which stands still while the host is suspended, `boot_ns` CLOCK_BOOTTIME, which does not.
  void begin_round(std::int64_t steady_ns, std::int64_t boot_ns) noexcept {
    const std::int64_t suspended_ns = boot_ns - steady_ns;
    if (!opened_ || steady_ns > later_by_ms(round_ns_, times_.late_after_ms) ||
        suspended_ns > later_by_ms(suspended_ns_, times_.suspended_after_ms)) {
      watching_since_ns_ = steady_ns;
    }
    opened_ = true;
    round_ns_ = steady_ns;
    suspended_ns_ = suspended_ns;
  }

  /// A client that was just attached, with the counter that it has.
  [[nodiscard]] static Heartbeat attached(std::uint64_t counter, std::int64_t steady_ns) noexcept {
    return {.counter = counter, .moved_at_ns = steady_ns, .liveness = Liveness::present};
  }

  /// Looks at one client in this round. Yields its liveness where that has changed: from `gone` back to
  /// `present`, its client tracks again by itself.
  std::optional<Liveness> observe(Heartbeat& client, std::uint64_t counter) const noexcept {
    const Liveness before = client.liveness;
    if (counter != client.counter) {
      client = {.counter = counter, .moved_at_ns = round_ns_, .liveness = Liveness::present};
    } else {
      const std::int64_t silent_since_ns = std::max(client.moved_at_ns, watching_since_ns_);
      if (round_ns_ >= later_by_ms(silent_since_ns, times_.gone_after_ms)) {
        client.liveness = Liveness::gone;
      } else if (before == Liveness::present &&
                 round_ns_ >= later_by_ms(silent_since_ns, times_.stale_after_ms)) {
        client.liveness = Liveness::stale;
      }
    }
    return client.liveness == before ? std::nullopt : std::optional(client.liveness);
  }

 private:
  HeartbeatTimes times_;
  bool opened_ = false;
  std::int64_t round_ns_ = 0;           // of this round
  std::int64_t suspended_ns_ = 0;       // boot clock less steady clock, at this round
  std::int64_t watching_since_ns_ = 0;  // awake without a break since then
};

}  // namespace ringside::agentd
