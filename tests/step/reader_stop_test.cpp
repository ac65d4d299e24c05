// SPDX-License-Identifier: Apache-2.0
//
// A reader is stopped before each instruction of its work while the writer laps it: when it goes on it sees
// whole events in order or exactly what it lost, and does not sleep over them.
#include <string>

#include <gtest/gtest.h>

#include "tests/step/reader_scenarios.hpp"

namespace ringside::step {
namespace {

template <class Reader>
void expect_no_fault(ReaderScenario<Reader> scenario, std::size_t instructions_min) {
  scenario.name += Client<Reader>::pins ? ", in place" : ", copying";
  const Stops stops = stop_everywhere(scenario, {0, 25});
  EXPECT_GT(stops.tried, instructions_min) << "the region is not what it was meant to be";
  EXPECT_TRUE(stops.faults.empty()) << stops.faults.size() << ", the first " << stops.faults.front();
}

TEST(ReaderStop, InEnteringASegmentGivesItsEventsOrTheExactGap) {
  expect_no_fault(entering<shm::RingReader>(), 300);
  expect_no_fault(entering<shm::CopyingReader>(), 300);
  expect_no_fault(entering_late<shm::RingReader>(), 300);
  expect_no_fault(entering_late<shm::CopyingReader>(), 300);
}

TEST(ReaderStop, InEnteringAtTheLastKeyframeIsToldTheGapAndGivenTheStateBeforeAnyEvent) {
  expect_no_fault(entering_for_state<shm::RingReader>(), 300);
  expect_no_fault(entering_for_state<shm::CopyingReader>(), 300);
}

TEST(ReaderStop, InReadingAnEventGivesItWholeOrTheExactGap) {
  expect_no_fault(reading<shm::RingReader>(), 100);
  expect_no_fault(reading<shm::CopyingReader>(), 200);
}

TEST(ReaderStop, InFollowingALinkGivesWhatIsBehindItOrTheExactGap) {
  expect_no_fault(linking<shm::RingReader>(), 200);
  expect_no_fault(linking<shm::CopyingReader>(), 200);
}

TEST(ReaderStop, InHoldingAnEventKeepsItWholeBeyondItsSegment) {
  auto scenario = linking<shm::RingReader>();
  scenario.name = "hold, follow a LINK";
  scenario.region = [](Client<shm::RingReader>& client) {
    client.held = client.reader->hold(client.found.record);
    client.found = client.reader->next();
  };
  scenario.look = [](Client<shm::RingReader>& client) {
    client.take(client.found);
    if (client.held.copied() || !client.is_whole(client.held.record())) client.fail(Outcome::torn);
  };
  expect_no_fault(scenario, 200);
}

TEST(ReaderStop, InGivingAHeldEventBackLeavesNoPin) {
  auto scenario = reading<shm::RingReader>();
  scenario.name = "hold and give back";
  scenario.region = [](Client<shm::RingReader>& client) {
    client.found = client.reader->next();
    client.held = client.reader->hold(client.found.record);
    client.held.reset();
  };
  expect_no_fault(scenario, 200);
}

TEST(ReaderStop, InArmingTheDoorbellAndSleepingLeavesNobodyAsleep) {
  expect_no_fault(waiting<shm::RingReader>(), 300);
  expect_no_fault(waiting<shm::CopyingReader>(), 300);
}

}  // namespace
}  // namespace ringside::step
