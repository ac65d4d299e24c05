// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace ringside::agentd {

/// Numbers the lives of agents: later lives have greater numbers, also over restarts of the daemon, and also where the
/// wall clock steps back while the daemon runs.
class IncarnationClock {
 public:
  [[nodiscard]] std::uint64_t next(std::int64_t wall_ns) noexcept {
    const std::uint64_t wall_us = wall_ns > 0 ? static_cast<std::uint64_t>(wall_ns) / 1000 : 0;
    last_ = std::max(wall_us, last_ + 1);
    return last_;
  }

 private:
  std::uint64_t last_ = 0;
};

}  // namespace ringside::agentd
