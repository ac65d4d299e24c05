// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <numeric>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/shm/ring_fixture.hpp"

namespace ringside::shm {
namespace {

TEST(RingWriter, NumbersEventsFromItsFirstSequenceWithoutAHole) {
  HeapRing ring(small_geometry, 41);
  for (std::uint64_t i = 0; i < 100; ++i)
    EXPECT_EQ(ring.publish(200), 41 + i);
}

TEST(RingWriter, TakesEverySizeUpToTheLargestAndRefusesTheNext) {
  HeapRing ring;
  Subscribed viewer(ring);
  const std::uint32_t largest = ring.geometry.payload_size_max();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8},
                                 std::size_t{largest - 1}, std::size_t{largest}}) {
    ASSERT_TRUE(ring.publish(size)) << size;
    Seen seen;
    EXPECT_EQ(seen.poll(viewer.reader), 1U) << size;
    EXPECT_TRUE(seen.whole) << size;
  }
  const auto before = ring.writer.latest();
  EXPECT_EQ(ring.publish(largest + 1).error(), PublishError::too_large);
  EXPECT_EQ(ring.writer.claim(std::numeric_limits<std::uint32_t>::max()), nullptr);
  EXPECT_EQ(ring.writer.refusal(), PublishError::too_large);
  EXPECT_EQ(ring.writer.latest(), before);
}

TEST(RingWriter, CommitsWhatWasWrittenInPlaceAndMayClaimMoreThanItCommits) {
  HeapRing ring;
  Subscribed viewer(ring);
  auto place = ring.writer.claim(100);
  ASSERT_TRUE(place);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(place) % 8, 0U);
  std::memset(place, 'x', 100);
  place = ring.writer.claim(200);  // the first claim never happened
  std::memset(place, 'y', 200);
  EXPECT_EQ(ring.writer.commit(150, 9, -5), 1U);
  const Next next = viewer.reader.next();
  ASSERT_EQ(next.kind, Next::Kind::record);
  EXPECT_EQ(next.record.size, 150U);
  EXPECT_EQ(next.record.kind, 9U);
  EXPECT_EQ(next.record.time_ns, -5);
  EXPECT_EQ(next.record.payload[149], std::byte{'y'});
  EXPECT_EQ(viewer.reader.next().kind, Next::Kind::nothing);
}

TEST(RingWriter, FindsEveryEventThatCanBeRead) {
  HeapRing ring;
  while (ring.writer.counters().withdrawn < 2)
    (void)ring.publish(300);
  const std::uint64_t oldest = ring.writer.oldest().next_sequence;
  EXPECT_FALSE(ring.writer.find(oldest - 1));
  EXPECT_FALSE(ring.writer.find(ring.writer.next_sequence() + 1));
  EXPECT_EQ(ring.writer.find(oldest), ring.writer.oldest());
  EXPECT_EQ(ring.writer.find(ring.writer.next_sequence()), ring.writer.latest());
  for (std::uint64_t sequence = oldest; sequence < ring.writer.next_sequence(); ++sequence) {
    const auto cursor = ring.writer.find(sequence);
    ASSERT_TRUE(cursor) << sequence;
    CopyingReader reader(ring.view(), *cursor);
    const Next next = reader.next();
    ASSERT_EQ(next.kind, Next::Kind::record) << sequence;
    EXPECT_EQ(next.record.sequence, sequence);
  }
}

TEST(RingWriter, RingsNobodyWhenNobodySleepsAndEachSleeperOnce) {
  HeapRing ring;
  std::array<std::atomic<std::uint32_t>, 3> flags{};
  for (int i = 0; i < 3; ++i)
    (void)ring.writer.add_subscriber({.wake_flag = &flags[static_cast<std::size_t>(i)], .doorbell = i})
        .value();
  std::vector<int> rung;
  const auto bell = [&](int doorbell) { rung.push_back(doorbell); };
  ring.writer.ring(bell);
  EXPECT_TRUE(rung.empty());
  flags[1].store(1, std::memory_order::relaxed);
  ring.writer.ring(bell);
  ring.writer.ring(bell);
  EXPECT_EQ(rung, std::vector{1});
  EXPECT_EQ(ring.writer.counters().bells, 1U);
}

