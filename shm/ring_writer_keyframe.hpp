// SPDX-License-Identifier: Apache-2.0
//
// The part of the ring writer that publishes keyframes, and reads back what they are made of; its contract is
// ring_writer.hpp's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "shm/ring_writer.hpp"

namespace ringside::shm {

template <class Memory, class Backing>
expected<void, PublishError> BasicRingWriter<Memory, Backing>::publish_keyframe(
    std::span<const std::byte> payload, std::uint32_t kind, std::int64_t time_ns) noexcept {
  const auto size = static_cast<std::uint32_t>(payload.size());
  // What is left of a large segment lies further in than a position can say: a segment of its own.
  if (geometry().is_large(pool_.newest().index)) {
    if (payload.size() > geometry().payload_size_max()) return unexpected(PublishError::too_large);
    const auto index = take_segment(static_cast<std::uint32_t>(next_place(0, size)) + link_size);
    if (!index) return unexpected(PublishError::no_space);
    roll(*index);
  } else if (next_place(offset_, payload.size()) > limit_) {
    if (const auto error = make_room(payload.size())) return unexpected(*error);
  }
  segment_.write(offset_ + record_header_size, payload.data(), payload.size());
  commit_keyframe(size, kind, time_ns);
  return {};
}

template <class Memory, class Backing>
void BasicRingWriter<Memory, Backing>::publish_large_keyframe(std::uint32_t index, std::uint32_t length,
                                                              std::uint32_t size, std::uint32_t kind,
                                                              std::int64_t time_ns) noexcept {
  roll_to_large(index, length, size);
  commit_keyframe(size, kind, time_ns);
}

/// What lies at offset_ behind the room for a header becomes the last keyframe.
template <class Memory, class Backing>
void BasicRingWriter<Memory, Backing>::commit_keyframe(std::uint32_t size, std::uint32_t kind,
                                                       std::int64_t time_ns) noexcept {
  const std::uint64_t place = offset_;
  claimed_ = 0;
  offset_ = next_place(place, size);
  // relaxed: E1 publishes it.
  segment_.word(offset_).store(0, std::memory_order::relaxed);
  // relaxed: E1 publishes it.
  segment_.word(place + offsetof(RecordHeader, time_ns))
      .store(static_cast<std::uint64_t>(time_ns), std::memory_order::relaxed);
  // relaxed: E1 publishes it; the upper half is the reserved word.
  segment_.word(place + offsetof(RecordHeader, kind)).store(kind, std::memory_order::relaxed);
  // E1: the record, whole, and the end behind it.
  segment_.word(place).store(keyframe_word(sequence_ - 1, size), std::memory_order::release);
  keyframe_ = Cursor{pool_.newest().generation, static_cast<std::uint32_t>(place), sequence_};
  const std::uint64_t position = keyframe_position(keyframe_->generation, place, geometry().segment_size);
  // E9: behind the commit word.
  memory_.keyframe_position().store(position, std::memory_order::release);
  take_lines_ahead();
  count<&RingCounters::keyframes>();
  count<&RingCounters::keyframe_bytes>(size);
}

template <class Memory, class Backing>
template <class Visit>
void BasicRingWriter<Memory, Backing>::for_each_since(const Cursor& from, Visit&& visit) const {
  auto rank = static_cast<std::uint32_t>(from.generation - pool_.live(0).generation);
  std::uint64_t offset = from.offset;
  for (std::uint64_t sequence = from.next_sequence; sequence != sequence_;) {
    RINGSIDE_ASSERT(rank < pool_.live_count());
    const auto segment = memory_.segment(pool_.live(rank).index);
    // relaxed: our own words, or those of who held the role before; here and below.
    const auto load = [&](std::uint64_t at) { return segment.word(at).load(std::memory_order::relaxed); };
    const std::uint64_t word = load(offset);
    if (is_link(word)) {
      ++rank;
      offset = 0;
      continue;
    }
    if (!is_keyframe(word)) {
      Record record;
      record.payload = segment.bytes(offset + record_header_size);
      record.size = length_bits(word);
      record.time_ns = static_cast<std::int64_t>(load(offset + offsetof(RecordHeader, time_ns)));
      record.kind = static_cast<std::uint32_t>(load(offset + offsetof(RecordHeader, kind)));
      record.sequence = sequence++;
      visit(std::as_const(record));
    }
    offset = next_place(offset, length_bits(word));
  }
}

}  // namespace ringside::shm
