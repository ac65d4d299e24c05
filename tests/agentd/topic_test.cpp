// SPDX-License-Identifier: Apache-2.0
//
// What a topic promises of its events.
#include "agentd/topic.hpp"

#include <algorithm>
#include <barrier>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "schema/topic_name.hpp"
#include "tests/agentd/topic_fixture.hpp"

namespace ringside::agentd {
namespace {

constexpr shm::RingGeometry roomy_geometry{1024 * 1024, 32, 4, 4};

std::vector<std::uint64_t> numbers_of(const std::vector<Seen>& seen) {
  std::vector<std::uint64_t> numbers;
  for (const Seen& each : seen)
    numbers.push_back(each.number);
  return numbers;
}

std::vector<schema::EventBuffer> batch_of(std::uint64_t first, std::uint64_t count, std::size_t filler = 0) {
  std::vector<schema::EventBuffer> batch;
  for (std::uint64_t i = 0; i < count; ++i)
    batch.push_back(numbered(first + i, {}, filler));
  return batch;
}

TEST(Topic, NumbersItsEventsFromTheFirstSequenceOn) {
  TopicUnderTest topic("conversation:1", small_geometry, 41);
  TopicReader reader(*topic, topic.subscribe({.from = SubscribeFrom::latest})->cursor);
  for (std::uint64_t i = 0; i < 3; ++i)
    ASSERT_TRUE(topic->publish(numbered(i)));
  ASSERT_TRUE(topic->flush());
  const auto seen = reader.read();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen.front().sequence, 41U);
  EXPECT_EQ(seen.back().sequence, 43U);
  EXPECT_EQ(topic->next_sequence(), 44U);
  EXPECT_EQ(numbers_of(seen), (std::vector<std::uint64_t>{0, 1, 2}));
  EXPECT_GT(seen.front().time_ns, 0);
}

TEST(Topic, KeepsOneDescriptorHoweverManyReadIt) {
  const auto open_descriptors = [] {
    return std::ranges::distance(std::filesystem::directory_iterator("/proc/self/fd"));
  };
  const auto before = open_descriptors();
  const TopicUnderTest topic;
  for (int reader = 0; reader < 3; ++reader)
    EXPECT_TRUE(topic->open_read_only());
  EXPECT_EQ(open_descriptors(), before + 1);
}

TEST(Topic, KeepsCausalOrderAcrossEightProducerThreads) {
  constexpr std::uint64_t thread_count = 8;
  constexpr std::uint64_t rounds = 10'000;
  TopicUnderTest topic("conversation:1", roomy_geometry);
  TopicReader reader(*topic, topic.subscribe({.from = SubscribeFrom::latest})->cursor);
  // When each call began and returned, on one clock of all threads that only counts.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> calls(thread_count * rounds);
  std::atomic<std::uint64_t> clock{1};
  std::barrier start(thread_count);
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      for (std::uint64_t number = t * rounds; number < (t + 1) * rounds; ++number) {
        schema::EventBuffer event = numbered(number);
        calls[number].first = clock.fetch_add(1, std::memory_order::seq_cst);
        ASSERT_TRUE(topic->publish(event));
        calls[number].second = clock.fetch_add(1, std::memory_order::seq_cst);
        if (number % 8 == t) std::this_thread::yield();  // few processors, many threads: mix them
      }
    });
  }
  threads.clear();
  ASSERT_TRUE(topic->flush());
  const auto seen = reader.read();
  ASSERT_EQ(seen.size(), thread_count * rounds);
  std::uint64_t latest_beginning = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    ASSERT_EQ(seen[i].sequence, i + 1);
    const auto& [began, returned] = calls.at(seen[i].number);
    ASSERT_GT(returned, latest_beginning)
        << "something that was called after this had returned came before it";
    latest_beginning = std::max(latest_beginning, began);
  }
}

