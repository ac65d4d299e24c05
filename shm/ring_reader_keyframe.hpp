// SPDX-License-Identifier: Apache-2.0
//
// The part of the ring reader that knows keyframes; its contract is ring_reader.hpp's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "shm/ring_reader.hpp"

namespace ringside::shm {

/// A keyframe, by its word. True: it is owed, and `next` is it; else it was passed over, or is none.
template <class View>
bool BasicRingReader<View>::pass_keyframe(std::uint64_t word, Next& next) noexcept {
  const std::uint64_t place = offset_;
  const std::uint64_t after = next_place(place, length_bits(word));
  if (word != keyframe_word(next_sequence_ - 1, length_bits(word)) || after > last_place_) {
    fail();
    return false;
  }
  offset_ = after;
  if (!owed_state_) return false;
  owed_state_ = false;
  next.kind = Next::Kind::keyframe;
  next.record.payload = segment_.bytes(place + record_header_size);
  next.record.size = length_bits(word);
  // relaxed: E1 brought them.
  next.record.time_ns = static_cast<std::int64_t>(
      segment_.word(place + offsetof(RecordHeader, time_ns)).load(std::memory_order::relaxed));
  // relaxed: E1 brought it.
  next.record.kind = static_cast<std::uint32_t>(
      segment_.word(place + offsetof(RecordHeader, kind)).load(std::memory_order::relaxed));
  next.record.sequence = next_sequence_ - 1;
  return true;
}

/// Whether a lapped reader can go on at the oldest event as if nothing had been: a hint, of a moment ago.
template <class View>
bool BasicRingReader<View>::misses_nothing_at(const FoundSegment& oldest) const noexcept {
  // relaxed: whoever pins the segment looks again.
  return !owed_state_ &&
         view_.first_sequence(oldest.index).load(std::memory_order::relaxed) == next_sequence_;
}

/// Pins the segment of the last keyframe, and stands before that; nothing where there is none.
template <class View>
std::optional<FoundSegment> BasicRingReader<View>::pin_keyframe() noexcept {
  for (std::uint32_t look = 0; look < keyframe_looks_max; ++look) {
    // E9: with the position comes the keyframe.
    const std::uint64_t position = view_.keyframe_position().load(std::memory_order::acquire);
    if (position == 0) break;
    const auto target = segment_of_position(view_, position);
    if (!target) continue;  // withdrawn: by then the position is another one
    // As in enter(): never back.
    if (target->generation <= generation_) {
      fail();
      break;
    }
    if (!pin(*target)) continue;
    offset_ = offset_of_position(position, view_.geometry().segment_size);
    return target;
  }
  return std::nullopt;
}

/// Goes on at the keyframe before which it stands, and tells what was missed.
template <class View>
bool BasicRingReader<View>::take_up_keyframe(const FoundSegment& target, Next& next) noexcept {
  if (offset_ % 8 != 0 || offset_ > last_place_) {
    fail();
    return false;
  }
  // relaxed: E9, by the load of its position.
  const std::uint64_t word = segment_.word(offset_).load(std::memory_order::relaxed);
  if (!is_keyframe(word)) {
    fail();
    return false;
  }
  // relaxed: E3, by the check in pin().
  const std::uint64_t first = view_.first_sequence(target.index).load(std::memory_order::relaxed);
  return go_on_at(sequence_behind(word, first), next);
}

}  // namespace ringside::shm
