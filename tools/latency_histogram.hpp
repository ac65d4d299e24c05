// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ringside::tools {

/// Times in nanoseconds, counted in bins of at most 1/32 of their value; the largest is exact.
///
/// Progress: recording is a few instructions, without a branch that depends on the value; nothing is allocated.
/// Memory:   15 KiB, of which a quiet host touches a few lines.
class LatencyHistogram {
 public:
  void record(std::uint64_t ns) noexcept {
    ++bins_[bin_of(ns)];
    ++count_;
    max_ = std::max(max_, ns);
  }

  /// Of a series that was to have one sample each `interval_ns`: a sample longer than that stands for those too that
  /// were due while it lasted and could not be begun (coordinated omission).
  void record_paced(std::uint64_t ns, std::uint64_t interval_ns) noexcept {
    record(ns);
    for (; ns > interval_ns; ns -= interval_ns)
      record(ns - interval_ns);
  }

  void add(const LatencyHistogram& other) noexcept {
    for (std::size_t bin = 0; bin < bins_.size(); ++bin)
      bins_[bin] += other.bins_[bin];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

  /// What so many of a thousand samples did not exceed; 0 without samples.
  [[nodiscard]] std::uint64_t per_mille(std::uint64_t share) const noexcept {
    const std::uint64_t wanted = std::max<std::uint64_t>(1, (count_ * share + 999) / 1000);
    std::uint64_t seen = 0;
    for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
      seen += bins_[bin];
      if (seen >= wanted) return std::min(highest_of(bin), max_);
    }
    return max_;
  }

 private:
  static constexpr unsigned fine_bits = 5;
  static constexpr std::uint64_t fine = std::uint64_t{1} << fine_bits;

  /// Below 64 each value has a bin of its own; above, each power of two has 32.
  static constexpr std::size_t bin_of(std::uint64_t value) noexcept {
    const unsigned shift = static_cast<unsigned>(std::bit_width(value | fine)) - fine_bits - 1;
    return static_cast<std::size_t>(shift * fine + (value >> shift));
  }
  static constexpr std::uint64_t highest_of(std::size_t bin) noexcept {
    if (bin < 2 * fine) return bin;
    const std::uint64_t shift = bin / fine - 1;
    return ((bin % fine + fine + 1) << shift) - 1;
  }
  static constexpr std::size_t bin_count = (64 - fine_bits + 1) * fine;

  std::array<std::uint64_t, bin_count> bins_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace ringside::tools
