// SPDX-License-Identifier: Apache-2.0
//
// Whether there is news, asked while the last event is still read.
#include <cstdint>

#include <gtest/gtest.h>

#include "tests/shm/ring_fixture.hpp"

namespace ringside::shm {
namespace {

TEST(RingReader, LeavesAKeyframeToAPollWhileItsEventIsLookedAt) {
  HeapRing ring;
  Subscribed viewer(ring, ring.writer.latest(), false, StateWish::after_a_gap);
  CopyingReader copying(ring.view(), ring.writer.latest());
  ASSERT_TRUE(ring.publish(100));
  Seen seen;
  seen.poll(viewer.reader);
  seen.poll(copying);
  EXPECT_FALSE(viewer.reader.has_news(false));
  EXPECT_FALSE(copying.has_news(false));
  const Cursor place = viewer.reader.cursor();
  ASSERT_TRUE(ring.publish_keyframe(300));
  EXPECT_TRUE(viewer.reader.has_news(false));
  EXPECT_TRUE(copying.has_news(false));
  EXPECT_EQ(viewer.reader.cursor(), place);
  EXPECT_EQ(copying.cursor(), place);
}

TEST(RingReader, KeepsItsPlaceAtASegmentsEndWhileItsEventIsLookedAt) {
  HeapRing ring;
  Subscribed viewer(ring, ring.writer.latest());
  CopyingReader copying(ring.view(), ring.writer.latest());
  const std::uint64_t generation = ring.writer.latest().generation;
  ring.roll();
  const std::uint64_t last = ring.writer.next_sequence() - 2;
  Next next;
  while (next.record.sequence != last)
    next = viewer.reader.next();
  Next copied;
  while (copied.record.sequence != last)
    copied = copying.next();
  for (std::uint32_t i = 0; i < 3 * ring.geometry.pool_segments(); ++i) {
    EXPECT_TRUE(viewer.reader.has_news(false));
    EXPECT_TRUE(copying.has_news(false));
    ring.roll();
  }
  EXPECT_EQ(viewer.reader.cursor().generation, generation);
  EXPECT_TRUE(is_whole(next.record));
  EXPECT_TRUE(is_whole(copied.record));
  const Held held = viewer.reader.hold(next.record);
  EXPECT_FALSE(held.copied());
}

}  // namespace
}  // namespace ringside::shm
