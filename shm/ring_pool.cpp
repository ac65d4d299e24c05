// SPDX-License-Identifier: Apache-2.0
#include "shm/ring_pool.hpp"

#include <algorithm>

#include "shm/assert.hpp"

namespace ringside::shm {

RingPool::RingPool(const RingGeometry& geometry)
    : geometry_(geometry),
      live_(geometry.window_segments_extended()),
      large_lengths_(geometry.large_segments) {
  RINGSIDE_ASSERT(!fault_of(geometry));
  set_aside_.reserve(geometry.table_entries());
  free_.reserve(geometry.pool_segments());
}

std::uint32_t RingPool::backed(std::uint32_t index, std::uint64_t mark) const noexcept {
  if (geometry_.is_large(index)) return large_length(index);
  const std::uint64_t begin = geometry_.segment_offset(index);
  if (mark <= begin) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(mark - begin, geometry_.segment_size));
}

void RingPool::open(const Live& segment) noexcept {
  RINGSIDE_ASSERT(!window_extended());
  live_[wrap(live_first_ + live_count_)] = segment;
  ++live_count_;
}

RingPool::Live RingPool::set_aside_oldest() noexcept {
  RINGSIDE_ASSERT(live_count_ > 1);
  const Live oldest = live_[live_first_];
  live_first_ = wrap(live_first_ + 1);
  --live_count_;
  set_aside_.push_back({oldest.generation, oldest.index, false});
  return oldest;
}

void RingPool::keep(std::uint64_t generation) noexcept {
  const auto found = std::ranges::lower_bound(set_aside_, generation, {}, &SetAside::generation);
  if (found != set_aside_.end() && found->generation == generation) found->kept = true;
}

std::optional<std::uint32_t> RingPool::take_free(std::uint32_t size, std::uint64_t mark) noexcept {
  // The last freed first: it is the likeliest to be in a cache.
  for (auto each = free_.rbegin(); each != free_.rend(); ++each) {
    if (backed(*each, mark) < size) continue;
    const std::uint32_t index = *each;
    free_.erase(std::next(each).base());
    return index;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> RingPool::next_to_back(std::uint64_t mark) const noexcept {
  const auto partly = std::ranges::find_if(
      free_, [&](std::uint32_t index) { return backed(index, mark) < geometry_.segment_size; });
  if (partly != free_.end()) return *partly;
  if (unused_first_ < geometry_.pool_segments()) return unused_first_;
  return std::nullopt;
}

void RingPool::take_unused(std::uint32_t index) noexcept {
  if (index == unused_first_) {
    ++unused_first_;
  } else {
    const auto erased = std::erase(free_, index);
    RINGSIDE_ASSERT(erased == 1);
  }
}

}  // namespace ringside::shm
