// SPDX-License-Identifier: Apache-2.0
//
// A subscription's end: reads a ring in place, under pins.
//
// Threads   : one at a time; events that are held count as part of it.
// Progress  : wait-free: poll() is bounded by its limit and by the size of the table; an
//             empty poll is one acquire load.
// Isolation : maps the ring read-only, writes its own K pin words and what it has consumed, and nothing else. Cannot
//             delay the writer.
// Ordering  : E1 commit word; E2 pin, then check; E3 generation, then first sequence; E4 pin
//             given back; E9 keyframe position, then the keyframe (ring_writer.hpp).
// Loss      : told: a lapped reader gets one Gap that names exactly what it missed, before the next
//             event, and goes on at the oldest event that can be read, or, lapped again on the way
//             there, at the newest segment; one that asked for state at the last keyframe, which it is given before any
//             event, or at the first one that comes.
// Crash     : of the writer: what is committed stays readable for as long as the mapping lives. Of the
//             reader: its pins stay until agentd has proof of its death.
// Trust     : the writer; but whatever stands in the ring, no address outside the mapping is computed from
//             it: what no writer of ours says ends in ReaderState::corrupt.
// Memory    : no allocation but in hold() beyond K - 1 segments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "shm/assert.hpp"
#include "shm/poll_backoff.hpp"
#include "shm/ring_memory.hpp"
#include "shm/ring_pins.hpp"
#include "shm/ring_record.hpp"
#include "shm/ring_search.hpp"

namespace ringside::shm {

/// An event kept beyond its poll, whole whatever the writer does.
/// Must end before its reader does, on its thread.
template <class Atomics>
class BasicHeld {
 public:
  BasicHeld() noexcept = default;
  BasicHeld(BasicHeld&& other) noexcept
      : record_(std::exchange(other.record_, {})),
        pins_(std::exchange(other.pins_, nullptr)),
        word_(other.word_),
        copy_(std::move(other.copy_)) {}
  BasicHeld& operator=(BasicHeld&& other) noexcept {
    if (this == &other) return *this;
    reset();
    record_ = std::exchange(other.record_, {});
    pins_ = std::exchange(other.pins_, nullptr);
    word_ = other.word_;
    copy_ = std::move(other.copy_);
    return *this;
  }
  BasicHeld(const BasicHeld&) = delete;
  BasicHeld& operator=(const BasicHeld&) = delete;
  ~BasicHeld() { reset(); }

  [[nodiscard]] const Record& record() const noexcept { return record_; }
  /// Whether it had to be copied, since too many segments were held.
  [[nodiscard]] bool copied() const noexcept { return copy_ != nullptr; }

  /// Gives it back; record() is empty afterwards.
  void reset() noexcept {
    record_ = {};
    copy_.reset();
    if (auto* pins = std::exchange(pins_, nullptr)) pins->release(word_);
  }

 private:
  template <class View>
  friend class BasicRingReader;

  BasicHeld(const Record& record, BasicRingPins<Atomics>& pins, std::uint32_t word) noexcept
      : record_(record), pins_(&pins), word_(word) {}
  explicit BasicHeld(const Record& record)
      : record_(record), copy_(new std::byte[record.size > 0 ? record.size : 1]) {
    Atomics::copy_out(copy_.get(), record.payload, record.size);
    record_.payload = copy_.get();
  }

  Record record_;
  BasicRingPins<Atomics>* pins_ = nullptr;
  std::uint32_t word_ = 0;
  std::unique_ptr<std::byte[]> copy_;
};

/// What next() found.
struct Next {
  enum class Kind : std::uint8_t { nothing, record, gap, keyframe };
  Kind kind = Kind::nothing;
  Record record;  // an event, or a keyframe
  Gap gap;
};

template <class View = RingView>
class BasicRingReader {
 public:
  using Atomics = typename View::Atomics;
  using Word = typename BasicRingPins<Atomics>::Word;
  using Held = BasicHeld<Atomics>;

