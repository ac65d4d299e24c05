// SPDX-License-Identifier: Apache-2.0
//
// The writers and readers of these tests have a bug each, which the deaths and stops that find no fault in
// the shipped ones must show.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/step/planted_atomics.hpp"
#include "tests/step/reader_scenarios.hpp"
#include "tests/step/writer_scenarios.hpp"

namespace ringside::step {
namespace {

/// The bug begins with the region; before it the writer is the shipped one.
template <class Atomics>
Deaths die_with_bug(WriterScenario<Atomics> scenario, std::string_view bug) {
  scenario.name += ", ";
  scenario.name += bug;
  scenario.did = {};
  scenario.region = [region = scenario.region](auto& writer, const Events& events) {
    planted = true;
    CommitsEarly::sequence = events.special_sequence;
    region(writer, events);
  };
  return die_everywhere(scenario);
}

template <class Reader>
Stops stop_with_bug(ReaderScenario<Reader> scenario, std::string_view bug) {
  scenario.name += ", ";
  scenario.name += bug;
  scenario.before = [before = scenario.before](Client<Reader>& client) {
    planted = true;
    if (before) before(client);
  };
  scenario.look = [look = scenario.look](Client<Reader>& client) {
    planted = false;
    look(client);
  };
  return stop_everywhere(scenario, {0});
}

/// How many of the faults speak of `what`.
template <class Tried>
std::size_t count_of(const Tried& tried, std::string_view what) {
  return static_cast<std::size_t>(std::ranges::count_if(
      tried.faults, [what](const std::string& fault) { return fault.find(what) != std::string::npos; }));
}

TEST(PlantedBug, APositionBeforeItsKeyframeIsSeenAsAKeyframeThatIsNotThere) {
  const Deaths deaths = die_with_bug(publishing_keyframe<NamesEarly>(100), "named early");
  EXPECT_GT(count_of(deaths, "which is not there"), 0U);
  EXPECT_LT(deaths.faults.size(), deaths.tried) << "before and after it the keyframe is there";
}

TEST(PlantedBug, ACommitBeforeItsPayloadIsSeenAsATornEvent) {
  const Deaths deaths = die_with_bug(publishing<CommitsEarly>(100), "committed early");
  EXPECT_GT(count_of(deaths, "is torn"), 0U);
  EXPECT_LT(deaths.faults.size(), deaths.tried) << "before and after it the event is whole";
}

TEST(PlantedBug, ANextCommitWordThatIsNotClearedIsSeenAsAnEventThatNobodyPublished) {
  const Deaths deaths = die_with_bug(publishing<ClearsNothing>(100), "nothing cleared");
  EXPECT_GT(count_of(deaths, "nobody published"), 0U);
}

TEST(PlantedBug, ANextCommitWordThatIsClearedTooLateIsSeenInTheInstructionsBetween) {
  const Deaths deaths = die_with_bug(publishing<ClearsLate>(100), "cleared after the commit");
  EXPECT_GT(count_of(deaths, "nobody published"), 0U);
  EXPECT_LT(deaths.faults.size(), deaths.tried / 2) << "most deaths do not show it: each one must be tried";
}

TEST(PlantedBug, AFirstWordThatIsNotClearedIsSeenInANewSegment) {
  EXPECT_FALSE(die_with_bug(rolling<ClearsNothing>(100), "nothing cleared").faults.empty());
  EXPECT_FALSE(die_with_bug(rolling<ClearsLate>(100), "cleared after the opening").faults.empty());
}

TEST(PlantedBug, ASegmentWrittenAgainWithoutItsWithdrawalIsSeenAsLostEvents) {
  auto scenario = rolling<WithdrawsNothing>(100);
  scenario.prepare = [](auto& ring) {
    stand_before_roll(ring, 100);
    ring.pin(0, 0);  // what is withdrawn is what is written next
  };
  EXPECT_FALSE(die_with_bug(scenario, "nothing withdrawn").faults.empty());
}

TEST(PlantedBug, AReaderThatDoesNotPinSeesTornEvents) {
  using Reader = shm::BasicRingReader<shm::BasicRingMemory<PinsNothing, const std::byte>>;
  EXPECT_GT(count_of(stop_with_bug(reading<Reader>(), "not pinned"), "torn"), 0U);
  EXPECT_FALSE(stop_with_bug(linking<Reader>(), "not pinned").faults.empty());
}

TEST(PlantedBug, ACopyingReaderThatDoesNotLookAgainSeesTornEvents) {
  using Reader = shm::BasicCopyingReader<shm::BasicRingMemory<LooksOnce, const std::byte>>;
  EXPECT_GT(count_of(stop_with_bug(reading<Reader>(), "looked at once"), "torn"), 0U);
}

}  // namespace
}  // namespace ringside::step
