// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <thread>

#include "shm/pause_processor.hpp"

namespace ringside::shm {

/// What to do after an empty poll: spin, then yield, then tell the caller to sleep on something.
///
/// A reader that hammers the line which the writer is about to store slows the writer down; the pauses grow.
class IdleStrategy {
 public:
  explicit constexpr IdleStrategy(std::uint32_t spin_max = 8, std::uint32_t yield_max = 4) noexcept
      : spin_max_(spin_max), yield_max_(yield_max) {}

  /// Backs off once more. False: both phases are over, the caller should sleep.
  bool idle() noexcept {
    if (count_ < spin_max_) {
      const std::uint32_t pauses = 1U << (count_ < 6 ? count_ : 6);
      for (std::uint32_t i = 0; i < pauses; ++i)
        pause_processor();
      ++count_;
      return true;
    }
    if (count_ < spin_max_ + yield_max_) {
      std::this_thread::yield();
      ++count_;
      return true;
    }
    return false;
  }

  /// Work came.
  constexpr void reset() noexcept { count_ = 0; }

 private:
  std::uint32_t spin_max_;
  std::uint32_t yield_max_;
  std::uint32_t count_ = 0;
};

}  // namespace ringside::shm
