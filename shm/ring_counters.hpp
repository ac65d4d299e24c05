// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "shm/ring_layout.hpp"

namespace ringside::shm {

/// What the ring's writer has told of it so far: each number for itself, of a moment ago.
template <class View>
[[nodiscard]] RingCounters read_counters(const View& view) noexcept {
  std::array<std::uint64_t, sizeof(RingCounters) / sizeof(std::uint64_t)> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    // relaxed: each stands for itself.
    words[i] = view.counter(i * sizeof(std::uint64_t)).load(std::memory_order::relaxed);
  }
  return std::bit_cast<RingCounters>(words);
}

}  // namespace ringside::shm
