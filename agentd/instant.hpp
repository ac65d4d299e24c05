// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

namespace ringside::agentd {

/// A moment, as the one who reads the clocks saw it. What has no clock of its own is told `now` like this.
struct Instant {
  std::int64_t steady_ns = 0;  ///< CLOCK_MONOTONIC: what every deadline is reckoned in.
  std::int64_t wall_ns = 0;    ///< CLOCK_REALTIME: what people are shown; it may jump, and decides nothing.
};

constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

/// `steady_ns` and `delay_ms` later; `never_ns` where that lies beyond what can be told.
[[nodiscard]] constexpr std::int64_t later_by_ms(std::int64_t steady_ns, std::uint64_t delay_ms) noexcept {
  constexpr std::int64_t ns_per_ms = 1'000'000;
  if (delay_ms >= static_cast<std::uint64_t>(never_ns / ns_per_ms)) return never_ns;
  const std::int64_t delay_ns = static_cast<std::int64_t>(delay_ms) * ns_per_ms;
  return steady_ns > never_ns - delay_ns ? never_ns : steady_ns + delay_ns;
}

}  // namespace ringside::agentd
