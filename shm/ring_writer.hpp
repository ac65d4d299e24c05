// SPDX-License-Identifier: Apache-2.0
//
// The one end that writes a ring.
//
// Threads   : one at a time, the holder of the topic's writing role; taking the role over orders what came before.
// Progress  : wait-free but for the kernel: publish() of a record that fits is some stores; a roll scans every pin word
//             once. Nothing waits for a reader. publish() and commit() never ring; ring() does, once a batch.
// Isolation : no reader can change what the writer does, except that what it pins is set aside, within its own K words,
//             and that a reliable one extends the window, by B segments at most: then it is evicted.
// Ordering  : E1 commit word, release -> acquire: record, and the cleared word after it.
//             E2 withdraw, then scan | pin, then check; all four seq_cst: one of the two sees the other.
//             E3 new generation, release -> load on entering: first sequence, cleared first word.
//             E4 a pin word given back, release -> scan: its reads are over before the segment is written again.
//             E5 withdrawal, release fence, overwriting | copy, acquire fence, generation again (copying readers).
//             E7 evicted word, then withdrawal: a reliable reader that finds itself lapped finds itself evicted.
//             E9 keyframe position, release -> acquire of a reader that asks for state: the keyframe is whole.
//             E20, E21 wake flags (doorbell.hpp).
// Loss      : none at this end: an event refused (too_large, no_space) took no sequence. Readers lose what leaves the
//             window, and are told exactly; reliable ones lose nothing until they are evicted, and are told of that.
// Crash     : if the writer dies after, in program order,
//             the next word cleared      : nothing to see, the commit word before it is still 0;
//             payload, time, kind        : the same (a claimed place's payload may come first);
//             the commit word            : the record is whole and the tail ends in a 0.
//             In a roll: generation := 0 : the oldest segment is gone, pins on it stand;
//             first word, first sequence : nothing to see, the segment has no generation;
//             the new generation         : an empty newest segment, not linked yet: readers wait in the old one;
//             the LINK's generation      : the same; its commit word: readers pass over.
//             Of a keyframe, its word    : whole, and passed over; the position names the one before, or none;
//             the position               : readers of state begin there. It is 0 before its segment is withdrawn.
// Trust     : pin words and flags come from clients: one load each, only compared.
// Memory    : its books are allocated when it is made; after that nothing is allocated but by add_subscriber().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "shm/assert.hpp"
#include "shm/doorbell.hpp"
#include "shm/expected.hpp"
#include "shm/ring_backing.hpp"
#include "shm/ring_memory.hpp"
#include "shm/ring_pool.hpp"
#include "shm/ring_record.hpp"
#include "shm/ring_subscribers.hpp"

namespace ringside::shm {

enum class PublishError : std::uint8_t {
  too_large,  // above payload_size_max() of the geometry: publish_large()
  no_space,   // the system has no page left and readers pin every segment that there is
};

template <class Memory = RingMemory, class Backing = RingBacking>
class BasicRingWriter {
 public:
  using Atomics = typename Memory::Atomics;
  using Subscriber = BasicSubscriber<Atomics>;

  /// Opens segment 0 of a new ring. Requires: `memory` is zero behind its header, and `backing` has backed at
  /// least one page of segment 0. What they refer to outlives this. A ring may begin at any generation but 0:
  /// a daemon's begins at 1, one that tests where integers end, elsewhere.
  BasicRingWriter(Memory memory, Backing backing, std::uint64_t first_sequence,
                  std::uint64_t first_generation = 1)
      : sequence_(first_sequence),
        told_sequence_(first_sequence),
        memory_(memory),
        backing_(backing),
        pool_(memory.geometry()),
        subscribers_(memory.geometry().subscription_max, memory.geometry().pins_per_subscription),
        pinned_(memory.geometry().window_segments_extended()) {
    RINGSIDE_ASSERT(pool_.backed(0, backing_.mark()) >= segment_size_min);
    pool_.take_unused(0);
    RINGSIDE_ASSERT(first_generation != 0);
    freed_large_.reserve(memory.geometry().large_segments);
    open(0, first_generation);
    tell_window();
    tell_backed();
  }
  BasicRingWriter(const BasicRingWriter&) = delete;
  BasicRingWriter& operator=(const BasicRingWriter&) = delete;
  BasicRingWriter(BasicRingWriter&&) noexcept = default;
  BasicRingWriter& operator=(BasicRingWriter&&) noexcept = default;
  ~BasicRingWriter() = default;

