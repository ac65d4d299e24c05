// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringside::bench {

/// Every latency of a run, kept whole: percentiles are exact and nothing is binned. Allocates only when made.
class LatencySamples {
 public:
  explicit LatencySamples(std::size_t capacity) { samples_.reserve(capacity); }

  /// Ignored beyond the capacity, so that recording never allocates.
  void record(std::uint64_t nanoseconds) {
    if (samples_.size() < samples_.capacity()) samples_.push_back(nanoseconds);
  }

  struct Percentiles {
    std::uint64_t p50 = 0, p99 = 0, p999 = 0, max = 0;
  };

  /// Sorts the samples; all zero where there are none.
  Percentiles percentiles();

  [[nodiscard]] std::size_t count() const { return samples_.size(); }

 private:
  std::vector<std::uint64_t> samples_;
};

}  // namespace ringside::bench
