// SPDX-License-Identifier: Apache-2.0
//
// What a topic promises to those who read it, and what it does where there is no space.
#include <algorithm>
#include <filesystem>
#include <thread>

#include <malloc.h>
#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "agentd/topic.hpp"
#include "shm/doorbell.hpp"
#include "tests/agentd/topic_fixture.hpp"

namespace ringside::agentd {
namespace {

TEST(TopicSubscription, BeginsExactlyWhereItWasOrderedInTheMiddleOfAStorm) {
  constexpr std::uint64_t before = 1'000'001;
  constexpr std::uint64_t after = 1'000'002;
  TopicUnderTest topic("conversation:1", {1024 * 1024, 32, 4, 4});
  std::atomic<bool> over{false};
  std::vector<std::jthread> storm;
  for (std::uint64_t t = 0; t < 4; ++t) {
    storm.emplace_back([&] {
      while (!over.load(std::memory_order::relaxed)) {
        for (std::uint64_t i = 0; i < 8; ++i)
          ASSERT_TRUE(topic->publish(numbered(i)));
        std::this_thread::yield();
      }
    });
  }
  for (int round = 0; round < 200; ++round) {
    ASSERT_TRUE(topic->publish(numbered(before)));
    const auto granted = topic.subscribe({.from = SubscribeFrom::latest});
    ASSERT_TRUE(granted);
    ASSERT_TRUE(topic->publish(numbered(after)));
    ASSERT_TRUE(topic->flush());
    TopicReader reader(*topic, granted->cursor);
    const auto seen = reader.read();
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.front().sequence, granted->cursor.next_sequence);
    EXPECT_EQ(std::ranges::find(seen, before, &Seen::number), seen.end())
        << "it saw what was ordered before it";
    EXPECT_NE(std::ranges::find(seen, after, &Seen::number), seen.end())
        << "it missed what was ordered after it";
    topic->unsubscribe(granted->subscriber);
  }
  over.store(true, std::memory_order::relaxed);
  storm.clear();
  ASSERT_TRUE(topic->flush());
  EXPECT_EQ(topic->subscriber_count(), 0U);
}

TEST(TopicSubscription, BeginsAtASequenceOrAtTheOldestOrNamesBothNumbers) {
  TopicUnderTest topic("conversation:1", small_geometry, 10);
  for (std::uint64_t i = 0; i < 5; ++i)
    ASSERT_TRUE(topic->publish(numbered(i)));
  ASSERT_TRUE(topic->flush());
  const auto begin_at = [&](std::uint64_t sequence) {
    return topic.subscribe({.from = SubscribeFrom::sequence, .sequence = sequence});
  };
  const auto middle = begin_at(12);
  ASSERT_TRUE(middle);
  EXPECT_EQ(middle->cursor.next_sequence, 12U);
  EXPECT_EQ(TopicReader(*topic, middle->cursor).read().front().sequence, 12U);

  EXPECT_EQ(begin_at(15)->cursor.next_sequence, 15U) << "the next one is not in the future";
  EXPECT_EQ(begin_at(3)->cursor.next_sequence, 10U) << "older than the oldest: the client computes its gap";
  EXPECT_EQ(topic.subscribe({.from = SubscribeFrom::oldest})->cursor.next_sequence, 10U);

  const auto ahead = begin_at(16);
  ASSERT_FALSE(ahead);
  EXPECT_EQ(ahead.error().fault, SubscribeError::Fault::sequence_ahead);
  EXPECT_EQ(ahead.error().sequence, 16U);
  EXPECT_EQ(ahead.error().next_sequence, 15U);
}

TEST(TopicSubscription, CopiesWhereNoPinSlotIsLeft) {
  TopicUnderTest topic("conversation:1", {4096, 4, 1, 4});
  Page first;
  Page second;
  const auto pinning = topic.subscribe({.subscriber = {first.pins.data(), &first.wake_flag, -1}});
  ASSERT_TRUE(pinning);
  EXPECT_FALSE(pinning->copying);
  const auto copying = topic.subscribe({.subscriber = {second.pins.data(), &second.wake_flag, -1}});
  ASSERT_TRUE(copying);
  EXPECT_TRUE(copying->copying);
  EXPECT_TRUE(topic.subscribe({})->copying) << "it asked for no pins";
  topic->unsubscribe(pinning->subscriber);
  topic->unsubscribe(pinning->subscriber);  // done already
  EXPECT_FALSE(topic.subscribe({.subscriber = {second.pins.data(), nullptr, -1}})->copying);
}

TEST(TopicSubscription, ThatIsReliableKeepsWhatItHasNotAcknowledgedUntilItIsEvicted) {
  TopicUnderTest topic("conversation:1", {4096, 2, 4, 4, 8, 0, 0});
  Page page;
  const auto granted = topic.subscribe(
      {.subscriber = {page.pins.data(), nullptr, -1, &page.acknowledged, &page.evicted}, .reliable = true});
  ASSERT_TRUE(granted);
  for (std::uint64_t i = 0; i < 9; ++i)
    ASSERT_TRUE(topic->publish(numbered(i, {}, 3000)));
  EXPECT_EQ(TopicReader(*topic, granted->cursor).read().size(), 9U);
  EXPECT_EQ(page.evicted.load(), 0U);
  EXPECT_EQ(topic->counters().window_segments, 9U);
  page.acknowledged.store(9);
  for (std::uint64_t i = 9; i < 13; ++i)
    ASSERT_TRUE(topic->publish(numbered(i, {}, 3000)));
  EXPECT_EQ(page.evicted.load(), 0U);
  for (std::uint64_t i = 13; i < 30; ++i)
    ASSERT_TRUE(topic->publish(numbered(i, {}, 3000)));
  EXPECT_EQ(page.evicted.load(), 1U);
  EXPECT_EQ(topic->counters().evicted, 1U);
  EXPECT_EQ(topic->counters().window_segments, 2U) << "and nothing is kept for it any more";
}

TEST(TopicSubscription, ThatIsReliableIsRefusedWhereNoSlotIsLeft) {
  TopicUnderTest topic("conversation:1", {4096, 4, 1, 4});
  Page page;
  const shm::Subscriber subscriber{page.pins.data(), nullptr, -1, &page.acknowledged, &page.evicted};
  ASSERT_TRUE(topic.subscribe({.subscriber = subscriber}));
  const auto refused = topic.subscribe({.subscriber = subscriber, .reliable = true});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, SubscribeError::Fault::no_slot);
  EXPECT_EQ(topic->subscriber_count(), 1U);
}

