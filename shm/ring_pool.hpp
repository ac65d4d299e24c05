// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "shm/ring_geometry.hpp"

namespace ringside::shm {

/// The writer's private books of its physical segments: which are unused, free, in the window, or set aside
/// for who still pins them. It touches no shared memory.
///
/// Threads: the holder of the topic's writing role.
/// Memory:  allocated once, when made.
class RingPool {
 public:
  struct Live {
    std::uint64_t generation;
    std::uint64_t first_sequence;
    std::uint32_t index;
  };

  explicit RingPool(const RingGeometry& geometry);

  /// How far a segment is backed when everything below `mark` is.
  [[nodiscard]] std::uint32_t backed(std::uint32_t index, std::uint64_t mark) const noexcept;

  // The window, oldest first; never empty once something was opened.
  [[nodiscard]] std::uint32_t live_count() const noexcept { return live_count_; }
  [[nodiscard]] const Live& live(std::uint32_t age_rank) const noexcept {
    return live_[wrap(live_first_ + age_rank)];
  }
  [[nodiscard]] const Live& newest() const noexcept { return live(live_count_ - 1); }
  [[nodiscard]] bool window_full() const noexcept { return live_count_ == geometry_.window_segments; }

  /// Takes a segment into the window, as its newest. Requires that it came from take_free() or take_unused().
  void open(const Live& segment) noexcept;

  /// The oldest leaves the window and is set aside. Requires that it is not the only one.
  Live set_aside_oldest() noexcept;

  [[nodiscard]] bool has_set_aside() const noexcept { return !set_aside_.empty(); }
  [[nodiscard]] std::uint32_t set_aside_count() const noexcept {
    return static_cast<std::uint32_t>(set_aside_.size());
  }
  /// This generation is pinned: keep it until the next reclaim(). Any number may be given.
  void keep(std::uint64_t generation) noexcept;
  /// What was set aside and not kept since the last time becomes free.
  void reclaim() noexcept;

  [[nodiscard]] bool has_free() const noexcept { return !free_.empty(); }
  /// A free segment of which `size` bytes are backed.
  [[nodiscard]] std::optional<std::uint32_t> take_free(std::uint32_t size, std::uint64_t mark) noexcept;

  /// The segment that backing would go to next: the first that was never used, or the free one in which the
  /// mark stands. None when the pool is used up.
  [[nodiscard]] std::optional<std::uint32_t> next_to_back(std::uint64_t mark) const noexcept;
  /// Takes what next_to_back() named.
  void take_unused(std::uint32_t index) noexcept;

 private:
  struct SetAside {
    std::uint64_t generation;
    std::uint32_t index;
    bool kept;
  };

  [[nodiscard]] std::uint32_t wrap(std::uint32_t rank) const noexcept {
    return rank < geometry_.window_segments ? rank : rank - geometry_.window_segments;
  }

  RingGeometry geometry_;
  std::vector<Live> live_;  // a circle of window_segments places
  std::uint32_t live_first_ = 0;
  std::uint32_t live_count_ = 0;
  std::uint32_t unused_first_ = 0;   // segments are first used in ascending order
  std::vector<SetAside> set_aside_;  // ascending generations
  std::vector<std::uint32_t> free_;
};

}  // namespace ringside::shm