TEST(RingWriter, GivesPinningSlotsOutOnceAndForgetsOldNames) {
  HeapRing ring;
  std::array<std::atomic<std::uint64_t>, pins_max> pins{};
  const auto first = ring.writer.add_subscriber({.pins = pins.data()}).value();
  (void)ring.writer.add_subscriber({.pins = pins.data()}).value();
  EXPECT_EQ(ring.writer.add_subscriber({.pins = pins.data()}).error(), SubscribeFault::no_slot);
  EXPECT_TRUE(ring.writer.add_subscriber({}));  // who copies takes none
  ring.writer.remove_subscriber(first);
  const auto second = ring.writer.add_subscriber({.pins = pins.data()}).value();
  EXPECT_NE(first, second);
  ring.writer.remove_subscriber(first);
  EXPECT_EQ(ring.writer.subscriber_count(), 3U);
}

TEST(RingWriter, FindsAFreeSegmentAtEveryRollWhateverIsPinned) {
  HeapRing ring;
  // Two hostile subscribers keep every pin on a segment of its own, for ever.
  std::array<std::array<std::atomic<std::uint64_t>, pins_max>, 2> pages{};
  for (auto& page : pages)
    (void)ring.writer.add_subscriber({.pins = page.data()}).value();
  for (std::uint64_t i = 0; i < 4; ++i) {
    pages[i / 2][i % 2].store(ring.writer.latest().generation, std::memory_order::seq_cst);
    ring.roll();
  }
  for (int i = 0; i < 50; ++i)
    ring.roll();
  EXPECT_EQ(ring.writer.set_aside_segments(), 4U);
  EXPECT_EQ(ring.writer.window_segments(), 3U);
  EXPECT_EQ(ring.writer.counters().no_space, 0U);
}

TEST(RingReader, SeesEveryEventInOrderAcrossSegments) {
  HeapRing ring;
  Subscribed viewer(ring);
  Seen seen;
  for (std::size_t i = 0; i < 500; ++i) {
    ASSERT_TRUE(ring.publish(i % 300));
    seen.poll(viewer.reader, 1);
  }
  EXPECT_EQ(seen.sequences, range(1, 501));
  EXPECT_TRUE(seen.gaps.empty());
  EXPECT_TRUE(seen.whole);
  EXPECT_FALSE(viewer.reader.has_news());
}

TEST(RingReader, TakesNoMoreThanItsLimitAndGoesOnBehindIt) {
  HeapRing ring;
  Subscribed viewer(ring);
  for (int i = 0; i < 10; ++i)
    (void)ring.publish(16);
  Seen seen;
  EXPECT_EQ(seen.poll(viewer.reader, 0), 0U);
  EXPECT_EQ(seen.poll(viewer.reader, 3), 3U);
  EXPECT_EQ(seen.poll(viewer.reader, 100), 7U);
  EXPECT_EQ(seen.sequences, range(1, 11));
}

TEST(RingReader, ReportsTheExactGapOnceWhenLapped) {
  HeapRing ring;
  Subscribed viewer(ring);
  Seen seen;
  seen.poll(viewer.reader);
  viewer.reader.close();
  while (ring.writer.counters().withdrawn < 4)
    (void)ring.publish(500);
  RingReader late(ring.view(), {1, 0, 1}, viewer.pins.data());
  seen.poll(late);
  const std::uint64_t oldest = ring.writer.oldest().next_sequence;
  EXPECT_EQ(seen.gaps, std::vector<Gap>({{1, oldest - 1}}));
  EXPECT_EQ(seen.sequences, range(oldest, ring.writer.next_sequence()));
}

