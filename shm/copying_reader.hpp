// SPDX-License-Identifier: Apache-2.0
//
// Reads a ring by copying each event out: needs no slot, no bound and no memory that agentd could see.
//
// Threads   : one at a time.
// Progress  : wait-free: poll() is bounded by its limit and by the size of the table.
// Isolation : read-only in every sense: the writer does not know of it.
// Ordering  : E1 commit word; E3 generation, then first sequence; E5 copy, acquire fence, generation again; E9 keyframe
//             position, then the keyframe (ring_writer.hpp). A commit word is believed, and be it 0, only after the generation was seen
//             again behind it: the place may have been recycled.
// Loss      : told, exactly, as a RingReader does; it is lapped where a RingReader's pin
//             would have kept the segment. A large event for whose copy there is no memory is told as a gap of one; a
//             keyframe is passed over, and the next one is given out.
// Trust     : as a RingReader. No length is believed before the generation has confirmed its commit word, so
//             that the copy never leaves what is backed.
// Memory    : one payload of the pool's segments, allocated when made; that of a large event until the next call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "shm/ring_memory.hpp"
#include "shm/ring_reader.hpp"
#include "shm/ring_record.hpp"
#include "shm/ring_search.hpp"

namespace ringside::shm {

template <class View = RingView>
class BasicCopyingReader {
 public:
  using Atomics = typename View::Atomics;

  /// Goes on at `cursor`, the writer's or start_of_oldest(). The ring's memory outlives this.
  BasicCopyingReader(View view, const Cursor& cursor, StateWish wish = StateWish::none)
      : next_sequence_(cursor.next_sequence),
        offset_(cursor.offset),
        generation_(cursor.generation),
        wants_state_(wish != StateWish::none),
        owed_state_(wish == StateWish::at_once),
        view_(view),
        copy_(new std::uint64_t[view.geometry().segment_size / 8]) {}

  /// As RingReader::poll; what on_record is given may be read until the next call of poll() or next().
  template <class OnRecord, class OnGap>
  std::size_t poll(OnRecord&& on_record, OnGap&& on_gap, std::size_t limit) {
    return poll(on_record, on_gap, on_record, limit);
  }
  template <class OnRecord, class OnGap, class OnKeyframe>
  std::size_t poll(OnRecord&& on_record, OnGap&& on_gap, OnKeyframe&& on_keyframe, std::size_t limit) {
    std::size_t count = 0;
    while (count < limit) {
      const Next found = next();
      if (found.kind == Next::Kind::nothing) break;
      if (found.kind == Next::Kind::record) {
        ++count;
        on_record(found.record);
      } else if (found.kind == Next::Kind::gap) {
        on_gap(found.gap);
      } else {
        ++count;
        on_keyframe(found.record);
      }
    }
    return count;
  }

  /// One event, gap or keyframe.
  [[nodiscard]] Next next() noexcept {
    Next found;
    large_copy_.reset();
    while (state_ != ReaderState::corrupt && state_ != ReaderState::closed) {
      if (state_ != ReaderState::reading && !enter(found)) break;
      // E1: with the commit word comes its record.
      const std::uint64_t word = segment_.word(offset_).load(std::memory_order::acquire);
      if (!still_here()) {
        state_ = ReaderState::lost;
        continue;
      }
      if (word == 0) break;
      if (is_record(word)) {
        take(word, found);
      } else {
        follow(word);
      }
      if (found.kind != Next::Kind::nothing) break;
    }
    return found;
  }

  /// Whether a poll may find something. For arm(): after a full fence (E20). As RingReader::has_news.
  [[nodiscard]] bool has_news(bool may_move = true) noexcept {
    while (state_ == ReaderState::reading) {
      // E1: as next() does.
      const std::uint64_t word = segment_.word(offset_).load(std::memory_order::acquire);
      if (!still_here()) return true;
      if (word == 0) return false;
      if (!may_move || (is_record(word) && (owed_state_ || !is_keyframe(word)))) return true;
      Next passed;
      if (is_record(word)) {
        take(word, passed);
      } else {
        follow(word);
      }
    }
    return state_ == ReaderState::entering || state_ == ReaderState::lost;
  }

  /// As RingReader::owe_state.
  void owe_state() noexcept { owed_state_ = wants_state_; }

  void close() noexcept { state_ = ReaderState::closed; }

  [[nodiscard]] ReaderState state() const noexcept { return state_; }
  /// Where it goes on.
  [[nodiscard]] Cursor cursor() const noexcept {
    return {generation_, static_cast<std::uint32_t>(offset_), next_sequence_};
  }

 private:
  /// Whether everything read so far was this generation's.
  [[nodiscard]] bool still_here() const noexcept {
    // E5: what was read before this and came from a later use of the segment brings the withdrawal with it.
    Atomics::fence(std::memory_order::acquire);
    // E5: acquires: who is lapped sees in the table that all before it was withdrawn as well, and goes on behind it.
    return view_.generation(index_).load(std::memory_order::acquire) == generation_;
  }