TEST(TopicSubscription, IsWokenOnceForWhatOneDrainBrings) {
  TopicUnderTest topic("conversation:1", small_geometry);
  auto bell = shm::Doorbell::create();
  ASSERT_TRUE(bell);
  Page page;
  const auto granted =
      topic.subscribe({.subscriber = {page.pins.data(), &page.wake_flag, bell->ringing_end().get()}});
  ASSERT_TRUE(granted);
  ASSERT_TRUE(topic->publish(numbered(1)));
  EXPECT_EQ(shm::drain_doorbell(bell->waiting_end().get()), shm::Drained::empty) << "nobody sleeps";
  page.wake_flag.store(1, std::memory_order::relaxed);
  ASSERT_TRUE(topic->publish(numbered(2)));
  EXPECT_EQ(page.wake_flag.load(std::memory_order::relaxed), 0U);
  ASSERT_TRUE(topic->publish(numbered(3)));
  char rings[8];
  EXPECT_EQ(::read(bell->waiting_end().get(), rings, sizeof rings), 1);
}

TEST(TopicSubscription, OfAReleasedSessionIsGone) {
  TopicUnderTest topic("conversation:1", small_geometry);
  Page page;
  for (const std::uint64_t session : {std::uint64_t{1}, std::uint64_t{1}, std::uint64_t{2}})
    ASSERT_TRUE(topic.subscribe({.session = session, .subscriber = {page.pins.data(), nullptr, -1}}));
  EXPECT_EQ(topic->subscriber_count(), 3U);
  bool done = false;
  topic->release_session(1, [&] { done = true; });
  EXPECT_TRUE(done);
  EXPECT_EQ(topic->subscriber_count(), 1U);
}

