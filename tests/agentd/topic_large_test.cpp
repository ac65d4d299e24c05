// SPDX-License-Identifier: Apache-2.0
//
// Events that fit into no segment of the pool, through a topic.
#include <algorithm>
#include <deque>
#include <thread>

#include <gtest/gtest.h>

#include "agentd/topic.hpp"
#include "tests/agentd/topic_fixture.hpp"

namespace ringside::agentd {
namespace {

/// Two large segments of 256 KiB beside a pool of pages.
constexpr shm::RingGeometry large_geometry{4096, 64, 4, 4, 4, 2, 256 * 1024};
constexpr std::size_t large_filler = 100'000;

std::vector<std::uint64_t> numbers(const std::vector<Seen>& seen) {
  std::vector<std::uint64_t> found;
  for (const Seen& each : seen)
    found.push_back(each.number);
  return found;
}

TEST(TopicLarge, StandsInTheOneOrderWithTheOthers) {
  TopicUnderTest topic("conversation:1", large_geometry);
  TopicReader reader(*topic, topic.subscribe({})->cursor);
  for (std::uint64_t i = 0; i < 10; ++i)
    ASSERT_TRUE(topic->publish(numbered(i, {}, i % 4 == 3 ? large_filler : 10)));
  EXPECT_EQ(numbers(reader.read()), (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(topic->counters().large_events, 2U);
  EXPECT_EQ(topic->counters().events, 10U);
}

TEST(TopicLarge, IsRefusedAboveItsLimitAndTakesNoPlace) {
  TopicUnderTest topic("conversation:1", large_geometry);
  EXPECT_EQ(topic->event_size_max(), 256U * 1024 - 56);
  EXPECT_EQ(topic->publish(numbered(1, {}, 256 * 1024)).error(), PublishError::too_large);
  EXPECT_EQ(topic->next_sequence(), 1U);
  TopicUnderTest without("conversation:2", small_geometry);
  EXPECT_EQ(without->publish(numbered(1, {}, 5000)).error(), PublishError::too_large);
}

TEST(TopicLarge, ComesWithABatchWhole) {
  TopicUnderTest topic("conversation:1", large_geometry);
  TopicReader reader(*topic, topic.subscribe({})->cursor);
  std::vector<schema::EventBuffer> batch;
  for (std::uint64_t i = 0; i < 4; ++i)
    batch.push_back(numbered(i, {}, i % 2 == 1 ? large_filler : 10));
  EXPECT_EQ(topic.publish_batch(std::move(batch)), 1U);
  EXPECT_EQ(numbers(reader.read()), (std::vector<std::uint64_t>{0, 1, 2, 3}));
  std::vector<schema::EventBuffer> too_many;
  for (std::uint64_t i = 0; i < 3; ++i)
    too_many.push_back(numbered(i, {}, large_filler));
  EXPECT_EQ(topic.publish_batch(std::move(too_many)).error(), BatchFault::no_space)
      << "two segments for three";
  EXPECT_EQ(topic->next_sequence(), 5U);
  EXPECT_TRUE(topic->publish(numbered(5, {}, large_filler)))
      << "and what the refused batch had taken is free";
}

TEST(TopicLarge, IsRefusedWhileReadersPinWhatThereIsAndKeepsNobodyFromWriting) {
  TopicUnderTest topic("conversation:1", large_geometry);
  Page page;
  const auto granted = topic.subscribe({.session = 1, .subscriber = {.pins = page.pins.data()}});
  ASSERT_TRUE(granted);
  for (std::uint64_t i = 0; i < 2; ++i)
    ASSERT_TRUE(topic->publish(numbered(i, {}, large_filler)));
  // Each large event is a generation of its own behind the first.
  page.pins[0].store(2);
  page.pins[1].store(3);
  EXPECT_EQ(topic->publish(numbered(2, {}, large_filler)).error(), PublishError::no_space);
  EXPECT_FALSE(topic->stalled());
  ASSERT_TRUE(topic->publish(numbered(3)));
  page.pins[0].store(0);
  EXPECT_TRUE(topic->publish(numbered(4, {}, large_filler)));
  TopicReader reader(*topic, topic.subscribe({.from = SubscribeFrom::oldest})->cursor);
  EXPECT_EQ(numbers(reader.read()).back(), 4U);
}

TEST(TopicLarge, OfALifeThatIsOverGivesItsSegmentBack) {
  TopicUnderTest topic("agent_server:ada", large_geometry);
  topic->begin_life(7);
  for (std::uint64_t i = 0; i < 10; ++i)
    ASSERT_TRUE(topic->publish(numbered(i, {.incarnation = 6}, large_filler)));
  EXPECT_EQ(topic->stale_dropped(), 10U);
  EXPECT_EQ(topic->next_sequence(), 1U);
  EXPECT_TRUE(topic->publish(numbered(11, {.incarnation = 7}, large_filler)));
}

TEST(TopicLarge, GivesItsPagesBackElsewhereWhereThereIsAnElsewhere) {
  std::deque<std::function<void()>> tasks;
  TopicUnderTest topic("conversation:1", {4096, 4, 4, 4, 0, 2, 256 * 1024}, 1,
                       [&tasks](std::function<void()> task) { tasks.push_back(std::move(task)); });
  ASSERT_TRUE(topic->publish(numbered(1, {}, large_filler)));
  for (std::uint64_t i = 0; i < 20; ++i)
    ASSERT_TRUE(topic->publish(numbered(i, {}, 3000)));
  ASSERT_EQ(tasks.size(), 1U);
  tasks.front()();
  for (std::uint64_t i = 0; i < 2; ++i)
    ASSERT_TRUE(topic->publish(numbered(i, {}, large_filler)));
  EXPECT_EQ(tasks.size(), 1U) << "both segments were free";
}

TEST(TopicLarge, FromManyThreadsKeepsEachThreadsOrderAmongTheOthers) {
  constexpr std::uint64_t threads = 4;
  constexpr std::uint64_t events = 400;
  TopicUnderTest topic("conversation:1", {64 * 1024, 64, 4, 4, 4, 4, 256 * 1024});
  std::vector<std::jthread> producers;
  std::atomic<std::uint64_t> done{0};
  for (std::uint64_t t = 0; t < threads; ++t) {
    producers.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < events; ++i) {
        const std::size_t filler = i % 50 == 7 ? large_filler : 100;
        while (!topic->publish(numbered(t * events + i, {}, filler)))
          std::this_thread::yield();  // the others' large events are in flight
      }
      done.fetch_add(1, std::memory_order::release);
    });
  }
  while (done.load(std::memory_order::acquire) < threads)
    std::this_thread::yield();
  ASSERT_TRUE(topic->flush());
  EXPECT_EQ(topic->next_sequence(), threads * events + 1);
  EXPECT_EQ(topic->counters().large_events, threads * 8);
  // The window no longer has all of them: from the oldest on, each thread's come in its order.
  TopicReader late(*topic, topic.subscribe({.from = SubscribeFrom::oldest})->cursor);
  std::array<std::uint64_t, threads> next{};
  for (const Seen& each : late.read()) {
    const std::uint64_t t = each.number / events;
    EXPECT_TRUE(next[t] == 0 || each.number == next[t]) << each.number;
    next[t] = each.number + 1;
  }
  for (std::uint64_t t = 0; t < threads; ++t)
    EXPECT_TRUE(next[t] == 0 || next[t] == (t + 1) * events);
}

}  // namespace
}  // namespace ringside::agentd
