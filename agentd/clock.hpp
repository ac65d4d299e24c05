// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <time.h>

#include "agentd/instant.hpp"

namespace ringside::agentd {

[[nodiscard]] inline std::int64_t read_clock_ns(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// The moment at which this is called.
[[nodiscard]] inline Instant read_clocks() noexcept {
  return {read_clock_ns(CLOCK_MONOTONIC), read_clock_ns(CLOCK_REALTIME)};
}

}  // namespace ringside::agentd
