// SPDX-License-Identifier: Apache-2.0
//
// A viewer that joins at any event has the state of one that saw all of them.
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "arbitrary_event.hpp"
#include "plausible_event.hpp"
#include "schema/event_check.hpp"
#include "schema/fold.hpp"

namespace ringside::schema {
namespace {

std::vector<std::byte> bytes_of(const EventBuffer& event) {
  return {event.bytes().begin(), event.bytes().end()};
}

Fold fold_of(StateKind kind, const std::vector<EventBuffer>& events) {
  Fold fold(kind);
  for (const EventBuffer& event : events)
    fold.apply(event.event());
  return fold;
}

/// What a fold is at every cut of the events, and what becomes of one that begins there.
void check_every_cut(StateKind kind, const std::vector<EventBuffer>& events) {
  const auto whole = bytes_of(fold_of(kind, events).snapshot());
  Fold fold(kind);
  for (std::size_t cut = 0; cut <= events.size(); ++cut) {
    const EventBuffer snapshot = fold.snapshot();
    const auto checked = check_event(snapshot.bytes());
    if (!checked) RC_FAIL(checked.error().message);
    Fold late(kind);
    late.apply(snapshot.event());
    RC_ASSERT(bytes_of(late.snapshot()) == bytes_of(snapshot));
    for (std::size_t rest = cut; rest < events.size(); ++rest)
      late.apply(events[rest].event());
    RC_ASSERT(bytes_of(late.snapshot()) == whole);
    if (cut < events.size()) fold.apply(events[cut].event());
  }
}

std::vector<EventBuffer> plausible_events() {
  std::vector<EventBuffer> events;
  const int count = *rc::gen::inRange(0, 25);
  while (static_cast<int>(events.size()) < count) {
    EventBuffer event = testing::plausible_event();
    if (check_event(event.bytes())) events.push_back(std::move(event));
  }
  return events;
}

RC_GTEST_PROP(FoldProperty, AnAgentCutAnywhereAndFoldedOnIsTheSame, ()) {
  check_every_cut(StateKind::agent, plausible_events());
}

RC_GTEST_PROP(FoldProperty, APresenceTableCutAnywhereAndFoldedOnIsTheSame, ()) {
  check_every_cut(StateKind::presence, plausible_events());
}

/// Written anew by the hand of the object API.
std::vector<std::byte> meaning_of(const EventBuffer& event) {
  return bytes_of(restamp(event.event(), event.stamp().incarnation, event.stamp().run));
}

RC_GTEST_PROP(FoldProperty, EverythingInASnapshotIsKept, ()) {
  const EventBuffer event = pack(testing::arbitrary_event(events::Payload::snapshot));
  const auto checked = check_event(event.bytes());
  if (!checked) RC_FAIL(checked.error().message);
  const bool presence = event.event().payload_as_snapshot()->presence() != nullptr;
  Fold fold(presence ? StateKind::presence : StateKind::agent);
  fold.apply(event.event());
  RC_ASSERT(meaning_of(fold.snapshot()) == meaning_of(event));
  RC_ASSERT(2 * fold.size() >= fold.snapshot().bytes().size());
}

}  // namespace
}  // namespace ringside::schema
