// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <stop_token>

#include "tools/latency_histogram.hpp"

namespace ringside::tools {

/// The gaps that were longer than a threshold: how many, and how much time was in them.
struct Stolen {
  std::uint64_t above_ns;
  std::uint64_t gaps = 0;
  std::uint64_t ns = 0;
};

/// What one thread saw that did nothing but read the clock.
struct Noise {
  LatencyHistogram gaps;
  std::array<Stolen, 3> stolen = {Stolen{1'000}, Stolen{10'000}, Stolen{100'000}};
  std::uint64_t elapsed_ns = 0;
};

/// The host's own noise floor: a thread reads the monotonic clock again and again, and whatever lies between two
/// readings beyond the reading itself was taken from it, by the kernel, by interrupts, by a hypervisor, by other
/// programs. Nothing that runs on this host can have less.
///
/// Threads:  measure() by one thread, worst_ns() by any.
/// Progress: measure() neither sleeps nor calls the system, but for the clock, which the kernel lets it read without.
class NoiseMeter {
 public:
  /// Until `end`, or until it is asked to stop.
  Noise measure(const std::stop_token& stop, std::chrono::steady_clock::time_point end) noexcept;

  /// The longest gap so far.
  [[nodiscard]] std::uint64_t worst_ns() const noexcept {
    // relaxed: a figure to be shown, nothing is read through it.
    return worst_ns_.load(std::memory_order::relaxed);
  }

 private:
  std::atomic<std::uint64_t> worst_ns_{0};
};

}  // namespace ringside::tools
