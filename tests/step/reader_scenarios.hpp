// SPDX-License-Identifier: Apache-2.0
//
// The parts of a reader's work, over any policy: the shipped one, and those with a planted bug.
#pragma once

#include <cstdint>
#include <optional>

#include "tests/step/reader_stops.hpp"

namespace ringside::step {

/// Where nothing waits any more and everything has been used before.
inline void use_every_segment(SteppedRing<shm::SystemAtomics>& ring) {
  while (ring.writer.counters().withdrawn < 3 || ring.writer.latest().offset < 500)
    ring.publish();
}

inline void publish_some(SteppedRing<shm::SystemAtomics>& ring) {
  for (int i = 0; i < 3; ++i)
    ring.publish();
}

template <class Reader>
void find_next(Client<Reader>& client) {
  client.found = client.reader->next();
}
template <class Reader>
void take_found(Client<Reader>& client) {
  client.take(client.found);
}

/// The first look at the segment that the grant names.
template <class Reader>
ReaderScenario<Reader> entering() {
  return {.name = "enter",
          .prepare = use_every_segment,
          .behind_grant = publish_some,
          .before = {},
          .region = find_next<Reader>,
          .look = take_found<Reader>};
}

/// The same where that segment has left long ago.
template <class Reader>
ReaderScenario<Reader> entering_late() {
  auto scenario = entering<Reader>();
  scenario.name = "enter, lapped";
  scenario.behind_grant = [](SteppedRing<shm::SystemAtomics>& ring) {
    for (int i = 0; i < 5; ++i)
      ring.roll();
  };
  return scenario;
}

/// And asks for state, which is the last keyframe.
template <class Reader>
ReaderScenario<Reader> entering_for_state() {
  auto scenario = entering<Reader>();
  scenario.name = "enter at the last keyframe, lapped";
  scenario.behind_grant = [](SteppedRing<shm::SystemAtomics>& ring) {
    for (int i = 0; i < 5; ++i) {
      ring.roll();
      ring.publish_keyframe(150);
    }
  };
  scenario.region = [](Client<Reader>& client) {
    client.take(client.reader->next());
    client.found = client.reader->next();
  };
  scenario.wish = shm::StateWish::after_a_gap;
  return scenario;
}

/// One event.
template <class Reader>
ReaderScenario<Reader> reading() {
  auto scenario = entering<Reader>();
  scenario.name = "read";
  scenario.before = [](Client<Reader>& client) { client.take(client.reader->next()); };
  return scenario;
}

/// From the last event of a segment over the LINK to the first of the next.
template <class Reader>
ReaderScenario<Reader> linking() {
  auto scenario = entering<Reader>();
  scenario.name = "follow a LINK";
  scenario.behind_grant = [](SteppedRing<shm::SystemAtomics>& ring) {
    ring.roll();
    ring.publish();
  };
  scenario.before = [](Client<Reader>& client) {
    while (!client.at_link())
      client.take(client.found = client.reader->next());
  };
  return scenario;
}

template <class Reader>
ReaderScenario<Reader> waiting() {
  auto scenario = entering<Reader>();
  scenario.name = "arm and sleep";
  scenario.before = [](Client<Reader>& client) { client.take_all(); };
  scenario.region = [](Client<Reader>& client) {
    if (shm::drain_doorbell(client.waiting) != shm::Drained::empty) return;
    client.found = client.reader->next();
    if (client.found.kind == shm::Next::Kind::nothing && client.arm())
      (void)shm::sleep_on_doorbell(client.waiting, std::nullopt);
  };
  return scenario;
}

}  // namespace ringside::step