  /// Goes on at `cursor`, as the writer's grant named it. `pins` are the subscription's words, all
  /// 0, and known to the writer since before the cursor was taken. `acknowledged`, where it is given, is kept at the first
  /// sequence that was not consumed: stored after each poll, and at each change of segments; one less while the keyframe
  /// that it waits for was not shown. The memories outlive this, and this outlives what it holds.
  BasicRingReader(View view, const Cursor& cursor, Word* pins, Word* acknowledged = nullptr,
                  StateWish wish = StateWish::none) noexcept
      : next_sequence_(cursor.next_sequence),
        offset_(cursor.offset),
        last_place_(last_place(view.geometry().segment_size)),
        acknowledged_(acknowledged),
        wants_state_(wish != StateWish::none),
        owed_state_(wish == StateWish::at_once),
        generation_(cursor.generation),
        view_(view),
        pins_(pins, view.geometry().pins_per_subscription) {
    acknowledge();
  }
  BasicRingReader(const BasicRingReader&) = delete;
  BasicRingReader& operator=(const BasicRingReader&) = delete;
  ~BasicRingReader() {
    close();
    RINGSIDE_ASSERT(pins_.held_segments() == 0);
  }

  /// Calls on_record(const Record&) for each event that is there, in order, in place, up to `limit` of them,
  /// and on_gap(const Gap&) before the first event after a loss. Returns how many events. What a handler is
  /// given may be read until it returns; if it throws, the event is consumed.
  template <class OnRecord, class OnGap>
  std::size_t poll(OnRecord&& on_record, OnGap&& on_gap, std::size_t limit) {
    return poll(on_record, on_gap, on_record, limit);
  }
  /// The same for who asked for state: calls on_keyframe(const Record&) where it begins, and behind a gap. Keyframes count.
  template <class OnRecord, class OnGap, class OnKeyframe>
  std::size_t poll(OnRecord&& on_record, OnGap&& on_gap, OnKeyframe&& on_keyframe, std::size_t limit) {
    std::size_t count = 0;
    bool caught_up = false;
    Next next;
    backoff_.before_look();
    while (count < limit) {
      advance(next);
      if (next.kind == Next::Kind::nothing) [[unlikely]] {
        caught_up = true;
        break;
      }
      if (next.kind == Next::Kind::record) [[likely]] {
        if (++count > backlog_count) segment_.prefetch(offset_ + prefetch_distance);
        on_record(std::as_const(next.record));
      } else if (next.kind == Next::Kind::gap) {
        on_gap(std::as_const(next.gap));
      } else {
        ++count;
        on_keyframe(std::as_const(next.record));
      }
    }
    if (count != 0) acknowledge();
    backoff_.after_look(count, caught_up);
    return count;
  }

  /// One event, gap or keyframe; the event may be read until the next call of next(), poll() or close().
  [[nodiscard]] Next next() noexcept {
    Next next;
    acknowledge();
    advance(next);
    return next;
  }

  /// Keeps an event beyond its handler, or beyond the next call of next(). Requires that `record` is the
  /// one last given out by this reader. Up to pins_per_subscription - 1 segments are held in place;
  /// further events are copied.
  [[nodiscard]] Held hold(const Record& record) {
    RINGSIDE_ASSERT(record.sequence + 1 == next_sequence_ && state_ == ReaderState::reading);
    if (const auto word = pins_.hold()) return Held(record, pins_, *word);
    return Held(record);
  }

  /// Whether a poll may find something. For arm(): after a full fence (E20). Passes over what it would find nothing in, and
  /// may leave the segment for it; not if `may_move` is false, for who still reads the last event: then a poll has to look.
  [[nodiscard]] bool has_news(bool may_move = true) noexcept {
    while (state_ == ReaderState::reading) {
      // E1: as poll() does.
      const std::uint64_t found = segment_.word(offset_).load(std::memory_order::acquire);
      if (found == 0) return false;
      if (!may_move || (!is_link(found) && (owed_state_ || !is_keyframe(found)))) return true;
      Next passed;
      static_cast<void>(follow(found, passed));
    }
    return state_ == ReaderState::entering || state_ == ReaderState::lost;
  }

  /// The keyframe last given out was none: the next one is given out as well.
  void owe_state() noexcept { owed_state_ = wants_state_; }

  /// Reads no more. The cursor's pin is given back, that of what is held stays.
  void close() noexcept {
    pins_.leave();
    state_ = ReaderState::closed;
  }