  /// Whether a confirmed word is that of the next event, or of a keyframe before it.
  [[nodiscard]] bool is_record(std::uint64_t word) const noexcept {
    const std::uint64_t base =
        is_keyframe(word) ? keyframe_word(next_sequence_ - 1, 0) : commit_word_base(next_sequence_);
    return ((word ^ base) & ~commit_length_mask) == 0;
  }

  /// Copies that record into `found`, or passes over a keyframe that is not owed.
  void take(std::uint64_t word, Next& found) noexcept {
    const std::uint32_t length = length_bits(word);
    const std::uint64_t after = next_place(offset_, length);
    if (after > last_place(view_.geometry().segment_length(index_))) {
      state_ = ReaderState::corrupt;
      return;
    }
    const bool keyframe = is_keyframe(word);
    std::uint64_t* const to = keyframe && !owed_state_ ? nullptr : room_for(length);
    if (to != nullptr) copy(found.record, length, to);
    if (!still_here()) {
      state_ = ReaderState::lost;
      return;
    }
    offset_ = after;
    if (to == nullptr && keyframe) return;
    if (to == nullptr) {
      found.kind = Next::Kind::gap;
      found.gap = {next_sequence_++, 1};
      owed_state_ = wants_state_;
    } else if (keyframe) {
      found.kind = Next::Kind::keyframe;
      found.record.sequence = next_sequence_ - 1;
      owed_state_ = false;
    } else {
      found.kind = Next::Kind::record;
      found.record.sequence = next_sequence_++;
    }
  }

  /// Where a payload is copied to; null: no memory.
  [[nodiscard]] std::uint64_t* room_for(std::uint32_t length) noexcept {
    if (length <= view_.geometry().segment_size) return copy_.get();
    large_copy_.reset(new (std::nothrow) std::uint64_t[(std::uint64_t{length} + 7) / 8]);
    return large_copy_.get();
  }

  /// Word by word: the writer may be overwriting them.
  void copy(Record& record, std::uint32_t length, std::uint64_t* to) noexcept {
    const auto load = [this](std::uint64_t offset) {
      // relaxed: E1 brought it if the generation still stands, which still_here() finds out (E5).
      return segment_.word(offset).load(std::memory_order::relaxed);
    };
    record.time_ns = static_cast<std::int64_t>(load(offset_ + offsetof(RecordHeader, time_ns)));
    record.kind = static_cast<std::uint32_t>(load(offset_ + offsetof(RecordHeader, kind)));
    const std::uint64_t words = (std::uint64_t{length} + 7) / 8;
    for (std::uint64_t i = 0; i < words; ++i)
      to[i] = load(offset_ + record_header_size + i * 8);
    record.payload = static_cast<const std::byte*>(static_cast<const void*>(to));
    record.size = length;
  }

  /// A confirmed word that is no record.
  void follow(std::uint64_t word) noexcept {
    const std::uint32_t index = length_bits(word);
    // relaxed: E1 brought it if the generation still stands (E5).
    const std::uint64_t generation =
        segment_.word(offset_ + offsetof(LinkRecord, generation)).load(std::memory_order::relaxed);
    if (!still_here()) {
      state_ = ReaderState::lost;
      return;
    }
    if (word != link_word(next_sequence_, index) || generation != generation_ + 1 ||
        index >= view_.geometry().table_entries()) {
      state_ = ReaderState::corrupt;
      return;
    }
    std::uint64_t first = 0;
    if (!look({generation, index}, first)) {
      state_ = ReaderState::lost;
    } else if (first != next_sequence_) {
      state_ = ReaderState::corrupt;
    } else {
      offset_ = 0;
    }
  }

  /// Goes to a segment if it is still what it was said to be.
  [[nodiscard]] bool look(const FoundSegment& target, std::uint64_t& first) noexcept {
    // E3: with the generation come the first sequence and the cleared first word.
    if (view_.generation(target.index).load(std::memory_order::acquire) != target.generation) return false;
    // relaxed: E3 brought it; a later one is found out by still_here() (E5).
    first = view_.first_sequence(target.index).load(std::memory_order::relaxed);
    const std::uint64_t generation = std::exchange(generation_, target.generation);
    const std::uint32_t index = std::exchange(index_, target.index);
    if (!still_here()) {
      generation_ = generation;
      index_ = index;
      return false;
    }
    segment_ = view_.segment(target.index);
    return true;
  }