/// A ring that the system lets have three segments, all of which a reader pins.
class FullTopic : public ::testing::Test {
 protected:
  static constexpr std::size_t filler = 1000;  // three of them fill a segment

  FullTopic() : topic_("conversation:1", geometry) {}

  void SetUp() override {
    const auto granted = topic_.subscribe({.session = 9, .subscriber = {page_.pins.data(), nullptr, -1}});
    ASSERT_TRUE(granted && !granted->copying);
    subscriber_ = granted->subscriber;
    begin_ = granted->cursor;
    for (std::uint64_t i = 0; i < page_.pins.size(); ++i)
      page_.pins[i].store(begin_.generation + i, std::memory_order::seq_cst);
    for (; !topic_->stalled(); ++accepted_)
      ASSERT_TRUE(topic_->publish(numbered(accepted_, {}, filler)));
    ASSERT_LT(accepted_, 30U);
  }

  static constexpr shm::RingGeometry geometry{4096, 4, 1, 4};
  TopicUnderTest topic_;
  BackingLimit limit_{geometry.segment_offset(3)};
  Page page_;
  shm::SubscriberId subscriber_;
  shm::Cursor begin_;
  std::uint64_t accepted_ = 0;
};

TEST_F(FullTopic, KeepsWhatItAcceptedAndRefusesWhatIsNew) {
  EXPECT_EQ(topic_->publish(numbered(1000, {}, filler)).error(), PublishError::no_space);
  EXPECT_EQ(topic_.publish_batch({}).error(), BatchFault::no_space);
  EXPECT_EQ(topic_->flush().error(), PublishError::no_space);
  EXPECT_EQ(topic_->next_sequence(), accepted_) << "the last one that was accepted is not visible yet";

  TopicReader reader(*topic_, topic_.subscribe({.from = SubscribeFrom::oldest})->cursor);
  const auto seen_before = reader.read();
  for (auto& pin : page_.pins)
    pin.store(0, std::memory_order::release);
  EXPECT_TRUE(topic_->stalled()) << "nobody has told it";
  topic_->retry();
  EXPECT_FALSE(topic_->stalled());
  ASSERT_TRUE(topic_->publish(numbered(accepted_, {}, filler)));
  ASSERT_TRUE(topic_->flush());
  const auto seen_after = reader.read();
  ASSERT_EQ(seen_after.size(), 2U);
  EXPECT_EQ(seen_after[0].number, accepted_ - 1);
  EXPECT_EQ(seen_after[0].sequence, seen_before.back().sequence + 1);
  EXPECT_EQ(seen_after[1].number, accepted_);
}

TEST_F(FullTopic, HasWhatMustNotBeLostWaitBehindTheOthers) {
  ASSERT_TRUE(topic_->publish_anyway(numbered(accepted_, {}, filler)));
  ASSERT_TRUE(topic_->publish_anyway(numbered(accepted_ + 1)));
  EXPECT_EQ(topic_->next_sequence(), accepted_) << "there is no space yet";
  TopicReader reader(*topic_, topic_.subscribe({.from = SubscribeFrom::oldest})->cursor);
  static_cast<void>(reader.read());  // what the others will take the place of
  for (auto& pin : page_.pins)
    pin.store(0, std::memory_order::release);
  topic_->retry();
  const auto seen = reader.read();
  ASSERT_EQ(seen.size(), 3U);
  for (std::size_t i = 0; i < seen.size(); ++i)
    EXPECT_EQ(seen[i].number, accepted_ - 1 + i);
}

TEST_F(FullTopic, TakesNewEventsAgainByItselfOnceTheyFit) {
  for (auto& pin : page_.pins)
    pin.store(0, std::memory_order::release);
  EXPECT_TRUE(topic_->publish(numbered(1, {}, filler)));
}

TEST_F(FullTopic, GoesOnWhenTheReaderUnsubscribes) {
  topic_->unsubscribe(subscriber_);
  EXPECT_FALSE(topic_->stalled());
  EXPECT_EQ(topic_->next_sequence(), accepted_ + 1);
}