  [[nodiscard]] ReaderState state() const noexcept { return state_; }
  /// Where it goes on.
  [[nodiscard]] Cursor cursor() const noexcept {
    return {generation_, static_cast<std::uint32_t>(offset_), next_sequence_};
  }
  [[nodiscard]] std::uint32_t held_segments() const noexcept { return pins_.held_segments(); }

 private:
  [[gnu::always_inline]] void advance(Next& next) noexcept {
    for (;;) {
      if (state_ != ReaderState::reading) [[unlikely]] {
        next.kind = Next::Kind::nothing;
        if (!enter(next)) return;
      }
      // E1: with the commit word comes its record, and the cleared word behind it.
      const std::uint64_t word = segment_.word(offset_).load(std::memory_order::acquire);
      if (word == 0) {
        next.kind = Next::Kind::nothing;
        return;
      }
      // Nothing but the length may differ from what is expected: flags and sequence in one test.
      const std::uint64_t length = (word ^ commit_word_base(next_sequence_)) >> commit_length_shift;
      const std::uint64_t after = next_place(offset_, length);
      if (((word ^ commit_word_base(next_sequence_)) & ~commit_length_mask) != 0 || after > last_place_)
          [[unlikely]] {
        if (follow(word, next)) return;
        continue;
      }
      next.kind = Next::Kind::record;
      next.record.payload = segment_.bytes(offset_ + record_header_size);
      next.record.size = static_cast<std::uint32_t>(length);
      // relaxed: E1 brought them.
      next.record.time_ns = static_cast<std::int64_t>(
          segment_.word(offset_ + offsetof(RecordHeader, time_ns)).load(std::memory_order::relaxed));
      // relaxed: E1 brought it.
      next.record.kind = static_cast<std::uint32_t>(
          segment_.word(offset_ + offsetof(RecordHeader, kind)).load(std::memory_order::relaxed));
      next.record.sequence = next_sequence_++;
      offset_ = after;
      return;
    }
  }

  /// Everything before next_sequence_ was consumed.
  void acknowledge() noexcept {
    // relaxed: it frees nothing by itself (ring_subscribers.hpp).
    if (acknowledged_ != nullptr)
      acknowledged_->store(next_sequence_ - (owed_state_ ? 1 : 0), std::memory_order::relaxed);
  }

  [[gnu::noinline]] bool follow(std::uint64_t word, Next& next) noexcept;
  [[gnu::noinline]] bool enter(Next& next) noexcept;
  [[nodiscard]] bool pin(const FoundSegment& target) noexcept;
  [[nodiscard]] bool take_up(const FoundSegment& target, Next& next) noexcept;
  [[nodiscard]] bool take_up_keyframe(const FoundSegment& target, Next& next) noexcept;
  [[nodiscard]] bool go_on_at(std::uint64_t sequence, Next& next) noexcept;
  [[nodiscard]] bool pass_keyframe(std::uint64_t word, Next& next) noexcept;
  [[nodiscard]] bool misses_nothing_at(const FoundSegment& oldest) const noexcept;
  [[nodiscard]] std::optional<FoundSegment> pin_keyframe() noexcept;
  void fail() noexcept {
    pins_.leave();
    state_ = ReaderState::corrupt;
  }

  // A poll that has taken this many events has a backlog before it, and fetches ahead: where the next record begins
  // stands in the last one, so the processor cannot. Not earlier: it would take lines that are being written.
  static constexpr std::size_t backlog_count = 4;
  static constexpr std::uint64_t prefetch_distance = 1024;

