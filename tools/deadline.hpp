// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace ringside::tools {

/// A moment that ends what waits, or none.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  Deadline() = default;
  explicit Deadline(std::optional<double> seconds) {
    constexpr double for_ever = 1e9;  // thirty years: beyond it a clock would overflow
    if (!seconds || *seconds >= for_ever) return;
    at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*seconds));
  }

  [[nodiscard]] bool passed() const { return at_ && Clock::now() >= *at_; }

  /// What poll(2) takes: milliseconds, rounded up, or -1.
  [[nodiscard]] int poll_timeout_ms() const {
    if (!at_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*at_ - Clock::now()).count();
    return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left, 0, 3'600'000));
  }

 private:
  std::optional<Clock::time_point> at_;
};

}  // namespace ringside::tools