TEST_F(FullTopic, GoesOnWhenTheReadersSessionIsReleased) {
  topic_->release_session(9);
  EXPECT_FALSE(topic_->stalled());
  EXPECT_EQ(topic_->next_sequence(), accepted_ + 1);
}

TEST_F(FullTopic, StillGrantsSubscriptions) {
  const auto granted = topic_.subscribe({.from = SubscribeFrom::latest});
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->cursor.next_sequence, accepted_);
}

TEST(TopicBacklog, FinishesABatchThatDidNotFitAtOnce) {
  constexpr shm::RingGeometry geometry{4096, 4, 1, 4};
  constexpr std::size_t filler = 1000;
  TopicUnderTest topic("conversation:1", geometry);
  const BackingLimit limit(geometry.segment_offset(2));
  Page page;
  const auto granted = topic.subscribe({.subscriber = {page.pins.data(), nullptr, -1}});
  for (std::uint64_t i = 0; i < page.pins.size(); ++i)
    page.pins[i].store(granted->cursor.generation + i, std::memory_order::seq_cst);
  std::vector<schema::EventBuffer> batch;
  for (std::uint64_t i = 0; i < 20; ++i)
    batch.push_back(numbered(i, {}, filler));
  std::optional<expected<std::uint64_t, BatchFault>> answer;
  topic->publish(std::move(batch), [&](auto result) { answer = result; });
  EXPECT_FALSE(answer) << "it is not whole yet";
  EXPECT_GT(topic->next_sequence(), 1U);

  // Each round lets go of everything but the newest segment.
  for (int round = 0; round < 20 && !answer; ++round) {
    const auto newest = topic.subscribe({.from = SubscribeFrom::latest});
    page.pins[0].store(newest->cursor.generation, std::memory_order::seq_cst);
    for (std::size_t i = 1; i < page.pins.size(); ++i)
      page.pins[i].store(0, std::memory_order::release);
    topic->retry();
    topic->unsubscribe(newest->subscriber);
  }
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->value(), 1U);
  EXPECT_EQ(topic->next_sequence(), 21U);
}

TEST(TopicBacklog, IsAnsweredWhenTheTopicEnds) {
  constexpr shm::RingGeometry geometry{4096, 4, 1, 4};
  TopicUnderTest topic("conversation:1", geometry);
  const BackingLimit limit(geometry.segment_offset(2));
  Page page;
  const auto granted = topic.subscribe({.subscriber = {page.pins.data(), nullptr, -1}});
  for (std::uint64_t i = 0; i < page.pins.size(); ++i)
    page.pins[i].store(granted->cursor.generation + i, std::memory_order::seq_cst);
  std::vector<schema::EventBuffer> batch;
  for (std::uint64_t i = 0; i < 20; ++i)
    batch.push_back(numbered(i, {}, 1000));
  std::optional<expected<std::uint64_t, BatchFault>> answer;
  topic->publish(std::move(batch), [&](auto result) { answer = result; });
  ASSERT_FALSE(answer);
  topic->remove_name();
  topic.end();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error(), BatchFault::closed);
}

TEST(TopicCost, AThousandIdleOnesNeedLittleMemoryAndNoThread) {
  constexpr std::size_t count = 1000;
  const auto heap = [] { return ::mallinfo2().uordblks; };
  std::vector<std::unique_ptr<TopicUnderTest>> topics;
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                         std::filesystem::directory_iterator());
  };
  const auto threads_before = threads();
  const std::size_t before = heap();
  for (std::size_t i = 0; i < count; ++i) {
    topics.push_back(std::make_unique<TopicUnderTest>("conversation:" + std::to_string(i)));
    ASSERT_TRUE((*topics.back())->publish(numbered(i)));
  }
  const std::size_t each = (heap() - before) / count;
  RecordProperty("heap_bytes_per_topic", static_cast<int>(each));
  EXPECT_EQ(threads(), threads_before);
  EXPECT_LT(each, 16U * 1024) << "heap of a topic that has published once";
}

}  // namespace
}  // namespace ringside::agentd