TEST(RingReader, ReadsItsPinnedSegmentToTheEndBeforeItTellsWhatItLost) {
  HeapRing ring;
  Subscribed viewer(ring);
  (void)ring.publish(500);
  Seen seen;
  seen.poll(viewer.reader, 1);
  const auto pinned = viewer.reader.cursor().generation;
  std::uint64_t last_pinned = 0;
  while (ring.writer.counters().withdrawn < 6) {
    (void)ring.publish(500);
    if (ring.writer.latest().generation == pinned) last_pinned = ring.writer.next_sequence() - 1;
  }
  seen.poll(viewer.reader);
  const std::uint64_t oldest = ring.writer.oldest().next_sequence;
  EXPECT_EQ(seen.gaps, std::vector<Gap>({{last_pinned + 1, oldest - last_pinned - 1}}));
  auto expected = range(1, last_pinned + 1);
  const auto rest = range(oldest, ring.writer.next_sequence());
  expected.insert(expected.end(), rest.begin(), rest.end());
  EXPECT_EQ(seen.sequences, expected);
  EXPECT_TRUE(seen.whole);
}

TEST(RingReader, KeepsHeldEventsWholeAndCopiesThemWhereNoPinIsLeft) {
  HeapRing ring;
  Subscribed viewer(ring);
  std::vector<Held> held;
  for (int i = 0; i < 4; ++i) {
    (void)ring.publish(800);
    const Next next = viewer.reader.next();
    ASSERT_EQ(next.kind, Next::Kind::record);
    held.push_back(viewer.reader.hold(next.record));
    held.push_back(viewer.reader.hold(next.record));
    ring.roll();
    Seen seen;
    seen.poll(viewer.reader);
    ASSERT_TRUE(seen.gaps.empty());
  }
  for (int i = 0; i < 20; ++i)
    ring.roll();
  for (std::size_t i = 0; i < held.size(); ++i) {
    EXPECT_TRUE(is_whole(held[i].record())) << i;
    EXPECT_EQ(held[i].copied(), i >= 2) << i;  // two pins: one other segment in place
  }
  held.clear();
  EXPECT_EQ(viewer.reader.held_segments(), 0U);
  viewer.reader.close();
  for (const auto& pin : viewer.pins)
    EXPECT_EQ(pin.load(std::memory_order::relaxed), 0U);
  ring.roll();
  EXPECT_EQ(ring.writer.set_aside_segments(), 0U);
}

TEST(RingReader, ConsumesTheEventWhoseHandlerThrew) {
  HeapRing ring;
  Subscribed viewer(ring);
  (void)ring.publish(10);
  (void)ring.publish(10);
  EXPECT_THROW(
      viewer.reader.poll([](const Record&) { throw std::runtime_error("handler"); }, [](const Gap&) {}, 9),
      std::runtime_error);
  Seen seen;
  seen.poll(viewer.reader);
  EXPECT_EQ(seen.sequences, range(2, 3));
}

TEST(RingReader, SaysWhetherThereIsNews) {
  HeapRing ring;
  Subscribed viewer(ring);
  EXPECT_TRUE(viewer.reader.has_news());  // it has not been there yet
  Seen seen;
  seen.poll(viewer.reader);
  EXPECT_FALSE(viewer.reader.has_news());
  (void)ring.publish(1);
  EXPECT_TRUE(viewer.reader.has_news());
  viewer.reader.close();
  EXPECT_FALSE(viewer.reader.has_news());
}

TEST(RingReader, StopsAtWhatNoWriterOfOursWrites) {
  for (const std::uint64_t word : {commit_word(2, 8), commit_word(1, 4096), commit_word(1, 4040 + 1),
                                   commit_word(1, 8) | commit_keyframe, link_word(1, 1),
                                   link_word(1, 1u << 27), std::uint64_t{1}, ~std::uint64_t{0}}) {
    HeapRing ring;
    Subscribed viewer(ring);
    RingMemory(ring.base(), ring.geometry).segment(0).word(0).store(word, std::memory_order::relaxed);
    Seen seen;
    EXPECT_EQ(seen.poll(viewer.reader), 0U) << std::hex << word;
    EXPECT_EQ(viewer.reader.state(), ReaderState::corrupt) << std::hex << word;
    CopyingReader copying(ring.view(), {1, 0, 1});
    EXPECT_EQ(seen.poll(copying), 0U) << std::hex << word;
    EXPECT_EQ(copying.state(), ReaderState::corrupt) << std::hex << word;
  }
}

