// SPDX-License-Identifier: Apache-2.0
#include "tools/noise_meter.hpp"

namespace ringside::tools {

Noise NoiseMeter::measure(const std::stop_token& stop, std::chrono::steady_clock::time_point end) noexcept {
  using Clock = std::chrono::steady_clock;
  Noise noise;
  const Clock::time_point begin = Clock::now();
  Clock::time_point before = begin;
  while (before < end && !stop.stop_requested()) {
    const Clock::time_point now = Clock::now();
    const auto gap = static_cast<std::uint64_t>((now - before).count());
    before = now;
    const bool longest = gap > noise.gaps.max();
    noise.gaps.record(gap);
    if (gap > noise.stolen.front().above_ns) [[unlikely]] {
      for (Stolen& stolen : noise.stolen) {
        if (gap <= stolen.above_ns) break;
        ++stolen.gaps;
        stolen.ns += gap;
      }
    }
    // relaxed: as worst_ns().
    if (longest) worst_ns_.store(gap, std::memory_order::relaxed);
  }
  noise.elapsed_ns = static_cast<std::uint64_t>((before - begin).count());
  return noise;
}

}  // namespace ringside::tools
