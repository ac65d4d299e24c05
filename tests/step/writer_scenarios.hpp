// SPDX-License-Identifier: Apache-2.0
//
// The parts of the writer's work, over any policy: the shipped one, and those with a planted bug.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "tests/step/writer_deaths.hpp"

namespace ringside::step {

/// The payload of the special event, kept by the parent so that the region is the writer's work alone.
inline std::vector<std::byte> special_payload;

template <class Atomics>
void make_special(SteppedRing<Atomics>& ring, std::uint32_t size) {
  ring.make_next_special(size);
  special_payload = shm::payload_of(ring.writer.next_sequence(), size);
}

template <class Writer>
void publish_special(Writer& writer, const Events& events) {
  (void)writer.publish(special_payload, Events::kind_of(events.special_sequence),
                       Events::time_of(events.special_sequence));
}

/// In a segment that had been used before, behind whose last event stands the worst that could.
template <class Atomics>
void stand_in_recycled_segment(SteppedRing<Atomics>& ring) {
  while (ring.writer.counters().withdrawn < 2 || ring.writer.latest().offset < 1000)
    ring.publish();
  const shm::Cursor latest = ring.writer.latest();
  ring.forge(ring.index_of(latest.generation), latest.offset + 8);
}

/// An event in the middle of a segment.
template <class Atomics>
WriterScenario<Atomics> publishing(std::uint32_t size) {
  return {.name = "publish " + std::to_string(size) + " bytes",
          .prepare =
              [size](auto& ring) {
                stand_in_recycled_segment(ring);
                make_special(ring, size);
              },
          .region = [](auto& writer, const Events& events) { publish_special(writer, events); }};
}

/// Before the last place of a segment; of the two oldest one is pinned, and one that had been set aside is
/// free again, full of old bytes.
template <class Atomics>
void stand_before_roll(SteppedRing<Atomics>& ring, std::uint32_t size) {
  while (ring.writer.window_segments() < stepped_geometry.window_segments)
    ring.roll();
  const std::uint64_t released = ring.writer.oldest().generation;
  const std::uint32_t released_index = ring.index_of(released);
  ring.pin(0, released);
  ring.roll();
  ring.roll();
  ring.fill_segment_until_no_room_for(size);
  make_special(ring, size);
  ring.pin(0, ring.writer.oldest().generation);
  ring.forge(released_index, 0);
}

template <class Atomics>
WriterScenario<Atomics> rolling(std::uint32_t size) {
  return {.name = "publish " + std::to_string(size) + " bytes into the next segment",
          .prepare = [size](auto& ring) { stand_before_roll(ring, size); },
          .region = [](auto& writer, const Events& events) { publish_special(writer, events); },
          .may_leave = 1,
          .did = [](const auto& writer) { return writer.set_aside_segments() == 1; }};
}

/// A large event, into a window that is full, behind a segment that an event has left room in.
template <class Atomics>
WriterScenario<Atomics> linking_large() {
  return {.name = "publish the largest event",
          .prepare =
              [](auto& ring) {
                stand_in_recycled_segment(ring);
                make_special(ring, stepped_geometry.large_payload_size_max());
                ring.fill_large(special_payload);
              },
          .region =
              [](auto& writer, const Events& events) {
                writer.publish_large(stepped_geometry.pool_segments(), stepped_geometry.large_segment_size,
                                     events.special_size, Events::kind_of(events.special_sequence),
                                     Events::time_of(events.special_sequence));
              },
          .may_leave = 1,
          .did = [](const auto& writer) { return writer.counters().large_events == 1; }};
}

template <class Atomics>
void make_special_keyframe(SteppedRing<Atomics>& ring, std::uint32_t size) {
  special_payload = shm::keyframe_payload_of(ring.writer.next_sequence() - 1, size);
}

template <class Writer>
void publish_special_keyframe(Writer& writer) {
  const std::uint64_t sequence = writer.next_sequence() - 1;
  (void)writer.publish_keyframe(special_payload, Events::kind_of(sequence), Events::time_of(sequence));
}

/// A keyframe in the middle of a segment, behind an older one and an event.
template <class Atomics>
WriterScenario<Atomics> publishing_keyframe(std::uint32_t size) {
  return {.name = "publish a keyframe of " + std::to_string(size) + " bytes",
          .prepare =
              [size](auto& ring) {
                stand_in_recycled_segment(ring);
                ring.publish_keyframe(90);
                ring.publish();
                make_special_keyframe(ring, size);
              },
          .region = [](auto& writer, const Events&) { publish_special_keyframe(writer); },
          .in_region = 0,
          .publishes_keyframe = true};
}

/// One that finds no room in its segment.
template <class Atomics>
WriterScenario<Atomics> rolling_keyframe(std::uint32_t size) {
  return {.name = "publish a keyframe of " + std::to_string(size) + " bytes into the next segment",
          .prepare =
              [size](auto& ring) {
                stand_before_roll(ring, size);
                make_special_keyframe(ring, size);
              },
          .region = [](auto& writer, const Events&) { publish_special_keyframe(writer); },
          .in_region = 0,
          .may_leave = 1,
          .publishes_keyframe = true,
          .did = [](const auto& writer) { return writer.set_aside_segments() == 1; }};
}

/// An event whose roll withdraws the segment of the last keyframe.
template <class Atomics>
WriterScenario<Atomics> leaving_keyframe(std::uint32_t size) {
  return {.name = "publish " + std::to_string(size) + " bytes over the last keyframe",
          .prepare =
              [size](auto& ring) {
                stand_in_recycled_segment(ring);
                ring.publish_keyframe(90);
                while (ring.writer.oldest().generation != ring.writer.keyframe()->generation)
                  ring.roll();
                ring.fill_segment_until_no_room_for(size);
                make_special(ring, size);
              },
          .region = [](auto& writer, const Events& events) { publish_special(writer, events); },
          .may_leave = 1,
          .did = [](const auto& writer) { return !writer.keyframe(); }};
}

/// What was claimed is written in two parts, then committed.
template <class Atomics>
WriterScenario<Atomics> claiming(std::uint32_t size) {
  return {.name = "claim and commit " + std::to_string(size) + " bytes",
          .prepare =
              [size](auto& ring) {
                stand_in_recycled_segment(ring);
                make_special(ring, size);
              },
          .region =
              [](auto& writer, const Events& events) {
                auto* const place = writer.claim(events.special_size + 100);
                const std::size_t half = events.special_size / 2;
                std::memcpy(place, special_payload.data(), half);
                std::memcpy(place + half, special_payload.data() + half, events.special_size - half);
                writer.commit(events.special_size, Events::kind_of(events.special_sequence),
                              Events::time_of(events.special_sequence));
              }};
}

}  // namespace ringside::step