  /// Goes to the last keyframe where state is wanted, or to the oldest segment that can be read, or else to the newest.
  /// `sequence` is that of the event which comes next there.
  [[nodiscard]] bool look_further(std::uint64_t& sequence) noexcept {
    const auto oldest = oldest_segment(view_);
    // As RingReader::enter: never back.
    if (oldest && oldest->generation <= generation_) {
      state_ = ReaderState::corrupt;
      return false;
    }
    offset_ = 0;
    const bool oldest_first = oldest && (!wants_state_ || misses_nothing_at(*oldest));
    if (oldest_first && look(*oldest, sequence)) return true;
    if (wants_state_) {
      if (look_at_keyframe(sequence)) return true;
      if (state_ == ReaderState::corrupt) return false;
      offset_ = 0;
      if (oldest && look(*oldest, sequence)) return true;
    }
    const auto newest = newest_segment(view_);
    return newest && look(*newest, sequence);
  }

  /// As RingReader: a hint, of a moment ago.
  [[nodiscard]] bool misses_nothing_at(const FoundSegment& oldest) const noexcept {
    // relaxed: whoever goes there looks again.
    return !owed_state_ &&
           view_.first_sequence(oldest.index).load(std::memory_order::relaxed) == next_sequence_;
  }

  /// Stands before the last keyframe; false where there is none.
  [[nodiscard]] bool look_at_keyframe(std::uint64_t& sequence) noexcept {
    for (std::uint32_t i = 0; i < keyframe_looks_max; ++i) {
      // E9: with the position comes the keyframe.
      const std::uint64_t position = view_.keyframe_position().load(std::memory_order::acquire);
      if (position == 0) return false;
      const auto target = segment_of_position(view_, position);
      std::uint64_t first = 0;
      if (!target) continue;  // withdrawn: by then the position is another one
      const bool usable = target->generation > generation_ &&
                          stands_at(offset_of_position(position, view_.geometry().segment_size), *target);
      if (!usable) {
        state_ = ReaderState::corrupt;
        return false;
      }
      if (!look(*target, first)) continue;
      // relaxed: E9, by the load of its position.
      const std::uint64_t word = segment_.word(offset_).load(std::memory_order::relaxed);
      if (!still_here()) continue;
      sequence = sequence_behind(word, first);
      if (is_keyframe(word)) return true;
      state_ = ReaderState::corrupt;
      return false;
    }
    return false;
  }

  /// Goes on at `offset` of a segment, if a record can begin there.
  [[nodiscard]] bool stands_at(std::uint64_t offset, const FoundSegment& segment) noexcept {
    offset_ = offset;
    return offset % 8 == 0 && offset <= last_place(view_.geometry().segment_length(segment.index));
  }

  /// As RingReader::enter.
  [[nodiscard]] bool enter(Next& found) noexcept {
    std::uint64_t first = 0;
    if (state_ == ReaderState::entering) {
      const auto target = find_segment(view_, generation_);
      if (target && look(*target, first)) {
        const bool usable = stands_at(offset_, *target);
        state_ = usable ? ReaderState::reading : ReaderState::corrupt;
        return usable;
      }
      state_ = ReaderState::lost;
    }
    if (!look_further(first)) return false;
    const std::uint64_t count = first - next_sequence_;
    if (static_cast<std::int64_t>(count) < 0) {
      state_ = ReaderState::corrupt;
      return false;
    }
    state_ = ReaderState::reading;
    if (count == 0) return true;
    found.kind = Next::Kind::gap;
    found.gap = {next_sequence_, count};
    next_sequence_ = first;
    owed_state_ = wants_state_;
    return false;
  }

  typename View::Segment segment_;
  std::uint64_t next_sequence_;
  std::uint64_t offset_;
  std::uint64_t generation_;
  std::uint32_t index_ = 0;
  ReaderState state_ = ReaderState::entering;
  bool wants_state_;
  bool owed_state_;  // the next keyframe is given out
  View view_;
  std::unique_ptr<std::uint64_t[]> copy_;
  std::unique_ptr<std::uint64_t[]> large_copy_;
};

using CopyingReader = BasicCopyingReader<>;

/// For who has no writer to ask: before the oldest event that can be read now.
/// Nothing while there is no segment.
template <class View>
[[nodiscard]] std::optional<Cursor> start_of_oldest(const View& view) noexcept {
  for (std::uint32_t attempt = 0; attempt < 8; ++attempt) {
    const auto oldest = oldest_segment(view);
    if (!oldest) continue;
    // relaxed: E3 brought it; the generation is looked at again behind it.
    const std::uint64_t first = view.first_sequence(oldest->index).load(std::memory_order::relaxed);
    // E5: as every copying read.
    View::Atomics::fence(std::memory_order::acquire);
    // relaxed: E5, by the fence above.
    if (view.generation(oldest->index).load(std::memory_order::relaxed) == oldest->generation)
      return Cursor{oldest->generation, 0, first};
  }
  return std::nullopt;
}

}  // namespace ringside::shm