  /// Room for a payload of up to `size` bytes, aligned to 8, to be written in place and then committed; left alone or
  /// claimed again, it never happened. May roll. Null where it cannot be had: refusal() says why. (No `expected`: that comes
  /// back over the stack, stored in two pieces and loaded in one, for which the processor waits until all stores before it
  /// have reached the cache, those to lines that a reader has among them: 20 ns an event instead of 6.)
  [[nodiscard]] std::byte* claim(std::uint32_t size) noexcept {
    if (next_place(offset_, size) > limit_) [[unlikely]] {
      if (const auto error = make_room(size)) {
        refusal_ = *error;
        return nullptr;
      }
    }
    claimed_ = size;
    return segment_.bytes(offset_ + record_header_size);
  }
  /// Whether a payload of that size finds room without a roll, or more backing.
  [[nodiscard]] bool fits(std::uint64_t size) const noexcept { return next_place(offset_, size) <= limit_; }
  /// Of the last claim that gave null.
  [[nodiscard]] PublishError refusal() const noexcept { return refusal_; }

  /// Publishes the first `size` bytes of what was claimed; returns the event's sequence. Requires a claim of at least
  /// `size` since the last commit.
  std::uint64_t commit(std::uint32_t size, std::uint32_t kind, std::int64_t time_ns) noexcept {
    RINGSIDE_ASSERT(size <= claimed_);
    claimed_ = 0;
    return stamp(reserve(size), size, kind, time_ns);
  }

  /// Copies the payload into the ring and commits it; returns its sequence.
  [[nodiscard]] expected<std::uint64_t, PublishError> publish(std::span<const std::byte> payload,
                                                              std::uint32_t kind,
                                                              std::int64_t time_ns) noexcept {
    if (next_place(offset_, payload.size()) > limit_) [[unlikely]] {
      if (const auto error = make_room(payload.size())) return unexpected(*error);
    }
    const Reserved reserved = reserve(payload.size());
    reserved.segment.write(reserved.place + record_header_size, payload.data(), payload.size());
    return stamp(reserved, static_cast<std::uint32_t>(payload.size()), kind, time_ns);
  }

  /// Publishes what already lies in a large segment, `record_header_size` bytes into it. `index` is one that large_segments.hpp
  /// gave out, backed to `length` bytes, a place for the successor and a LINK included; it is the ring's until
  /// take_freed_large() names it. Cannot fail. Returns the event's sequence.
  std::uint64_t publish_large(std::uint32_t index, std::uint32_t length, std::uint32_t size,
                              std::uint32_t kind, std::int64_t time_ns) noexcept;

  /// Publishes the state so far, as a record of no sequence that includes every event up to the last: readers that ask for
  /// state begin there, others pass over it. May roll. What was claimed before is void.
  [[nodiscard]] expected<void, PublishError> publish_keyframe(std::span<const std::byte> payload,
                                                              std::uint32_t kind,
                                                              std::int64_t time_ns) noexcept;
  /// The same for what lies in a large segment, as publish_large() says it.
  void publish_large_keyframe(std::uint32_t index, std::uint32_t length, std::uint32_t size,
                              std::uint32_t kind, std::int64_t time_ns) noexcept;
  /// Before the last keyframe that can be read; its next sequence is that of the event behind it.
  [[nodiscard]] std::optional<Cursor> keyframe() const noexcept { return keyframe_; }

  /// A large segment that the ring is done with: nobody reads it, or will.
  [[nodiscard]] std::optional<std::uint32_t> take_freed_large() noexcept {
    if (freed_large_.empty()) return std::nullopt;
    const std::uint32_t index = freed_large_.back();
    freed_large_.pop_back();
    return index;
  }

  /// Gives up history until a large segment is free (take_freed_large()), also what a reliable subscription is owed.
  /// False: all that there are are pinned, or not the ring's.
  bool free_large() noexcept;

  /// Wakes the subscribers that sleep: once a batch, after its commits. A system call for each sleeper, else none.
  void ring() noexcept { ring(ring_doorbell); }
  template <class Bell>
  void ring(Bell&& bell) noexcept {
    const std::uint32_t woken = subscribers_.ring(bell);
    if (woken != 0) count<&RingCounters::bells>(woken);
    tell_published();
  }

  /// Backs ahead of need what the next publishes and the next roll will use.
  /// Makes system calls; to be called where nobody waits for it.
  void prepare() noexcept;

