// SPDX-License-Identifier: Apache-2.0
//
// The writer is killed before each instruction of its work; whoever reads then finds what is owed to them.
#include <csignal>
#include <cstdint>
#include <string>

#include <sys/resource.h>

#include <gtest/gtest.h>

#include "tests/step/writer_scenarios.hpp"

namespace ringside::step {
namespace {

using Scenario = WriterScenario<shm::SystemAtomics>;
using Ring = SteppedRing<shm::SystemAtomics>;

void expect_no_fault(const Scenario& scenario, std::size_t instructions_min) {
  const Deaths deaths = die_everywhere(scenario);
  EXPECT_GT(deaths.tried, instructions_min) << "the region is not what it was meant to be";
  EXPECT_TRUE(deaths.faults.empty()) << deaths.faults.size() << ", the first " << deaths.faults.front();
}

TEST(WriterDeath, InPublishLeavesTheEventWholeOrNotThereAndAnEndBehindIt) {
  for (const std::uint32_t size : {0U, 5U, 100U, 700U})
    expect_no_fault(publishing<shm::SystemAtomics>(size), 30);
}

TEST(WriterDeath, InLinkingALargeEventLeavesItWholeOrNotThereAndLosesTheOldestAtMost) {
  expect_no_fault(linking_large<shm::SystemAtomics>(), 200);
}

TEST(WriterDeath, InPublishingAKeyframeLeavesThatOneOrTheOneBeforeIt) {
  for (const std::uint32_t size : {0U, 100U, 700U})
    expect_no_fault(publishing_keyframe<shm::SystemAtomics>(size), 30);
  expect_no_fault(rolling_keyframe<shm::SystemAtomics>(500), 200);
}

TEST(WriterDeath, InARollOverTheLastKeyframeNamesNoneThatIsGone) {
  expect_no_fault(leaving_keyframe<shm::SystemAtomics>(500), 200);
}

TEST(WriterDeath, BetweenClaimAndCommitLeavesNothingOfTheEvent) {
  expect_no_fault(claiming<shm::SystemAtomics>(100), 60);
}

TEST(WriterDeath, InARollIntoARecycledSegmentLosesTheOldestAtMost) {
  for (const std::uint32_t size : {16U, 500U})
    expect_no_fault(rolling<shm::SystemAtomics>(size), 200);
}

TEST(WriterDeath, InARollThatBacksASegmentLosesTheOldestAtMost) {
  Scenario scenario = rolling<shm::SystemAtomics>(64);
  scenario.name += ", which must be backed";
  scenario.prepare = [](Ring& ring) {
    // Four segments are backed when a ring is made: three fill the window, the fourth is taken while the
    // oldest is pinned.
    while (ring.writer.window_segments() < stepped_geometry.window_segments)
      ring.roll();
    ring.pin(0, ring.writer.oldest().generation);
    ring.roll();
    ring.pin(1, ring.writer.oldest().generation);
    ring.fill_segment_until_no_room_for(64);
    make_special(ring, 64);
    const std::uint64_t first = ring.page.pins(Ring::line)[0].load(std::memory_order::relaxed);
    ring.pin(0, ring.writer.oldest().generation);
    ring.pin(1, first);
  };
  scenario.did = [](const Ring::Writer& writer) {
    const std::uint64_t in_the_beginning = stepped_geometry.header_size() + shm::RingBacking::step_size;
    return writer.backed_bytes() > in_the_beginning && writer.counters().shrunk == 0;
  };
  expect_no_fault(scenario, 300);
}

TEST(WriterDeath, InARollThatFindsNoMemoryLosesWhatItWithdrewAndNothingElse) {
  Scenario scenario = rolling<shm::SystemAtomics>(64);
  scenario.name += ", with no memory left";
  scenario.prepare = [](Ring& ring) {
    // As above, but one segment of the window is pinned by nobody: the window shrinks.
    while (ring.writer.window_segments() < stepped_geometry.window_segments)
      ring.roll();
    ring.pin(1, ring.writer.oldest().generation);
    ring.roll();
    ring.fill_segment_until_no_room_for(64);
    make_special(ring, 64);
    ring.pin(0, ring.writer.oldest().generation);
  };
  scenario.in_child = [] {
    // The file may grow no more.
    ::sigset_t refused;
    ::sigemptyset(&refused);
    ::sigaddset(&refused, SIGXFSZ);
    ::sigprocmask(SIG_BLOCK, &refused, nullptr);
    const ::rlimit none{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &none);
  };
  scenario.may_leave = 2;
  scenario.did = [](const Ring::Writer& writer) { return writer.counters().shrunk == 1; };
  expect_no_fault(scenario, 300);
}

TEST(WriterDeath, InRingLeavesNoSleeperAsleep) {
  Scenario scenario = publishing<shm::SystemAtomics>(40);
  scenario.name += " and ring";
  const auto prepare = scenario.prepare;
  scenario.prepare = [prepare](Ring& ring) {
    prepare(ring);
    ring.page.wake_flag()->store(1, std::memory_order::relaxed);
  };
  scenario.region = [](Ring::Writer& writer, const Events& events) {
    publish_special(writer, events);
    writer.ring();
  };
  scenario.did = [](const Ring::Writer& writer) { return writer.counters().bells == 1; };
  expect_no_fault(scenario, 60);
}

}  // namespace
}  // namespace ringside::step