TEST(Topic, KeepsABatchTogether) {
  constexpr std::uint64_t batch_size = 5;
  constexpr std::uint64_t batches = 300;
  TopicUnderTest topic("conversation:1", roomy_geometry);
  TopicReader reader(*topic, topic.subscribe({.from = SubscribeFrom::latest})->cursor);
  std::mutex guard;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> answers;  // first number, first sequence
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < batches; ++i) {
        const std::uint64_t first = (t * batches + i) * batch_size;
        topic->publish(batch_of(first, batch_size), [&, first](expected<std::uint64_t, BatchFault> result) {
          const std::lock_guard lock(guard);
          answers.emplace_back(first, result.value());
        });
        ASSERT_TRUE(topic->publish(numbered(std::uint64_t{1} << 40)));
      }
    });
  }
  threads.clear();
  ASSERT_TRUE(topic->flush());
  const auto seen = reader.read();
  ASSERT_EQ(seen.size(), 4 * batches * (batch_size + 1));
  ASSERT_EQ(answers.size(), 4 * batches);
  for (const auto& [first, sequence] : answers) {
    for (std::uint64_t i = 0; i < batch_size; ++i)
      ASSERT_EQ(seen.at(sequence - 1 + i).number, first + i);
  }
}

TEST(Topic, AnswersABatchAfterItsCommit) {
  TopicUnderTest topic("conversation:1", small_geometry);
  TopicReader reader(*topic, topic.subscribe({.from = SubscribeFrom::latest})->cursor);
  std::vector<std::uint64_t> visible;
  topic->publish(batch_of(7, 3), [&](expected<std::uint64_t, BatchFault> result) {
    EXPECT_EQ(result.value(), 1U);
    visible = numbers_of(reader.read());
  });
  ASSERT_TRUE(topic->flush());
  EXPECT_EQ(visible, (std::vector<std::uint64_t>{7, 8, 9}));
  EXPECT_EQ(topic.publish_batch({}).value(), 4U) << "an empty batch tells what comes next";
}

TEST(Topic, DropsWhatIsNotOfTheCurrentLifeOrRun) {
  TopicUnderTest topic(schema::main_topic("a"), small_geometry);
  TopicReader reader(*topic, topic.subscribe({.from = SubscribeFrom::latest})->cursor);
  const auto publish = [&](std::uint64_t number, schema::Stamp stamp) {
    ASSERT_TRUE(topic->publish(numbered(number, stamp)));
  };
  publish(1, {5, 0});  // no life yet
  topic->begin_life(5);
  publish(2, {5, 0});
  publish(3, {4, 0});  // another life
  publish(4, {0, 0});  // of no life
  publish(5, {5, 1});  // no run yet
  topic->begin_run(1);
  publish(6, {5, 1});
  publish(7, {5, 0});
  topic->begin_run(2);
  publish(8, {5, 1});  // superseded
  publish(9, {5, 2});
  topic->end_life();
  publish(10, {5, 2});  // after the last event of its life
  publish(11, {5, 0});
  topic->begin_life(6);
  publish(12, {5, 0});
  publish(13, {6, 0});
  publish(14, {6, 2});  // the run of an earlier life
  ASSERT_TRUE(topic->flush());
  EXPECT_EQ(numbers_of(reader.read()), (std::vector<std::uint64_t>{2, 6, 7, 9, 13}));
  EXPECT_EQ(topic->stale_dropped(), 9U);
}

TEST(Topic, DropsABatchOfAnEarlierRunWhole) {
  TopicUnderTest topic(schema::main_topic("a"), small_geometry);
  topic->begin_life(5);
  topic->begin_run(2);
  std::vector<schema::EventBuffer> batch;
  batch.push_back(numbered(1, {5, 2}));
  batch.push_back(numbered(2, {5, 1}));
  EXPECT_EQ(topic.publish_batch(std::move(batch)).error(), BatchFault::stale);
  EXPECT_EQ(topic->next_sequence(), 1U);
  EXPECT_EQ(topic->stale_dropped(), 2U);
}

TEST(Topic, JudgesNothingOnTheTopicsOfNoAgent) {
  TopicUnderTest topic(std::string(schema::agents_topic), small_geometry);
  ASSERT_TRUE(topic->publish(numbered(1)));
  ASSERT_TRUE(topic->publish(numbered(2, {77, 3})));
  ASSERT_TRUE(topic->flush());
  EXPECT_EQ(topic->next_sequence(), 3U);
  EXPECT_EQ(topic->stale_dropped(), 0U);
}