  /// From now on its pins keep segments, and ring() looks at its flag.
  /// What it may read begins at a cursor taken after this.
  [[nodiscard]] expected<SubscriberId, SubscribeFault> add_subscriber(const Subscriber& subscriber) {
    auto added = subscribers_.add(subscriber);
    tell<&RingCounters::subscribers>(subscribers_.size());
    return added;
  }
  /// It is owed every event from `cursor` on, one of latest(), oldest() or find() since the last publish: what it has not
  /// consumed, as its acknowledged word says, stays in the window, which becomes B segments longer for as long as there is
  /// such a subscription. What the word says counts if it grows and is not ahead of the ring. A reader that needs more than
  /// that is evicted.
  void make_reliable(SubscriberId id, const Cursor& cursor) noexcept {
    subscribers_.make_reliable(id, cursor.next_sequence);
  }
  /// The same from `keyframe` on, which stays as well until it was shown.
  void make_reliable_from_keyframe(SubscriberId id, const Cursor& keyframe) noexcept {
    subscribers_.make_reliable(id, keyframe.next_sequence - 1);
  }
  /// Requires that it reads no more, or is proven dead: what it pinned may be overwritten.
  void remove_subscriber(SubscriberId id) noexcept {
    subscribers_.remove(id);
    tell<&RingCounters::subscribers>(subscribers_.size());
  }
  /// How many more segments can be opened before a reliable subscription is evicted; nothing where there is none. For
  /// who would rather wait than lose a reader. A keyframe opens one as an event does: it knows nothing of those to come.
  [[nodiscard]] std::optional<std::uint32_t> rolls_before_eviction() noexcept;

  /// Behind the last event.
  [[nodiscard]] Cursor latest() const noexcept {
    return {pool_.newest().generation, static_cast<std::uint32_t>(offset_), sequence_};
  }
  /// Before the oldest event that can still be read.
  [[nodiscard]] Cursor oldest() const noexcept {
    return {pool_.live(0).generation, 0, pool_.live(0).first_sequence};
  }
  /// Before the event of this sequence; latest() for the next one; nothing if it has left the window or is to come
  /// later. Walks one segment.
  [[nodiscard]] std::optional<Cursor> find(std::uint64_t sequence) const noexcept;

  /// Calls visit(const Record&) for each event from `from` on, a cursor of this writer whose segment did not leave the window
  /// since. Reads what it wrote itself: no pin, no check.
  template <class Visit>
  void for_each_since(const Cursor& from, Visit&& visit) const;

  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return sequence_; }
  /// Bytes of all payloads, keyframes not among them.
  [[nodiscard]] std::uint64_t published_bytes() const noexcept { return bytes_; }
  [[nodiscard]] const RingGeometry& geometry() const noexcept { return memory_.geometry(); }
  /// What the ring's header tells as well; `events` and `bytes` as of the last ring().
  [[nodiscard]] const RingCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::uint32_t subscriber_count() const noexcept { return subscribers_.size(); }
  [[nodiscard]] std::uint32_t window_segments() const noexcept { return pool_.live_count(); }
  [[nodiscard]] std::uint32_t set_aside_segments() const noexcept { return pool_.set_aside_count(); }
  /// Bytes of the object that have pages.
  [[nodiscard]] std::uint64_t backed_bytes() const noexcept { return backing_.mark(); }

 private:
  // Where the record to come lies.
  struct Reserved {
    typename Memory::Segment segment;
    std::uint64_t place;
    std::uint64_t sequence;
  };

  /// First our own books, then the end behind the record to come, then (stamp) what lies on the line that
  /// readers poll: a store that waits for another line between two to that one lets a polling reader take it
  /// back, which costs up to half of the latency. The end must come before the commit anyway, or the stale bytes
  /// there could be taken for a record.
  [[nodiscard]] Reserved reserve(std::uint64_t size) noexcept {
    const Reserved reserved{segment_, offset_, sequence_};
    const std::uint64_t next = next_place(reserved.place, size);
    offset_ = next;
    sequence_ = reserved.sequence + 1;
    bytes_ += size;
    // relaxed: E1 publishes it.
    reserved.segment.word(next).store(0, std::memory_order::relaxed);
    return reserved;
  }

  /// Time, kind, commit.
  std::uint64_t stamp(const Reserved& at, std::uint32_t size, std::uint32_t kind,
                      std::int64_t time_ns) noexcept {
    // relaxed: E1 publishes it.
    at.segment.word(at.place + offsetof(RecordHeader, time_ns))
        .store(static_cast<std::uint64_t>(time_ns), std::memory_order::relaxed);
    // relaxed: E1 publishes it; the upper half is the reserved word.
    at.segment.word(at.place + offsetof(RecordHeader, kind)).store(kind, std::memory_order::relaxed);
    // E1: the record, whole, and the end behind it.
    at.segment.word(at.place).store(commit_word(at.sequence, size), std::memory_order::release);
    take_lines_ahead();
    return at.sequence;
  }

