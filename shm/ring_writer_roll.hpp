// SPDX-License-Identifier: Apache-2.0
//
// The part of the ring writer that runs once in hundreds of events; its contract is ring_writer.hpp's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "shm/ring_writer.hpp"

namespace ringside::shm {

template <class Memory, class Backing>
bool BasicRingWriter<Memory, Backing>::extend() noexcept {
  if (!backing_.extend()) {
    count<&RingCounters::backing_failed>();
    return false;
  }
  tell_backed();
  limit_ = last_place(pool_.backed(pool_.newest().index, backing_.mark()));
  return true;
}

/// After this a record of `size` bytes fits at offset_.
template <class Memory, class Backing>
std::optional<PublishError> BasicRingWriter<Memory, Backing>::make_room(std::uint64_t size) noexcept {
  if (size > geometry().payload_size_max()) return PublishError::too_large;
  if (next_place(offset_, size) <= last_place(pool_.length(pool_.newest().index))) {
    // Not the end of the segment, only of what is backed.
    while (next_place(offset_, size) > limit_ && extend()) {
    }
    if (next_place(offset_, size) <= limit_) return std::nullopt;
  }
  const auto index = take_segment(static_cast<std::uint32_t>(next_place(0, size)) + link_size);
  if (!index) {
    count<&RingCounters::no_space>();
    return PublishError::no_space;
  }
  roll(*index);
  return std::nullopt;
}

/// A segment with `size` backed bytes that nobody can be reading.
template <class Memory, class Backing>
std::optional<std::uint32_t> BasicRingWriter<Memory, Backing>::take_segment(std::uint32_t size) noexcept {
  trim_window();
  reclaim();
  if (const auto index = pool_.take_free(size, backing_.mark())) return index;
  if (const auto index = back_segment(size)) return index;
  return shrink_window(size);
}

template <class Memory, class Backing>
std::optional<std::uint32_t> BasicRingWriter<Memory, Backing>::back_segment(std::uint32_t size) noexcept {
  const auto index = pool_.next_to_back(backing_.mark());
  if (!index) return std::nullopt;
  while (pool_.backed(*index, backing_.mark()) < size) {
    if (!extend()) return std::nullopt;
  }
  pool_.take_unused(*index);
  return index;
}

/// Nothing can be backed: history makes room. What nobody pins is looked for first, so that no history is
/// given up in vain; the look proves nothing, only the scan after the withdrawal does.
template <class Memory, class Backing>
std::optional<std::uint32_t> BasicRingWriter<Memory, Backing>::shrink_window(std::uint32_t size) noexcept {
  while (pool_.live_count() > 1) {
    std::fill(pinned_.begin(), pinned_.end(), false);
    subscribers_.scan([this](std::uint64_t generation) {
      const std::uint64_t rank = generation - pool_.live(0).generation;
      if (rank < pool_.live_count()) pinned_[rank] = true;
    });
    std::uint32_t rank = 0;
    while (pinned_[rank] || geometry().is_large(pool_.live(rank).index) ||
           pool_.backed(pool_.live(rank).index, backing_.mark()) < size) {
      // The newest is being written: it stays.
      if (++rank == pool_.live_count() - 1) return std::nullopt;
    }
    count<&RingCounters::shrunk>(rank + 1);
    for (std::uint32_t i = 0; i <= rank; ++i)
      withdraw_oldest();
    reclaim();
    if (const auto index = pool_.take_free(size, backing_.mark())) return index;
  }
  return std::nullopt;
}

/// Makes room in the window for one segment more. While there are reliable subscriptions it is as long as it can be, whether
/// or not they are owed all of it: a writer that comes back to a segment sooner finds its lines in the caches of who has read
/// them, and waits for each.
template <class Memory, class Backing>
void BasicRingWriter<Memory, Backing>::trim_window() noexcept {
  while (pool_.window_full()) {
    if (!pool_.window_extended() && subscribers_.reliable() != 0) return;
    withdraw_oldest();
  }
}

template <class Memory, class Backing>
std::optional<std::uint32_t> BasicRingWriter<Memory, Backing>::rolls_before_eviction() noexcept {
  const auto owed = subscribers_.first_owed(sequence_);
  if (!owed) return std::nullopt;
  std::uint32_t rank = pool_.live_count() - 1;
  while (rank > 0 && sequence_ - pool_.live(rank).first_sequence < sequence_ - *owed)
    --rank;
  return geometry().window_segments_extended() - (pool_.live_count() - rank);
}

template <class Memory, class Backing>
void BasicRingWriter<Memory, Backing>::withdraw_oldest() noexcept {
  const RingPool::Live oldest = pool_.set_aside_oldest();
  const std::uint32_t evicted = subscribers_.evict_before(pool_.live(0).first_sequence, sequence_);
  if (evicted != 0) count<&RingCounters::evicted>(evicted);
  if (keyframe_ && keyframe_->generation == oldest.generation) {
    keyframe_.reset();
    // relaxed: E9, by the withdrawal that follows: who finds the segment gone finds a position that is not there.
    memory_.keyframe_position().store(0, std::memory_order::relaxed);
  }
  // E2: before the scan that decides whether it is free. A reader that pins it after the scan finds this 0.
  // E7: behind the evicted words.
  memory_.generation(oldest.index).store(0, std::memory_order::seq_cst);
  count<&RingCounters::withdrawn>();
}

/// What was set aside and is pinned no more becomes free.
template <class Memory, class Backing>
void BasicRingWriter<Memory, Backing>::reclaim() noexcept {
  if (!pool_.has_set_aside()) return;
  subscribers_.scan([this](std::uint64_t generation) { pool_.keep(generation); });
  pool_.reclaim([this](std::uint32_t large) { freed_large_.push_back(large); });
}

template <class Memory, class Backing>
std::uint64_t BasicRingWriter<Memory, Backing>::publish_large(std::uint32_t index, std::uint32_t length,
                                                              std::uint32_t size, std::uint32_t kind,
                                                              std::int64_t time_ns) noexcept {
  roll_to_large(index, length, size);
  count<&RingCounters::large_events>();
  return stamp(reserve(size), size, kind, time_ns);
}

/// After this the record that lies in a large segment is the next one.
template <class Memory, class Backing>
void BasicRingWriter<Memory, Backing>::roll_to_large(std::uint32_t index, std::uint32_t length,
                                                     std::uint32_t size) noexcept {
  RINGSIDE_ASSERT(geometry().is_large(index) && next_place(0, size) <= last_place(length));
  trim_window();
  reclaim();
  pool_.set_large_length(index, length);
  roll(index);
}

template <class Memory, class Backing>
bool BasicRingWriter<Memory, Backing>::free_large() noexcept {
  reclaim();
  while (freed_large_.empty()) {
    std::uint32_t rank = 0;
    while (rank < pool_.live_count() && !geometry().is_large(pool_.live(rank).index))
      ++rank;
    if (rank == pool_.live_count()) return false;
    if (rank == pool_.live_count() - 1) {
      // The one that is being written: go on elsewhere first.
      const auto next = take_segment(segment_size_min);
      if (!next) return false;
      roll(*next);
      continue;
    }
    for (std::uint32_t i = 0; i <= rank; ++i)
      withdraw_oldest();
    reclaim();
  }
  tell_window();
  return true;
}

/// Opens the segment and links the current one to it.
template <class Memory, class Backing>
void BasicRingWriter<Memory, Backing>::roll(std::uint32_t index) noexcept {
  const auto old = segment_;
  const std::uint64_t place = offset_;
  const std::uint64_t generation = pool_.newest().generation + 1;
  open(index, generation);
  // relaxed: E1 publishes it.
  old.word(place + offsetof(LinkRecord, generation)).store(generation, std::memory_order::relaxed);
  // E1: the link, whole. Nothing follows in this segment.
  old.word(place).store(link_word(sequence_, index), std::memory_order::release);
  count<&RingCounters::rolls>();
  tell_window();
  prepare_failed_ = false;
}

template <class Memory, class Backing>
void BasicRingWriter<Memory, Backing>::open(std::uint32_t index, std::uint64_t generation) noexcept {
  segment_ = memory_.segment(index);
  offset_ = 0;
  taken_ = 0;
  limit_ = last_place(pool_.backed(index, backing_.mark()));
  // E5: who copies a byte stored after this sees, after its own fence, that the old generation was withdrawn.
  Atomics::fence(std::memory_order::release);
  // relaxed: E3 publishes both.
  segment_.word(0).store(0, std::memory_order::relaxed);
  // relaxed: E3 publishes both.
  memory_.first_sequence(index).store(sequence_, std::memory_order::relaxed);
  // E3: the segment can be entered.
  memory_.generation(index).store(generation, std::memory_order::release);
  pool_.open({generation, sequence_, index});
}

template <class Memory, class Backing>
void BasicRingWriter<Memory, Backing>::prepare() noexcept {
  if (prepare_failed_) return;
  // Half a step, so that a ring that has just begun needs no second one: most topics never hold more.
  const std::uint32_t ahead = std::min(geometry().segment_size, Backing::step_size) / 2;
  // A partly backed segment first: the mark stands in it.
  while (limit_ < last_place(pool_.length(pool_.newest().index)) && limit_ - offset_ < ahead) {
    if (!extend()) {
      prepare_failed_ = true;
      return;
    }
  }
  const bool recycles = pool_.window_full() && (subscribers_.reliable() == 0 || pool_.window_extended());
  if (limit_ - offset_ >= ahead || recycles || pool_.has_free() || pool_.has_set_aside()) return;
  const auto next = pool_.next_to_back(backing_.mark());
  while (next && pool_.backed(*next, backing_.mark()) < ahead) {
    if (!extend()) {
      prepare_failed_ = true;
      return;
    }
  }
}

template <class Memory, class Backing>
std::optional<Cursor> BasicRingWriter<Memory, Backing>::find(std::uint64_t sequence) const noexcept {
  // Distances, not comparisons: sequences may pass 2^63 and 2^64.
  if (sequence - pool_.live(0).first_sequence > sequence_ - pool_.live(0).first_sequence) return std::nullopt;
  std::uint32_t rank = pool_.live_count() - 1;
  while (rank > 0 && pool_.live(rank).first_sequence - pool_.live(0).first_sequence >
                         sequence - pool_.live(0).first_sequence) {
    --rank;
  }
  const RingPool::Live& live = pool_.live(rank);
  const auto segment = memory_.segment(live.index);
  std::uint64_t offset = 0;
  for (std::uint64_t each = live.first_sequence; each != sequence;) {
    // relaxed: our own words, or those of who held the role before.
    const std::uint64_t word = segment.word(offset).load(std::memory_order::relaxed);
    if (!is_keyframe(word)) ++each;
    offset = next_place(offset, length_bits(word));
  }
  return Cursor{live.generation, static_cast<std::uint32_t>(offset), sequence};
}

}  // namespace ringside::shm
