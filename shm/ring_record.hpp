// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringside::shm {

/// A place between two records: where a reader goes on. The writer names it in every grant.
struct Cursor {
  std::uint64_t generation = 0;
  std::uint32_t offset = 0;         // inside the segment
  std::uint64_t next_sequence = 0;  // of the record that begins there, now or later

  friend constexpr bool operator==(const Cursor&, const Cursor&) = default;
};

/// One event, or keyframe, as a reader sees it. How long the payload may be read is said by who hands it out.
struct Record {
  const std::byte* payload = nullptr;  // aligned to 8
  std::uint32_t size = 0;
  std::uint32_t kind = 0;
  std::int64_t time_ns = 0;
  std::uint64_t sequence = 0;  // of a keyframe: of the last event that it includes
};

/// The events [first, first + count) are lost to this reader.
struct Gap {
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  friend constexpr bool operator==(const Gap&, const Gap&) = default;
};

/// What a reader wants of the keyframes that it comes by.
enum class StateWish : std::uint8_t {
  none,         // nothing: it reads events alone
  after_a_gap,  // one after each gap: it goes on at the last keyframe, rather than at the oldest event
  at_once,  // that, and the one that stands at its cursor; where that has left the window before it was pinned and there
  // is no newer one, events come without it, and no gap if none is missing: the state comes with the next one
};

enum class ReaderState : std::uint8_t {
  entering,  // knows where to go and has not been there yet
  reading,
  lost,     // lapped, and lapped again while it looked for a place: the next poll looks further
  corrupt,  // the ring says what no writer of ours says; nothing more is read
  closed,
};

}  // namespace ringside::shm
