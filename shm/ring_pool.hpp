// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "shm/ring_geometry.hpp"

namespace ringside::shm {

/// The writer's private books of its physical segments: which are unused, free, in the window, or set aside
/// for who still pins them. It touches no shared memory. Large segments come from elsewhere and go back there
/// (large_segments.hpp); here they are known while they are in the window or set aside.
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

  /// How far a segment is backed when everything of the pool below `mark` is.
  [[nodiscard]] std::uint32_t backed(std::uint32_t index, std::uint64_t mark) const noexcept;
  /// How far it will ever be backed in this generation.
  [[nodiscard]] std::uint32_t length(std::uint32_t index) const noexcept {
    return geometry_.is_large(index) ? large_length(index) : geometry_.segment_size;
  }
  /// A large segment was backed so far. Before open().
  void set_large_length(std::uint32_t index, std::uint32_t length) noexcept { large_length(index) = length; }

  // The window, oldest first; never empty once something was opened.
  [[nodiscard]] std::uint32_t live_count() const noexcept { return live_count_; }
  [[nodiscard]] const Live& live(std::uint32_t age_rank) const noexcept {
    return live_[wrap(live_first_ + age_rank)];
  }
  [[nodiscard]] const Live& newest() const noexcept { return live(live_count_ - 1); }
  /// As many segments can be read as are promised; or, for reliable subscriptions, as many as there can be.
  [[nodiscard]] bool window_full() const noexcept { return live_count_ >= geometry_.window_segments; }
  [[nodiscard]] bool window_extended() const noexcept {
    return live_count_ == geometry_.window_segments_extended();
  }

  /// Takes a segment into the window, as its newest. Requires that it came from take_free() or take_unused(), or is a
  /// large one, and that the window is not extended.
  void open(const Live& segment) noexcept;

  /// The oldest leaves the window and is set aside. Requires that it is not the only one.
  Live set_aside_oldest() noexcept;

  [[nodiscard]] bool has_set_aside() const noexcept { return !set_aside_.empty(); }
  [[nodiscard]] std::uint32_t set_aside_count() const noexcept {
    return static_cast<std::uint32_t>(set_aside_.size());
  }
  /// This generation is pinned: keep it until the next reclaim(). Any number may be given.
  void keep(std::uint64_t generation) noexcept;
  /// What was set aside and not kept since the last time becomes free; of large segments give_back(index) is told.
  template <class GiveBack>
  void reclaim(GiveBack&& give_back) noexcept {
    std::erase_if(set_aside_, [&](const SetAside& each) {
      if (each.kept) return false;
      if (geometry_.is_large(each.index)) {
        give_back(each.index);
      } else {
        free_.push_back(each.index);
      }
      return true;
    });
    for (SetAside& each : set_aside_)
      each.kept = false;
  }

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
    return rank < live_.size() ? rank : rank - static_cast<std::uint32_t>(live_.size());
  }
  [[nodiscard]] std::uint32_t& large_length(std::uint32_t index) noexcept {
    return large_lengths_[index - geometry_.pool_segments()];
  }
  [[nodiscard]] const std::uint32_t& large_length(std::uint32_t index) const noexcept {
    return large_lengths_[index - geometry_.pool_segments()];
  }

  RingGeometry geometry_;
  std::vector<Live> live_;  // a circle of as many places as there can be readable segments
  std::uint32_t live_first_ = 0;
  std::uint32_t live_count_ = 0;
  std::uint32_t unused_first_ = 0;   // segments are first used in ascending order
  std::vector<SetAside> set_aside_;  // ascending generations
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> large_lengths_;
};

}  // namespace ringside::shm
