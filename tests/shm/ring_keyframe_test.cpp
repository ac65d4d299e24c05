// SPDX-License-Identifier: Apache-2.0
//
// Keyframes: what readers are given of them, and when.
#include <gtest/gtest.h>

#include "tests/shm/ring_fixture.hpp"

namespace ringside::shm {
namespace {

using Sequences = std::vector<std::uint64_t>;

constexpr RingGeometry keyframe_geometry{.segment_size = 4096,
                                         .window_segments = 4,
                                         .subscription_max = 2,
                                         .pins_per_subscription = 2,
                                         .reliable_segments = 3,
                                         .large_segments = 1,
                                         .large_segment_size = 16 * 1024};

void publish_some(HeapRing& ring, int count) {
  for (int i = 0; i < count; ++i)
    ASSERT_TRUE(ring.publish(100));
}

/// Until the keyframe's segment is the oldest.
void age_keyframe(HeapRing& ring) {
  while (ring.writer.oldest().generation != ring.writer.keyframe()->generation)
    ring.roll();
}

TEST(Keyframe, TakesNoSequenceAndIsPassedOverByWhoDidNotAskForState) {
  HeapRing ring;
  Subscribed viewer(ring);
  CopyingReader copying(ring.view(), ring.writer.latest());
  publish_some(ring, 3);
  ASSERT_TRUE(ring.publish_keyframe(500));
  ASSERT_TRUE(ring.publish_keyframe(0));
  publish_some(ring, 2);
  EXPECT_EQ(ring.writer.next_sequence(), 6U);
  Seen seen;
  Seen copied;
  EXPECT_EQ(seen.poll(viewer.reader), 5U);
  EXPECT_EQ(copied.poll(copying), 5U);
  EXPECT_EQ(seen.sequences, range(1, 6));
  EXPECT_EQ(copied.sequences, range(1, 6));
  EXPECT_TRUE(seen.keyframes.empty() && copied.keyframes.empty());
  EXPECT_EQ(ring.writer.counters().keyframes, 2U);
  EXPECT_EQ(ring.writer.counters().keyframe_bytes, 500U);
}

TEST(Keyframe, IsGivenOnceToWhoBeginsAtItAndThenEveryEventBehindIt) {
  HeapRing ring;
  publish_some(ring, 7);
  ASSERT_TRUE(ring.publish_keyframe(300));
  const Cursor keyframe = ring.writer.keyframe().value();
  EXPECT_EQ(keyframe.next_sequence, 8U);
  publish_some(ring, 2);
  Subscribed viewer(ring, keyframe, false, StateWish::at_once);
  CopyingReader copying(ring.view(), keyframe, StateWish::at_once);
  ASSERT_TRUE(ring.publish_keyframe(10));
  publish_some(ring, 1);
  Seen seen;
  Seen copied;
  seen.poll(viewer.reader);
  copied.poll(copying);
  EXPECT_EQ(seen.keyframes, Sequences{7});
  EXPECT_EQ(seen.sequences, range(8, 11));
  EXPECT_EQ(copied.keyframes, Sequences{7});
  EXPECT_EQ(copied.sequences, range(8, 11));
  EXPECT_TRUE(seen.whole && copied.whole);
}

TEST(Keyframe, OfARingWithoutEventsIncludesTheSequenceBeforeTheFirst) {
  for (const std::uint64_t first : {std::uint64_t{1}, std::uint64_t{1} << 32, std::uint64_t{0}}) {
    HeapRing ring(small_geometry, first);
    ASSERT_TRUE(ring.publish_keyframe(8));
    Subscribed viewer(ring, ring.writer.keyframe().value(), false, StateWish::at_once);
    Seen seen;
    seen.poll(viewer.reader);
    EXPECT_EQ(seen.keyframes, Sequences{first - 1});
    EXPECT_TRUE(seen.whole);
  }
}

TEST(Keyframe, FollowsTheExactGapOfWhoWasLapped) {
  for (const std::uint64_t first : {std::uint64_t{1}, (std::uint64_t{1} << 32) - 30, std::uint64_t{0} - 30}) {
    HeapRing ring(small_geometry, first);
    Subscribed viewer(ring, ring.writer.latest(), false, StateWish::after_a_gap);
    CopyingReader copying(ring.view(), ring.writer.latest(), StateWish::after_a_gap);
    Seen seen;
    Seen copied;
    publish_some(ring, 2);
    seen.poll(viewer.reader);
    copied.poll(copying);
    const Cursor at = viewer.reader.cursor();
    // The rest of the segment that the viewer has pinned is not lost to it.
    while (ring.writer.latest().generation == at.generation)
      ASSERT_TRUE(ring.publish(100));
    const std::uint64_t pinned_to = ring.writer.next_sequence() - 1;
    for (int i = 0; i < 4; ++i)
      ring.roll();
    ASSERT_TRUE(ring.publish_keyframe(200));
    const std::uint64_t behind = ring.writer.next_sequence();
    publish_some(ring, 3);
    seen.poll(viewer.reader);
    copied.poll(copying);
    EXPECT_EQ(seen.gaps, std::vector<Gap>({{pinned_to, behind - pinned_to}}));
    EXPECT_EQ(seen.keyframes, Sequences{behind - 1});
    EXPECT_EQ(copied.gaps, std::vector<Gap>({{first + 2, behind - first - 2}}));
    EXPECT_EQ(copied.keyframes, Sequences{behind - 1});
    Sequences read = range(first, first + 2);
    const Sequences tail = range(behind, behind + 3);
    read.insert(read.end(), tail.begin(), tail.end());
    EXPECT_EQ(copied.sequences, read);
    EXPECT_EQ(seen.sequences.back(), behind + 2);
    EXPECT_TRUE(seen.whole && copied.whole);
  }
}

TEST(Keyframe, IsNotGivenWhereNothingWasMissed) {
  HeapRing ring;
  CopyingReader copying(ring.view(), ring.writer.latest(), StateWish::after_a_gap);
  Seen copied;
  while (ring.writer.latest().generation == 1)
    ASSERT_TRUE(ring.publish(100));
  copied.poll(copying, ring.writer.next_sequence() - 2);  // to the end of its segment
  ring.roll();
  ring.roll();
  EXPECT_EQ(ring.writer.oldest().generation, 2U);
  ASSERT_TRUE(ring.publish_keyframe(10));
  copied.poll(copying);
  EXPECT_TRUE(copied.gaps.empty() && copied.keyframes.empty());
  EXPECT_EQ(copied.sequences, range(1, ring.writer.next_sequence()));
}

TEST(Keyframe, IsInTheHeaderForAsLongAsItCanBeRead) {
  HeapRing ring;
  const auto position = [&] { return ring.view().keyframe_position().load(std::memory_order::acquire); };
  EXPECT_EQ(position(), 0U);
  EXPECT_FALSE(ring.writer.keyframe());
  publish_some(ring, 5);
  ASSERT_TRUE(ring.publish_keyframe(10));
  const Cursor first = ring.writer.keyframe().value();
  EXPECT_EQ(position(), first.generation * 4096 + first.offset);
  ring.roll();
  ASSERT_TRUE(ring.publish_keyframe(10));
  const Cursor second = ring.writer.keyframe().value();
  EXPECT_EQ(position(), second.generation * 4096 + second.offset);
  age_keyframe(ring);
  EXPECT_EQ(position(), second.generation * 4096 + second.offset);
  ring.roll();
  EXPECT_EQ(position(), 0U);
  EXPECT_FALSE(ring.writer.keyframe());
}

TEST(Keyframe, WithoutOneTheOldestEventFollowsTheGapAndThenTheNextKeyframeThatComes) {
  HeapRing ring;
  Subscribed viewer(ring, ring.writer.latest(), false, StateWish::after_a_gap);
  CopyingReader copying(ring.view(), ring.writer.latest(), StateWish::after_a_gap);
  for (int i = 0; i < 6; ++i)
    ring.roll();
  const std::uint64_t oldest = ring.writer.oldest().next_sequence;
  Seen seen;
  Seen copied;
  seen.poll(viewer.reader, 1);
  copied.poll(copying, 1);
  EXPECT_EQ(copied.gaps, std::vector<Gap>({{1, oldest - 1}}));
  EXPECT_EQ(seen.gaps, copied.gaps);
  ASSERT_TRUE(ring.publish_keyframe(10));
  ASSERT_TRUE(ring.publish_keyframe(20));
  const std::uint64_t behind = ring.writer.next_sequence();
  publish_some(ring, 1);
  seen.poll(viewer.reader);
  copied.poll(copying);
  EXPECT_EQ(seen.keyframes, Sequences{behind - 1}) << "the first, and no second one";
  EXPECT_EQ(copied.keyframes, Sequences{behind - 1});
  EXPECT_EQ(seen.sequences, range(oldest, behind + 1));
  EXPECT_EQ(copied.sequences, range(oldest, behind + 1));
}

TEST(Keyframe, ThatIsLargeLiesInASegmentOfItsOwnAndReadersGoOnBehindIt) {
  HeapRing ring(keyframe_geometry);
  Subscribed in_sequence(ring);
  publish_some(ring, 3);
  ASSERT_TRUE(ring.publish_large_keyframe(9000));
  const Cursor keyframe = ring.writer.keyframe().value();
  EXPECT_EQ(keyframe.offset, 0U);
  publish_some(ring, 60);
  Subscribed viewer(ring, keyframe, false, StateWish::at_once);
  CopyingReader copying(ring.view(), keyframe, StateWish::at_once);
  Seen seen;
  Seen copied;
  Seen passed;
  seen.poll(viewer.reader);
  copied.poll(copying);
  passed.poll(in_sequence.reader);
  EXPECT_EQ(seen.keyframes, Sequences{3});
  EXPECT_EQ(copied.keyframes, Sequences{3});
  EXPECT_EQ(seen.sequences, range(4, 64));
  EXPECT_EQ(copied.sequences, range(4, 64));
  EXPECT_EQ(passed.sequences, range(1, 64));
  EXPECT_TRUE(seen.whole && copied.whole);
}

TEST(Keyframe, ThatIsLargeKeepsItsSegmentWhileItIsRead) {
  HeapRing ring(keyframe_geometry);
  ASSERT_TRUE(ring.publish_large_keyframe(9000));
  Subscribed viewer(ring, ring.writer.keyframe().value(), false, StateWish::at_once);
  const Next next = viewer.reader.next();
  ASSERT_EQ(next.kind, Next::Kind::keyframe);
  EXPECT_FALSE(ring.writer.free_large()) << "pinned by the viewer";
  EXPECT_FALSE(ring.writer.keyframe());
  EXPECT_TRUE(is_whole_keyframe(next.record));
  EXPECT_EQ(viewer.reader.next().kind, Next::Kind::nothing);
  EXPECT_TRUE(ring.writer.free_large());
}

TEST(Keyframe, BehindALargeEventStandsWhereItsPositionCanSay) {
  HeapRing ring(keyframe_geometry);
  ASSERT_TRUE(ring.publish_large(12000));
  ASSERT_TRUE(ring.publish_keyframe(50));
  publish_some(ring, 2);
  const Cursor keyframe = ring.writer.keyframe().value();
  EXPECT_LT(keyframe.offset, ring.geometry.segment_size);
  EXPECT_FALSE(ring.geometry.is_large(find_segment(ring.view(), keyframe.generation)->index));
  Subscribed viewer(ring, keyframe, false, StateWish::at_once);
  Seen seen;
  seen.poll(viewer.reader);
  EXPECT_EQ(seen.keyframes, Sequences{1});
  EXPECT_EQ(seen.sequences, range(2, 4));
}

TEST(Keyframe, ThatDoesNotFitIsRefusedAndNothingElseIs) {
  HeapRing ring;
  EXPECT_EQ(ring.publish_keyframe(ring.geometry.payload_size_max() + 1).error(), PublishError::too_large);
  publish_some(ring, 2);
  ASSERT_TRUE(ring.publish_keyframe(10));
  ring.script.allows = [](std::uint64_t) { return false; };
  while (ring.publish(100)) {
  }
  EXPECT_EQ(ring.publish_keyframe(1000).error(), PublishError::no_space);
  Seen seen;
  Subscribed viewer(ring, ring.writer.keyframe().value(), false, StateWish::at_once);
  seen.poll(viewer.reader);
  EXPECT_EQ(seen.keyframes, Sequences{2});
  EXPECT_EQ(seen.sequences, range(3, ring.writer.next_sequence()));
}

TEST(Keyframe, OfAReliableReaderThatHasNotBegunStaysOrItsEvictionIsTold) {
  HeapRing ring(keyframe_geometry);
  ring.roll();
  ASSERT_TRUE(ring.publish_keyframe(10));
  Subscribed viewer(ring, ring.writer.keyframe().value(), true, StateWish::at_once);
  ring.roll();
  for (std::uint32_t i = 2; i < ring.geometry.window_segments_extended() - 1; ++i)
    ring.roll();
  EXPECT_EQ(viewer.evicted.load(), 0U);
  EXPECT_EQ(viewer.acknowledged.load(), viewer.reader.cursor().next_sequence - 1)
      << "the keyframe was not shown";
  for (int i = 0; i < 3; ++i)
    ring.roll();
  EXPECT_EQ(viewer.evicted.load(), 1U);
  Seen seen;
  seen.poll(viewer.reader);
  EXPECT_EQ(seen.gaps.size(), 1U);
}

TEST(Keyframe, OfAReliableReaderIsGivenThoughTheWindowIsLonger) {
  HeapRing ring(keyframe_geometry);
  publish_some(ring, 3);
  ASSERT_TRUE(ring.publish_keyframe(10));
  Subscribed viewer(ring, ring.writer.keyframe().value(), true, StateWish::at_once);
  for (std::uint32_t i = 1; i < ring.geometry.window_segments_extended(); ++i)
    ring.roll();
  Seen seen;
  seen.poll(viewer.reader);
  EXPECT_EQ(seen.keyframes, Sequences{3});
  EXPECT_TRUE(seen.gaps.empty());
  EXPECT_EQ(viewer.acknowledged.load(), ring.writer.next_sequence());
}

TEST(Keyframe, AloneIsNoNews) {
  HeapRing ring;
  Subscribed viewer(ring, ring.writer.latest(), false, StateWish::after_a_gap);
  CopyingReader copying(ring.view(), ring.writer.latest());
  Seen seen;
  publish_some(ring, 1);
  seen.poll(viewer.reader);
  seen.poll(copying);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(ring.publish_keyframe(300));
    EXPECT_FALSE(viewer.reader.has_news()) << i;
    EXPECT_FALSE(copying.has_news()) << i;
  }
  publish_some(ring, 1);
  EXPECT_TRUE(viewer.reader.has_news());
  EXPECT_TRUE(copying.has_news());
  seen.poll(viewer.reader);
  EXPECT_EQ(seen.sequences, (Sequences{1, 1, 2}));
}

TEST(Keyframe, ThatWasNoneIsOwedStill) {
  HeapRing ring;
  publish_some(ring, 1);
  ASSERT_TRUE(ring.publish_keyframe(300));
  Subscribed viewer(ring, ring.writer.keyframe().value(), false, StateWish::at_once);
  CopyingReader copying(ring.view(), ring.writer.keyframe().value(), StateWish::at_once);
  ASSERT_EQ(viewer.reader.next().kind, Next::Kind::keyframe);
  ASSERT_EQ(copying.next().kind, Next::Kind::keyframe);
  viewer.reader.owe_state();
  copying.owe_state();
  ASSERT_TRUE(ring.publish_keyframe(300));
  EXPECT_EQ(viewer.reader.next().kind, Next::Kind::keyframe);
  EXPECT_EQ(copying.next().kind, Next::Kind::keyframe);
}

TEST(Keyframe, CanBeHeld) {
  HeapRing ring;
  publish_some(ring, 1);
  ASSERT_TRUE(ring.publish_keyframe(700));
  Subscribed viewer(ring, ring.writer.keyframe().value(), false, StateWish::at_once);
  const Next next = viewer.reader.next();
  ASSERT_EQ(next.kind, Next::Kind::keyframe);
  const Held held = viewer.reader.hold(next.record);
  for (int i = 0; i < 8; ++i)
    ring.roll();
  EXPECT_FALSE(held.copied());
  EXPECT_TRUE(is_whole_keyframe(held.record()));
}

TEST(Keyframe, WhosePositionSaysWhatNoWriterOfOursSaysEndsTheReading) {
  constexpr std::uint64_t withdrawn = 1 * 4096;
  for (const std::uint64_t position : {withdrawn, std::uint64_t{5 * 4096 + 4}, std::uint64_t{5 * 4096 + 8},
                                       std::uint64_t{5 * 4096 + 4088}}) {
    HeapRing ring;
    Subscribed viewer(ring, ring.writer.latest(), false, StateWish::after_a_gap);
    CopyingReader copying(ring.view(), ring.writer.latest(), StateWish::after_a_gap);
    Seen seen;
    seen.poll(viewer.reader);
    while (ring.writer.latest().generation < 6)
      ring.roll();
    RingMemory(ring.base(), ring.geometry).keyframe_position().store(position, std::memory_order::relaxed);
    seen.poll(viewer.reader);
    seen.poll(copying);
    if (position == withdrawn) {
      EXPECT_EQ(viewer.reader.state(), ReaderState::reading) << "nor for who pins";
      EXPECT_EQ(copying.state(), ReaderState::reading) << "it is not there any more: as if there were none";
      continue;
    }
    EXPECT_EQ(viewer.reader.state(), ReaderState::corrupt) << position;
    EXPECT_EQ(copying.state(), ReaderState::corrupt) << position;
  }
}

TEST(RingWriter, ReadsBackWhatItPublishedSince) {
  HeapRing ring(keyframe_geometry);
  publish_some(ring, 4);
  const Cursor since = ring.writer.latest();
  ASSERT_TRUE(ring.publish_keyframe(40));
  publish_some(ring, 30);
  ASSERT_TRUE(ring.publish_large(9000));
  publish_some(ring, 30);
  Sequences seen;
  bool whole = true;
  const auto look = [&](const Record& record) {
    seen.push_back(record.sequence);
    whole = whole && is_whole(record) && record.kind == record.size && record.time_ns == record.size;
  };
  ring.writer.for_each_since(since, look);
  EXPECT_EQ(seen, range(5, ring.writer.next_sequence()));
  EXPECT_TRUE(whole);
  seen.clear();
  ring.writer.for_each_since(ring.writer.latest(), look);
  EXPECT_TRUE(seen.empty());
}

}  // namespace
}  // namespace ringside::shm
