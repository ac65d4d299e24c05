// SPDX-License-Identifier: Apache-2.0
//
// Events in segments of their own.
#include "shm/large_segments.hpp"

#include <set>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "shm/ring_object.hpp"
#include "tests/shm/ring_fixture.hpp"

namespace ringside::shm {
namespace {

constexpr RingGeometry large_geometry{.segment_size = 4096,
                                      .window_segments = 8,
                                      .subscription_max = 2,
                                      .pins_per_subscription = 2,
                                      .reliable_segments = 2,
                                      .large_segments = 2,
                                      .large_segment_size = 64 * 1024};

class LargeEvents : public testing::Test {
 protected:
  /// Two readers of the same events: in place, and by copying.
  void expect_all(std::uint64_t first) {
    for (Seen* seen : {&in_place_, &copied_}) {
      if (seen == &in_place_) {
        seen->poll(viewer_.reader);
      } else {
        seen->poll(copier_);
      }
      EXPECT_TRUE(seen->whole);
      EXPECT_TRUE(seen->gaps.empty());
      ASSERT_EQ(seen->sequences.size(), ring_.writer.next_sequence() - first);
      for (std::size_t i = 0; i < seen->sequences.size(); ++i)
        EXPECT_EQ(seen->sequences[i], first + i);
    }
  }

  HeapRing ring_{large_geometry};
  Subscribed viewer_{ring_};
  CopyingReader copier_{ring_.view(), ring_.writer.latest()};
  Seen in_place_;
  Seen copied_;
};

TEST_F(LargeEvents, KeepTheirPlaceAmongTheOthers) {
  (void)ring_.publish(100).value();
  EXPECT_EQ(ring_.publish_large(40'000), 2U);
  (void)ring_.publish(200).value();  // behind it, in the same segment
  (void)ring_.publish(4000).value();
  EXPECT_EQ(ring_.publish_large(large_geometry.large_payload_size_max()), 5U);
  (void)ring_.publish(0).value();
  expect_all(1);
  EXPECT_EQ(ring_.writer.counters().large_events, 2U);
}

TEST_F(LargeEvents, AreFoundByTheirSequenceAndWhatIsBehindThem) {
  EXPECT_EQ(ring_.publish_large(10'000), 1U);
  (void)ring_.publish(10).value();
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    const auto cursor = ring_.writer.find(sequence);
    ASSERT_TRUE(cursor) << sequence;
    EXPECT_EQ(cursor->next_sequence, sequence);
  }
  CopyingReader reader(ring_.view(), *ring_.writer.find(2));
  EXPECT_EQ(reader.next().record.size, 10U);
}

TEST_F(LargeEvents, AreGivenUpWithTheHistoryBeforeThemWhereOneMoreIsNeeded) {
  (void)ring_.publish(10).value();
  for (std::uint64_t i = 0; i < 6; ++i)
    ASSERT_EQ(ring_.publish_large(20'000), 2 + i);
  EXPECT_EQ(ring_.writer.oldest().next_sequence, 6U) << "two are left, of two";
}

TEST_F(LargeEvents, AreRefusedWhileReadersPinThemAllAndNothingElseIs) {
  ASSERT_EQ(ring_.publish_large(20'000), 1U);
  ASSERT_EQ(ring_.publish_large(20'000), 2U);
  std::vector<Held> held;
  for (int i = 0; i < 2; ++i) {
    const Next next = viewer_.reader.next();
    ASSERT_EQ(next.kind, Next::Kind::record);
    held.push_back(viewer_.reader.hold(next.record));
  }
  EXPECT_FALSE(ring_.publish_large(20'000));
  for (int i = 0; i < 20; ++i)
    ring_.roll();
  EXPECT_FALSE(ring_.publish_large(20'000));
  EXPECT_TRUE(is_whole(held[0].record()));
  held.clear();
  Seen seen;
  seen.poll(viewer_.reader);
  EXPECT_TRUE(ring_.publish_large(20'000));
}

TEST_F(LargeEvents, EvictAReliableReaderThatIsOwedTheOneThatMustGo) {
  Subscribed slow(ring_, ring_.writer.latest(), true);
  ASSERT_TRUE(ring_.publish_large(20'000));
  ASSERT_TRUE(ring_.publish_large(20'000));
  EXPECT_EQ(slow.evicted.load(), 0U);
  ASSERT_TRUE(ring_.publish_large(20'000));
  EXPECT_EQ(slow.evicted.load(), 1U);
}

class LargeSegmentsTest : public testing::Test {
 protected:
  LargeSegmentsTest() { object_.remove(); }

  [[nodiscard]] std::uint64_t resident() const {
    struct ::stat status {};
    EXPECT_EQ(::fstat(reader_.get(), &status), 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
  }

  RingObject object_{
      RingObject::create("/ringside.large." + std::to_string(::getpid()), large_geometry, {"topic", 1, {}})
          .value()};
  Descriptor reader_{object_.read_only_descriptor().value()};
  LargeSegments large_{object_.large_segments()};
};

TEST_F(LargeSegmentsTest, GivesEachToOneAndItsPagesBackWithIt) {
  const std::uint64_t before = resident();
  std::set<std::uint32_t> indices;
  {
    auto first = large_.claim(50'000);
    auto second = large_.claim(large_geometry.large_payload_size_max());
    ASSERT_TRUE(first && second);
    indices = {first->index(), second->index()};
    EXPECT_EQ(large_.claim(5000).error(), LargeFault::none_free);
    EXPECT_EQ(first->length(), 53'248U);
    EXPECT_EQ(second->length(), 65'536U);
    std::memset(first->payload(), 'x', 50'000);
    EXPECT_EQ(resident(), before + 53'248 + 65'536);
  }
  EXPECT_EQ(indices.size(), 2U);
  EXPECT_EQ(resident(), before);
  EXPECT_TRUE(large_.claim(1));
}

TEST_F(LargeSegmentsTest, ReleasedToTheRingItStaysUntilItIsGivenBack) {
  const std::uint64_t before = resident();
  auto segment = large_.claim(10'000);
  ASSERT_TRUE(segment);
  const std::uint32_t index = segment->index();
  segment->release();
  segment = large_.claim(10'000);
  ASSERT_TRUE(segment);
  EXPECT_NE(segment->index(), index);
  large_.give_back(index);
  EXPECT_EQ(large_.claim(10'000).value().index(), index);
  *segment = large_.claim(20'000).value();
  EXPECT_EQ(resident(), before + 20'480) << "what was held before has gone back";
}

}  // namespace
}  // namespace ringside::shm
