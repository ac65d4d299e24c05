// SPDX-License-Identifier: Apache-2.0
//
// Reliable subscriptions: what the writer owes them, and for how long.
#include <gtest/gtest.h>

#include "tests/shm/ring_fixture.hpp"

namespace ringside::shm {
namespace {

constexpr RingGeometry reliable_geometry{.segment_size = 4096,
                                         .window_segments = 3,
                                         .subscription_max = 2,
                                         .pins_per_subscription = 2,
                                         .reliable_segments = 4,
                                         .large_segments = 0,
                                         .large_segment_size = 0};

TEST(ReliableSubscription, ExtendsTheWindowForAsLongAsItIsThere) {
  HeapRing ring(reliable_geometry);
  Subscribed viewer(ring, ring.writer.latest(), true);
  for (int i = 0; i < 6; ++i)
    ring.roll();
  EXPECT_EQ(ring.writer.window_segments(), 7U);
  EXPECT_EQ(ring.writer.rolls_before_eviction(), 0U);
  Seen seen;
  seen.poll(viewer.reader);
  EXPECT_TRUE(seen.gaps.empty());
  EXPECT_EQ(seen.sequences.size(), ring.writer.next_sequence() - 1);
  EXPECT_TRUE(seen.whole);
  EXPECT_EQ(ring.writer.rolls_before_eviction(), 6U);
  ring.roll();
  EXPECT_EQ(ring.writer.window_segments(), 7U);
  EXPECT_EQ(ring.writer.counters().evicted, 0U);
  viewer.reader.close();
  ring.writer.remove_subscriber(viewer.id);
  ring.roll();
  EXPECT_EQ(ring.writer.window_segments(), 3U) << "nobody is owed anything any more";
}

TEST(ReliableSubscription, IsEvictedAndToldWhenTheExtensionIsUsedUp) {
  HeapRing ring(reliable_geometry);
  Subscribed viewer(ring, ring.writer.latest(), true);
  for (int i = 0; i < 6; ++i)
    ring.roll();
  EXPECT_EQ(viewer.evicted.load(), 0U);
  ring.roll();
  EXPECT_EQ(viewer.evicted.load(), 1U);
  EXPECT_EQ(ring.writer.counters().evicted, 1U);
  EXPECT_FALSE(ring.writer.rolls_before_eviction());
  ring.roll();
  EXPECT_EQ(ring.writer.window_segments(), 3U) << "as without it";
  Seen seen;
  seen.poll(viewer.reader);
  const std::uint64_t oldest = ring.writer.oldest().next_sequence;
  EXPECT_EQ(seen.gaps, std::vector<Gap>({{1, oldest - 1}}));
  EXPECT_EQ(seen.sequences.back(), ring.writer.next_sequence() - 1);
}

TEST(ReliableSubscription, KeepsTheSegmentOfItsNextEventAndNoOlderOne) {
  HeapRing ring(reliable_geometry);
  Subscribed viewer(ring, ring.writer.latest(), true);
  for (int i = 0; i < 3; ++i)
    ring.roll();
  Seen seen;
  seen.poll(viewer.reader, 5);  // four to a segment: the first event of the second was consumed
  for (int i = 0; i < 4; ++i)
    ring.roll();
  EXPECT_EQ(ring.writer.oldest().generation, 2U) << "the first had to go, and could";
  EXPECT_EQ(viewer.evicted.load(), 0U);
  seen.poll(viewer.reader);
  EXPECT_TRUE(seen.gaps.empty());
}

TEST(ReliableSubscription, BelievesNoAcknowledgementThatShrinksOrIsAheadOfTheRing) {
  HeapRing ring(reliable_geometry, 0xffff'ffff'ffff'fff0);  // sequences pass 2^64 on the way
  Subscribed viewer(ring, ring.writer.latest(), true);
  const std::uint64_t granted = viewer.reader.cursor().next_sequence;
  for (int i = 0; i < 3; ++i)
    ring.roll();
  for (const std::uint64_t said :
       {granted - 1, granted - 1'000'000, ring.writer.next_sequence() + 1, ~std::uint64_t{0}}) {
    viewer.acknowledged.store(said == ~std::uint64_t{0} ? granted + (std::uint64_t{1} << 63) : said);
    EXPECT_EQ(ring.writer.rolls_before_eviction(), 7U - 4U) << said;
  }
  viewer.acknowledged.store(granted + 5);
  EXPECT_EQ(ring.writer.rolls_before_eviction(), 7U - 3U);
  viewer.acknowledged.store(granted);
  EXPECT_EQ(ring.writer.rolls_before_eviction(), 7U - 3U) << "nothing is taken back";
}

TEST(ReliableSubscription, TheSlowestCountsAndNobodyAfterItIsGone) {
  HeapRing ring(reliable_geometry);
  Subscribed slow(ring, ring.writer.latest(), true);
  Subscribed quick(ring, ring.writer.latest(), true);
  for (int i = 0; i < 4; ++i)
    ring.roll();
  Seen seen;
  seen.poll(quick.reader);
  EXPECT_EQ(ring.writer.rolls_before_eviction(), 2U);
  slow.reader.close();
  ring.writer.remove_subscriber(slow.id);
  EXPECT_EQ(ring.writer.rolls_before_eviction(), 6U);
}

TEST(ReliableSubscription, GivesWayWhereNothingCanBeBackedAndIsTold) {
  HeapRing ring(reliable_geometry);
  Subscribed viewer(ring, ring.writer.latest(), true);
  ring.script.allows = [&](std::uint64_t) { return ring.script.mark < ring.geometry.segment_offset(4); };
  for (int i = 0; i < 10; ++i)
    ring.roll();
  EXPECT_EQ(ring.writer.counters().no_space, 0U) << "the writer waits for nobody";
  EXPECT_EQ(viewer.evicted.load(), 1U);
  Seen seen;
  seen.poll(viewer.reader);
  EXPECT_EQ(seen.gaps.size(), 1U);
}

TEST(ReliableSubscription, WithEveryPinOnASegmentOfItsOwnARollStillFindsAFreeOne) {
  HeapRing ring(reliable_geometry);
  Subscribed viewer(ring, ring.writer.latest(), true);
  Subscribed hostile(ring);
  for (std::uint64_t i = 0; i < 2; ++i) {
    hostile.pins[i].store(ring.writer.latest().generation, std::memory_order::seq_cst);
    ring.roll();
  }
  for (int i = 0; i < 50; ++i)
    ring.roll();
  EXPECT_EQ(ring.writer.counters().no_space, 0U);
  EXPECT_EQ(ring.writer.counters().shrunk, 0U);
  hostile.pins[0].store(0);
  hostile.pins[1].store(0);
}

}  // namespace
}  // namespace ringside::shm