TEST(Topic, NothingOfALifeComesAfterItsEnd) {
  constexpr std::uint64_t next_life = 99;
  TopicUnderTest topic(schema::main_topic("a"), roomy_geometry);
  TopicReader reader(*topic, topic.subscribe({.from = SubscribeFrom::latest})->cursor);
  topic->begin_life(1);
  std::atomic<bool> over{false};
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!over.load(std::memory_order::relaxed)) {
        ASSERT_TRUE(topic->publish(numbered(0, {1, 0})));
        std::this_thread::yield();
      }
    });
  }
  while (topic->next_sequence() < 1000)
    std::this_thread::yield();
  topic->end_life();
  topic->begin_life(2);
  ASSERT_TRUE(topic->publish(numbered(next_life, {2, 0})));
  while (topic->stale_dropped() < 100)
    std::this_thread::yield();
  over.store(true, std::memory_order::relaxed);
  threads.clear();
  ASSERT_TRUE(topic->flush());
  const auto seen = reader.read();
  ASSERT_GE(seen.size(), 1000U);
  EXPECT_EQ(std::ranges::count(seen, next_life, &Seen::number), 1);
  EXPECT_EQ(seen.back().number, next_life);
}

TEST(Topic, RefusesWhatNeverFits) {
  TopicUnderTest topic("conversation:1", small_geometry);
  EXPECT_EQ(topic->publish(numbered(1, {}, 4096)).error(), PublishError::too_large);
  std::vector<schema::EventBuffer> batch = batch_of(1, 2);
  batch.push_back(numbered(3, {}, 4096));
  EXPECT_EQ(topic.publish_batch(std::move(batch)).error(), BatchFault::too_large);
  EXPECT_EQ(topic->next_sequence(), 1U);

  std::size_t filler = topic->event_size_max();
  while (numbered(1, {}, filler).bytes().size() > topic->event_size_max())
    --filler;
  ASSERT_TRUE(topic->publish(numbered(1, {}, filler)));
  ASSERT_TRUE(topic->flush());
  EXPECT_EQ(topic->next_sequence(), 2U);
}

TEST(Topic, GoesOnOnAnotherThreadWhereAHolderHasNoPatience) {
  std::mutex guard;
  std::deque<std::function<void()>> tasks;
  TopicUnderTest topic("conversation:1", roomy_geometry, 1, [&](std::function<void()> task) {
    const std::lock_guard lock(guard);
    tasks.push_back(std::move(task));
  });
  std::uint64_t answered = 0;
  // A completion holds the role while it runs: it brings more than one holder's patience.
  topic->publish(batch_of(0, 1), [&](expected<std::uint64_t, BatchFault>) {
    for (std::uint64_t i = 0; i < 3000; ++i)
      topic->publish(batch_of(i, 1), [&](expected<std::uint64_t, BatchFault>) { ++answered; });
  });
  EXPECT_LT(answered, 3000U);
  std::uint64_t rounds = 0;
  for (; !tasks.empty(); ++rounds) {
    const auto task = std::move(tasks.front());
    tasks.pop_front();
    std::jthread([&] { task(); }).join();
  }
  EXPECT_GE(rounds, 2U);
  EXPECT_EQ(answered, 3000U);

  // A task that is left when the topic ends finds it gone.
  topic->publish(batch_of(0, 1), [&](expected<std::uint64_t, BatchFault>) {
    for (std::uint64_t i = 0; i < 3000; ++i)
      topic->publish(batch_of(i, 1), [&](expected<std::uint64_t, BatchFault>) { ++answered; });
  });
  ASSERT_FALSE(tasks.empty());
  topic->remove_name();
  topic.end();
  EXPECT_EQ(answered, 6000U) << "what was accepted is delivered before the topic ends";
  tasks.front()();
}

TEST(Topic, RefusesAnInvalidName) {
  TopicOptions options;
  options.name = std::string("a\0b", 3);
  options.object_name = "/ringside-test.never";
  const auto made = Topic::create(std::move(options));
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("name"), std::string::npos);
}

}  // namespace
}  // namespace ringside::agentd
