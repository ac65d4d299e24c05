// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>

#include "bench/latency_samples.hpp"
#include "bench/monotonic_clock.hpp"

namespace ringside::bench {

/// Calls ask(i) for each i below `count`, and times each call. Throws where one is refused.
template <class Ask>
LatencySamples::Percentiles time_requests(std::uint32_t count, Ask&& ask) {
  LatencySamples samples(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t begin = now_ns();
    const auto answer = ask(i);
    if (!answer) throw std::runtime_error(answer.error().message);
    samples.record(now_ns() - begin);
  }
  return samples.percentiles();
}

}  // namespace ringside::bench
