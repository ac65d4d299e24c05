// SPDX-License-Identifier: Apache-2.0
//
// What a topic promises of tokens, which it encodes itself: in place where nobody else writes, else for whoever does.
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

#include "agentd/topic.hpp"
#include "schema/event_check.hpp"
#include "schema/token_delta.hpp"
#include "schema/topic_name.hpp"
#include "tests/agentd/topic_fixture.hpp"

namespace ringside::agentd {
namespace {

constexpr shm::RingGeometry token_geometry{1024 * 1024, 32, 4, 4};

schema::TokenDelta token(std::uint32_t number, std::string_view message_id = "m", schema::Stamp stamp = {}) {
  return {.stamp = stamp,
          .message_id = message_id,
          .part_index = number,
          .text = " lighthouse",
          .part = number % 2 == 0 ? schema::TokenDelta::Part::text : schema::TokenDelta::Part::thinking};
}

struct SeenToken {
  std::uint64_t sequence;
  std::string message_id;
  std::uint32_t number;

  friend bool operator==(const SeenToken&, const SeenToken&) = default;
};

/// Everything that is there from the ring's beginning on, each event checked as one from a stranger.
std::vector<SeenToken> tokens_in(const Topic& topic) {
  const auto ring = shm::AttachedRing::attach(topic.open_read_only(), ::geteuid());
  shm::BasicCopyingReader<> reader(ring->view(),
                                   shm::Cursor{.generation = 1, .offset = 0, .next_sequence = 1});
  std::vector<SeenToken> seen;
  reader.poll(
      [&](const shm::Record& record) {
        EXPECT_GT(record.time_ns, 0);
        EXPECT_EQ(record.kind, static_cast<std::uint32_t>(schema::TokenDelta::kind));
        const auto event = schema::check_event({record.payload, record.size});
        ASSERT_TRUE(event) << event.error().message;
        const auto& one = *(*event)->payload_as_llm_deltas()->deltas()->Get(0);
        const auto* const text = one.part_index() % 2 == 0 ? one.text() : one.content()->content();
        EXPECT_EQ(text->string_view(), " lighthouse");
        seen.push_back({record.sequence, one.message_id()->str(), one.part_index()});
      },
      [](const shm::Gap& gap) { ADD_FAILURE() << "gap of " << gap.count << " at " << gap.first; },
      std::size_t{1} << 30);
  return seen;
}

TEST(TopicToken, IsTheEventThatItMeans) {
  TopicUnderTest topic;
  ASSERT_TRUE(topic->publish(token(0)));
  ASSERT_TRUE(topic->publish(token(1)));
  EXPECT_EQ(tokens_in(*topic), (std::vector<SeenToken>{{1, "m", 0}, {2, "m", 1}}));
}

TEST(TopicToken, IsTheSameWhereSomebodyElseHoldsTheRole) {
  TopicUnderTest topic;
  ASSERT_TRUE(topic->publish(token(0)));
  // This is called by the holder, so that what it publishes has to wait for its turn.
  topic->subscribe({.from = SubscribeFrom::latest}, [&](const auto&) {
    EXPECT_TRUE(topic->publish(token(1)));
    EXPECT_TRUE(topic->publish(token(2)));
    EXPECT_EQ(topic->next_sequence(), 2U);
  });
  EXPECT_EQ(tokens_in(*topic), (std::vector<SeenToken>{{1, "m", 0}, {2, "m", 1}, {3, "m", 2}}));
}

TEST(TopicToken, OfALifeOrRunThatIsOverIsDropped) {
  TopicUnderTest topic(schema::main_topic("a"));
  topic->begin_life(5);
  topic->begin_run(2);
  ASSERT_TRUE(topic->publish(token(0, "m", {5, 1})));
  ASSERT_TRUE(topic->publish(token(1, "m", {4, 2})));
  ASSERT_TRUE(topic->publish(token(2, "m", {5, 2})));
  topic->end_life();
  ASSERT_TRUE(topic->publish(token(3, "m", {5, 2})));
  EXPECT_EQ(tokens_in(*topic), (std::vector<SeenToken>{{1, "m", 2}}));
  EXPECT_EQ(topic->stale_dropped(), 3U);
}

TEST(TopicToken, ThatNeverFitsIsRefused) {
  TopicUnderTest topic("conversation:1", small_geometry);
  const std::string text(topic->event_size_max(), 't');
  schema::TokenDelta large = token(0);
  large.text = text;
  EXPECT_EQ(topic->publish(large).error(), PublishError::too_large);
  large.text = std::string_view(text).substr(0, topic->event_size_max() / 2);
  EXPECT_TRUE(topic->publish(large));
}

TEST(TopicToken, KeepsEachProducersOrderAcrossEightThreads) {
  constexpr std::uint32_t thread_count = 8;
  constexpr std::uint32_t rounds = 5'000;
  TopicUnderTest topic("conversation:1", token_geometry);
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t t = 0; t < thread_count; ++t) {
      threads.emplace_back([&, t] {
        const std::string id(1, static_cast<char>('a' + t));
        for (std::uint32_t number = 0; number < rounds; ++number) {
          ASSERT_TRUE(topic->publish(token(number, id)));
          if (number % 8 == t) std::this_thread::yield();  // few processors, many threads: mix them
        }
      });
    }
  }
  ASSERT_TRUE(topic->flush());
  const auto seen = tokens_in(*topic);
  ASSERT_EQ(seen.size(), thread_count * rounds);
  std::vector<std::uint32_t> next_of(thread_count);
  for (const SeenToken& each : seen)
    ASSERT_EQ(each.number, next_of[static_cast<std::size_t>(each.message_id[0] - 'a')]++);
}

}  // namespace
}  // namespace ringside::agentd