TEST(RingReader, StopsAtALinkToASegmentThatDoesNotFollow) {
  HeapRing ring;
  Subscribed viewer(ring);
  const auto segment = RingMemory(ring.base(), ring.geometry).segment(0);
  segment.word(8).store(2, std::memory_order::relaxed);
  segment.word(0).store(link_word(1, 1), std::memory_order::relaxed);
  Seen seen;
  EXPECT_EQ(seen.poll(viewer.reader), 0U) << "it does not go round for ever";
  EXPECT_EQ(viewer.reader.state(), ReaderState::corrupt);
  CopyingReader copying(ring.view(), {1, 0, 1});
  EXPECT_EQ(seen.poll(copying), 0U);
  EXPECT_EQ(copying.state(), ReaderState::corrupt);
}

TEST(RingReader, RefusesACursorThatIsNoPlace) {
  HeapRing ring;
  Subscribed viewer(ring, {1, 4, 1});
  Seen seen;
  EXPECT_EQ(seen.poll(viewer.reader), 0U);
  EXPECT_EQ(viewer.reader.state(), ReaderState::corrupt);
}

TEST(Ring, CountsRightAcrossTheEdgesOfItsIntegers) {
  for (const std::uint64_t edge : {std::uint64_t{1} << 32, std::uint64_t{1} << 63, std::uint64_t{0}}) {
    HeapRing ring(small_geometry, edge - 50);
    Subscribed viewer(ring);
    Subscribed late(ring, ring.writer.latest());
    CopyingReader copying(ring.view(), ring.writer.latest());
    Seen seen;
    Seen copied;
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(ring.publish(300));
      ASSERT_TRUE(ring.writer.find(ring.writer.next_sequence() - 1));
      seen.poll(viewer.reader);
      copied.poll(copying);
    }
    EXPECT_TRUE(seen.gaps.empty() && copied.gaps.empty());
    EXPECT_TRUE(seen.whole && copied.whole);
    ASSERT_EQ(seen.sequences.size(), 100U);
    EXPECT_EQ(seen.sequences.back(), edge + 49);
    EXPECT_EQ(copied.sequences, seen.sequences);
    Seen lapped;
    lapped.poll(late.reader);
    ASSERT_EQ(lapped.gaps.size(), 1U);
    EXPECT_EQ(lapped.gaps[0].first, edge - 50);
    EXPECT_EQ(lapped.gaps[0].first + lapped.gaps[0].count, ring.writer.oldest().next_sequence);
    EXPECT_EQ(lapped.sequences.back(), edge + 49);
  }
}

TEST(Ring, TakesStaleBytesOfARecycledSegmentForNothing) {
  // Every byte of the pool looks like a commit word before it is used.
  HeapRing ring(small_geometry, 0x30303030, 4096, std::byte{0x30});
  Subscribed viewer(ring);
  CopyingReader copying(ring.view(), ring.writer.latest());
  Seen seen;
  Seen copied;
  for (std::size_t i = 0; i < 400; ++i) {
    ASSERT_TRUE(ring.publish(i % 97));
    seen.poll(viewer.reader);
    copied.poll(copying);
  }
  EXPECT_EQ(seen.sequences, range(0x30303030, 0x30303030 + 400));
  EXPECT_EQ(copied.sequences, seen.sequences);
  EXPECT_TRUE(seen.whole && copied.whole);
}

TEST(CopyingReader, LearnsThatAnEmptyPlaceWasRecycled) {
  HeapRing ring;
  CopyingReader copying(ring.view(), ring.writer.latest());
  Seen seen;
  seen.poll(copying);
  while (ring.writer.counters().withdrawn < 5)
    (void)ring.publish(700);
  EXPECT_TRUE(copying.has_news());
  seen.poll(copying);
  const std::uint64_t oldest = ring.writer.oldest().next_sequence;
  EXPECT_EQ(seen.gaps, std::vector<Gap>({{1, oldest - 1}}));
  EXPECT_EQ(seen.sequences, range(oldest, ring.writer.next_sequence()));
  EXPECT_TRUE(seen.whole);
  EXPECT_EQ(start_of_oldest(ring.view()), ring.writer.oldest());
}

}  // namespace
}  // namespace ringside::shm