  /// Makes the next lines this core's own, after the commit, when nobody waits for it: a store to a line that a reader's
  /// core has from the last time round waits for that core, and behind it the commit. Brought one way at 128
  /// bytes from 2.9 to 2.1 times the bare line.
  void take_lines_ahead() noexcept {
    const std::uint64_t end = std::min(offset_ + lines_ahead * cache_line_size, limit_ + 1);
    taken_ = std::max(taken_, (offset_ + cache_line_size - 1) & ~std::uint64_t{cache_line_size - 1});
    for (; taken_ < end; taken_ += cache_line_size)
      segment_.take_line(taken_);
  }

  [[nodiscard]] std::optional<PublishError> make_room(std::uint64_t size) noexcept;
  [[nodiscard]] std::optional<std::uint32_t> take_segment(std::uint32_t size) noexcept;
  [[nodiscard]] std::optional<std::uint32_t> back_segment(std::uint32_t size) noexcept;
  [[nodiscard]] std::optional<std::uint32_t> shrink_window(std::uint32_t size) noexcept;
  [[nodiscard]] bool extend() noexcept;
  void trim_window() noexcept;
  void withdraw_oldest() noexcept;
  void commit_keyframe(std::uint32_t size, std::uint32_t kind, std::int64_t time_ns) noexcept;
  void reclaim() noexcept;
  void roll(std::uint32_t index) noexcept;
  void roll_to_large(std::uint32_t index, std::uint32_t length, std::uint32_t size) noexcept;
  void open(std::uint32_t index, std::uint64_t generation) noexcept;

  // What the header tells is stored where it changes; only this thread does so.
  template <std::uint64_t RingCounters::*counter>
  void tell(std::uint64_t value) noexcept {
    counters_.*counter = value;
    const auto* begin = static_cast<const void*>(&counters_);
    const auto* at = static_cast<const void*>(&(counters_.*counter));
    const auto offset = static_cast<const std::byte*>(at) - static_cast<const std::byte*>(begin);
    // relaxed: a number that stands for itself.
    memory_.counter(static_cast<std::size_t>(offset)).store(value, std::memory_order::relaxed);
  }
  template <std::uint64_t RingCounters::*counter>
  void count(std::uint64_t more = 1) noexcept {
    tell<counter>(counters_.*counter + more);
  }
  void tell_published() noexcept {
    if (sequence_ == told_sequence_) return;
    count<&RingCounters::events>(sequence_ - told_sequence_);
    tell<&RingCounters::bytes>(bytes_);
    told_sequence_ = sequence_;
  }
  void tell_window() noexcept {
    tell<&RingCounters::window_segments>(pool_.live_count());
    tell<&RingCounters::set_aside>(pool_.set_aside_count());
  }
  void tell_backed() noexcept { tell<&RingCounters::backed_bytes>(backing_.mark()); }

  static constexpr std::uint64_t lines_ahead = 4;

  // What every publish touches, on a line of its own.
  alignas(cache_line_size) typename Memory::Segment segment_;
  std::uint64_t offset_ = 0;
  std::uint64_t limit_ = 0;  // the last place where a successor may begin
  std::uint64_t sequence_;
  std::uint64_t taken_ = 0;  // lines of the segment before this were made our own
  std::uint64_t bytes_ = 0;  // published
  std::uint32_t claimed_ = 0;
  PublishError refusal_ = PublishError::no_space;
  // What a ring() touches.
  std::uint64_t told_sequence_;
  // What a roll touches.
  alignas(cache_line_size) Memory memory_;
  Backing backing_;
  RingPool pool_;
  BasicRingSubscribers<Atomics> subscribers_;
  std::vector<std::uint32_t> freed_large_;
  std::vector<bool> pinned_;        // of each segment of the window, while it shrinks
  bool prepare_failed_ = false;     // no further try before the next roll
  std::optional<Cursor> keyframe_;  // what the header's position says
  RingCounters counters_;
};

using RingWriter = BasicRingWriter<>;
using Subscriber = BasicSubscriber<SystemAtomics>;

}  // namespace ringside::shm

#include "shm/ring_writer_keyframe.hpp"
#include "shm/ring_writer_roll.hpp"
