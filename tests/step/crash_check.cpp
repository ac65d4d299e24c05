// SPDX-License-Identifier: Apache-2.0
#include "tests/step/crash_check.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include <fmt/format.h>

namespace ringside::step {
namespace {

using shm::Cursor;
using shm::Next;

/// Reads from `cursor` to the end; what it finds is a fault or the sequence behind the last event.
template <class Reader>
Found read_to_end(Reader& reader, const Owed& owed, std::uint64_t expected) {
  std::uint64_t keyframe = 0;
  for (;;) {
    const Next next = reader.next();
    if (reader.state() == shm::ReaderState::corrupt)
      return {fmt::format("behind {}: what no writer of ours writes", expected - 1), expected};
    if (next.kind == Next::Kind::nothing) return {{}, expected, keyframe};
    if (next.kind == Next::Kind::gap)
      return {fmt::format("a hole of {} at {}", next.gap.count, next.gap.first), expected};
    if (next.kind == Next::Kind::keyframe) {
      if (std::exchange(keyframe, next.record.sequence) != 0)
        return {"a second keyframe without a gap", expected};
      if (keyframe + 1 != expected) return {fmt::format("a keyframe of {} before {}", keyframe, expected), 0};
      if (!Events::is_whole_keyframe(next.record))
        return {fmt::format("the keyframe of {} is torn", keyframe), 0};
      continue;
    }
    if (next.record.sequence != expected)
      return {fmt::format("{} where {} was due", next.record.sequence, expected), expected};
    if (expected >= owed.committed + owed.in_region)
      return {fmt::format("{}, which nobody published", expected), expected};
    if (!owed.events.is_whole(next.record)) return {fmt::format("{} is torn", expected), expected};
    ++expected;
  }
}

/// The commit word where the next event will be: 0, whoever looks.
bool tail_is_clear(const shm::RingView& view, const Cursor& cursor) {
  const auto segment = shm::find_segment(view, cursor.generation);
  return segment && view.segment(segment->index).word(cursor.offset).load(std::memory_order::acquire) == 0;
}

template <class Reader>
Found read_from(Reader&& reader, const shm::RingView& view, const Owed& owed, const Cursor& cursor) {
  Found found = read_to_end(reader, owed, cursor.next_sequence);
  if (!found.fault.empty()) return found;
  if (reader.state() != shm::ReaderState::reading) {
    found.fault = "a reader found no place to read from";
  } else if (found.committed < owed.committed) {
    found.fault = fmt::format("{} was committed and is lost", found.committed);
  } else if (!tail_is_clear(view, reader.cursor())) {
    found.fault = fmt::format("no end behind {}", found.committed - 1);
  }
  return found;
}

/// One that has missed everything and asks for state: where the header names a keyframe, that comes before any event.
template <class Reader>
Found read_state(Reader&& reader, const shm::RingView& view, const Owed& owed) {
  const bool named = view.keyframe_position().load(std::memory_order::acquire) != 0;
  const Next next = reader.next();
  if (reader.state() == shm::ReaderState::corrupt)
    return {"the header names a keyframe, which is not there", 0};
  if (next.kind != Next::Kind::gap) return {"who has missed everything is not told", 0};
  const std::uint64_t expected = next.gap.first + next.gap.count;
  const Found found = read_from(reader, view, owed, {0, 0, expected});
  if (found.fault.empty() && named && found.keyframe + 1 != expected)
    return {fmt::format("the header names a keyframe, and {} comes first", expected), 0};
  return found;
}

}  // namespace

Found find_after_death(const shm::AttachedRing& ring, const Owed& owed) {
  const shm::RingView view = ring.view();
  const auto start = shm::start_of_oldest(view);
  if (!start) return {"nothing can be read", 0};
  const auto first = std::ranges::find(owed.segment_starts, start->next_sequence);
  if (first == owed.segment_starts.end() ||
      static_cast<std::size_t>(first - owed.segment_starts.begin()) > owed.may_leave)
    return {fmt::format("the oldest is {}", start->next_sequence), 0};

  std::array<std::atomic<std::uint64_t>, shm::pins_max> pins{};
  Found newcomer = read_from(shm::RingReader(view, *start, pins.data()), view, owed, *start);
  if (!newcomer.fault.empty()) return {"a newcomer: " + newcomer.fault, 0};
  const Found copier = read_from(shm::CopyingReader(view, *start), view, owed, *start);
  if (!copier.fault.empty()) return {"a copying newcomer: " + copier.fault, 0};
  const Found subscriber = read_from(shm::RingReader(view, owed.grant, pins.data()), view, owed, owed.grant);
  if (!subscriber.fault.empty()) return {"a subscriber: " + subscriber.fault, 0};
  constexpr Cursor before_all{0, 0, 1};
  constexpr auto wish = shm::StateWish::after_a_gap;
  const Found viewer = read_state(shm::RingReader(view, before_all, pins.data(), nullptr, wish), view, owed);
  if (!viewer.fault.empty()) return {"a viewer: " + viewer.fault, 0};
  const Found copying_viewer = read_state(shm::CopyingReader(view, before_all, wish), view, owed);
  if (!copying_viewer.fault.empty()) return {"a copying viewer: " + copying_viewer.fault, 0};
  if (copier.committed != newcomer.committed || subscriber.committed != newcomer.committed ||
      viewer.committed != newcomer.committed || copying_viewer.committed != newcomer.committed)
    return {"readers do not agree where the end is", 0};
  if (viewer.keyframe != copying_viewer.keyframe)
    return {"viewers do not agree which keyframe is the last", 0};
  return viewer;
}

}  // namespace ringside::step
