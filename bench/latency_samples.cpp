// SPDX-License-Identifier: Apache-2.0
#include "bench/latency_samples.hpp"

#include <algorithm>

namespace ringside::bench {

LatencySamples::Percentiles LatencySamples::percentiles() {
  if (samples_.empty()) return {};
  std::ranges::sort(samples_);
  const auto at = [this](std::size_t per_mille) {
    return samples_[std::min(samples_.size() - 1, samples_.size() * per_mille / 1000)];
  };
  return {.p50 = at(500), .p99 = at(990), .p999 = at(999), .max = samples_.back()};
}

}  // namespace ringside::bench