  // What every poll touches.
  typename View::Segment segment_;
  std::uint64_t next_sequence_;
  std::uint64_t offset_;
  std::uint64_t last_place_;
  ReaderState state_ = ReaderState::entering;
  Word* acknowledged_;
  PollBackoff backoff_;
  // What a change of segments touches, or a keyframe.
  bool wants_state_;
  bool owed_state_;  // the next keyframe is given out
  std::uint64_t generation_;
  View view_;
  BasicRingPins<Atomics> pins_;
};

/// A word that is no event: passes over a keyframe, or to the next segment, or stops. True: `next` is a keyframe.
template <class View>
bool BasicRingReader<View>::follow(std::uint64_t word, Next& next) noexcept {
  if (is_keyframe(word)) return pass_keyframe(word, next);
  const std::uint32_t index = length_bits(word);
  // relaxed: E1 brought it with the LINK's commit word.
  const std::uint64_t generation =
      segment_.word(offset_ + offsetof(LinkRecord, generation)).load(std::memory_order::relaxed);
  const bool is_link = word == link_word(next_sequence_, index) && generation == generation_ + 1 &&
                       index < view_.geometry().table_entries();
  if (!is_link) {
    fail();
    return false;
  }
  pins_.leave();
  if (!pin({generation, index})) {
    state_ = ReaderState::lost;
    return false;
  }
  offset_ = 0;
  // relaxed: E3, by the check in pin().
  if (view_.first_sequence(index).load(std::memory_order::relaxed) != next_sequence_) fail();
  return false;
}

/// Pins the segment for the cursor; true if it is what it was said to be, and so stays.
template <class View>
bool BasicRingReader<View>::pin(const FoundSegment& target) noexcept {
  pins_.enter(target.generation);
  // E2: after the pin: a withdrawal that the writer's scan made before it saw the pin shows here.
  // E3: with the generation come the first sequence and the cleared first word.
  if (view_.generation(target.index).load(std::memory_order::seq_cst) != target.generation) {
    // E7: and with the withdrawal the evicted word.
    pins_.leave();
    return false;
  }
  generation_ = target.generation;
  segment_ = view_.segment(target.index);
  last_place_ = last_place(view_.geometry().segment_length(target.index));
  acknowledge();
  return true;
}

/// Enters the segment that the cursor names, or, lapped, that of the last keyframe where state is wanted, or the oldest, or
/// else the newest. True: go on reading.
template <class View>
bool BasicRingReader<View>::enter(Next& next) noexcept {
  if (state_ == ReaderState::corrupt || state_ == ReaderState::closed) return false;
  if (state_ == ReaderState::entering) {
    const auto target = find_segment(view_, generation_);
    if (target && pin(*target)) {
      state_ = ReaderState::reading;
      if (offset_ % 8 == 0 && offset_ <= last_place_) return true;
      fail();
      return false;
    }
    state_ = ReaderState::lost;
  }
  const auto oldest = oldest_segment(view_);
  // Where it comes from was withdrawn, and so was all before it: a ring that leads back would lead round for ever.
  if (oldest && oldest->generation <= generation_) {
    fail();
    return false;
  }
  const bool oldest_first = oldest && (!wants_state_ || misses_nothing_at(*oldest));
  if (oldest_first && pin(*oldest)) return take_up(*oldest, next);
  if (wants_state_) {
    if (const auto target = pin_keyframe()) return take_up_keyframe(*target, next);
    if (state_ == ReaderState::corrupt) return false;
    if (oldest && pin(*oldest)) return take_up(*oldest, next);
  }
  if (const auto newest = newest_segment(view_); newest && pin(*newest)) return take_up(*newest, next);
  return false;
}

/// Goes on at the start of a pinned segment, and tells what was missed.
template <class View>
bool BasicRingReader<View>::take_up(const FoundSegment& target, Next& next) noexcept {
  // relaxed: E3, by the check in pin().
  const std::uint64_t first = view_.first_sequence(target.index).load(std::memory_order::relaxed);
  offset_ = 0;
  return go_on_at(first, next);
}

/// Reads on at offset_, where the event of that sequence comes next, and tells what was missed.
template <class View>
bool BasicRingReader<View>::go_on_at(std::uint64_t sequence, Next& next) noexcept {
  const std::uint64_t count = sequence - next_sequence_;
  // A lapped reader finds nothing from before its own place.
  if (static_cast<std::int64_t>(count) < 0) {
    fail();
    return false;
  }
  state_ = ReaderState::reading;
  if (count == 0) return true;
  next.kind = Next::Kind::gap;
  next.gap = {next_sequence_, count};
  next_sequence_ = sequence;
  owed_state_ = wants_state_;
  return false;
}

using RingReader = BasicRingReader<>;
using Held = RingReader::Held;

}  // namespace ringside::shm

#include "shm/ring_reader_keyframe.hpp"
