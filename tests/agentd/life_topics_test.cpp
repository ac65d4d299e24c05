// SPDX-License-Identifier: Apache-2.0
#include "agentd/life_topics.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "shm/copying_reader.hpp"
#include "tests/agentd/topic_fixture.hpp"

namespace ringside::agentd {
namespace {

constexpr std::uint64_t this_life = 7;

schema::EventBuffer state_of(std::size_t size) {
  events::AgentStateUpdateT update;
  update.state = '"' + std::string(size, 'x') + '"';
  events::EventT event;
  event.incarnation = this_life;
  event.payload.Set(std::move(update));
  return schema::pack(event);
}

schema::EventBuffer called(std::uint64_t run, const std::string& call, auto payload) {
  payload.tool = std::make_unique<events::ToolCallT>();
  payload.tool->call_id = call;
  payload.tool->name = "rm";
  return schema::pack({this_life, run}, std::move(payload));
}

schema::EventBuffer identified(std::uint64_t run, const std::string& call) {
  return called(run, call, events::ToolCallIdentifiedT{});
}

schema::EventBuffer started(std::uint64_t run, const std::string& call) {
  return called(run, call, events::ToolExecutionStartedT{});
}

schema::EventBuffer waits(std::uint64_t run, const std::string& call) {
  events::ToolExecutionInterruptedT payload;
  payload.call_id = call;
  return schema::pack({this_life, run}, std::move(payload));
}

schema::EventBuffer now_running(std::uint64_t run) {
  events::StatusChangedT payload;
  payload.status = events::AgentStatus::running;
  return schema::pack({this_life, run}, std::move(payload));
}

/// The kinds of all events that a topic's ring still has.
std::vector<events::Payload> kinds_in(const TopicUnderTest& topic) {
  SubscribeRequest oldest;
  oldest.from = SubscribeFrom::oldest;
  const auto ring = shm::AttachedRing::attach(topic->open_read_only(), ::geteuid()).value();
  shm::BasicCopyingReader<> reader(ring.view(), topic.subscribe(oldest)->cursor);
  std::vector<events::Payload> kinds;
  reader.poll([&](const shm::Record& record) { kinds.push_back(static_cast<events::Payload>(record.kind)); },
              [](const shm::Gap&) { ADD_FAILURE() << "a gap"; }, std::size_t{1} << 20);
  return kinds;
}

struct Life {
  TopicUnderTest main{"agent_server:a"};
  TopicUnderTest debug{"agent_server:debug:a"};
  LifeTopics topics{main.share(), this_life, [] {}};

  Life() { topics.begin_life(); }
};

TEST(LifeTopics, DropsDebugEventsWhileNobodyReadsThem) {
  Life here;
  ASSERT_TRUE(here.topics.publish_debug(state_of(10)));
  here.topics.open_debug(here.debug.share());
  ASSERT_TRUE(here.topics.publish_debug(state_of(10)));
  ASSERT_TRUE(here.topics.publish_debug(state_of(10)));
  here.topics.close_debug();
  ASSERT_TRUE(here.topics.publish_debug(state_of(10)));
  ASSERT_TRUE(here.topics.publish(state_of(10)));
  EXPECT_EQ(here.debug->next_sequence(), 3U);
  EXPECT_EQ(here.main->next_sequence(), 1U);
}

TEST(LifeTopics, TakesACustomEventForADebugOneWhereItIsPublishedAsOne) {
  Life here;
  here.topics.open_debug(here.debug.share());
  ASSERT_TRUE(here.topics.publish_debug(numbered(1, {this_life, 0})));
  ASSERT_TRUE(here.topics.publish(numbered(2, {this_life, 0})));
  EXPECT_EQ(kinds_in(here.debug), std::vector{events::Payload::custom});
  EXPECT_EQ(kinds_in(here.main), std::vector{events::Payload::custom});
}

TEST(LifeTopics, LosesNothingOfTheMainTopicToStatesOfMegabytes) {
  Life here;
  here.topics.open_debug(here.debug.share());
  constexpr std::uint64_t deltas = 200;
  for (std::uint64_t i = 0; i < deltas; ++i) {
    ASSERT_TRUE(here.topics.publish(numbered(i, {this_life, 0})));
    if (i % 20 == 0) {
      ASSERT_TRUE(here.topics.publish(state_of(3 << 20)));
    }
  }
  EXPECT_EQ(here.main->counters().withdrawn, 0U);
  EXPECT_EQ(here.main->counters().large_events, 0U);
  EXPECT_EQ(here.debug->counters().large_events, 10U);
  EXPECT_EQ(kinds_in(here.main).size(), deltas);
}

TEST(LifeTopics, IsOfItsLifeOnADebugTopicThatIsReadAgain) {
  Life here;
  for (int reader = 0; reader < 2; ++reader) {
    here.topics.open_debug(here.debug.share());
    ASSERT_TRUE(here.topics.publish(state_of(10)));
    here.topics.close_debug();
  }
  EXPECT_EQ(here.debug->next_sequence(), 3U);
  EXPECT_EQ(here.debug->stale_dropped(), 0U);
}

using Ids = std::vector<std::string>;

TEST(LifeTopics, ForgetsWithTheNextRunTheCallsThatWereOnlyIdentified) {
  Life here;
  here.topics.begin_run(1);
  ASSERT_TRUE(here.topics.publish(identified(1, "c1")));
  ASSERT_TRUE(here.topics.publish(waits(1, "c2")));
  ASSERT_TRUE(here.topics.publish(identified(1, "c3")));
  ASSERT_TRUE(here.topics.publish(started(1, "c3")));
  ASSERT_TRUE(here.topics.publish(identified(1, "c3")));
  EXPECT_EQ(here.topics.open_calls(), (Ids{"c1", "c2", "c3"}));
  here.topics.begin_run(2);
  ASSERT_TRUE(here.topics.publish_anyway(now_running(2)));
  EXPECT_EQ(here.topics.open_calls(), (Ids{"c2", "c3"}));
}

TEST(LifeTopics, KeepsCountOfCallsThatAreNotOpenAtOnceHoweverManyRunsThereAre) {
  Life here;
  for (std::uint64_t run = 1; run <= OpenCalls::calls_max + 1; ++run) {
    here.topics.begin_run(run);
    ASSERT_TRUE(here.topics.publish_anyway(now_running(run)));
    ASSERT_TRUE(here.topics.publish(identified(run, "c" + std::to_string(run))));
  }
  EXPECT_EQ(here.topics.open_calls(), Ids{"c" + std::to_string(OpenCalls::calls_max + 1)});
}

TEST(LifeTopics, BelievesOfTheCurrentRunOnlyWhatOthersHavePublished) {
  Life here;
  here.topics.begin_run(2);
  std::vector<schema::EventBuffer> events;
  events.push_back(started(1, "old"));
  events.push_back(started(2, "new"));
  here.topics.saw(events);
  EXPECT_EQ(here.topics.open_calls(), Ids{"new"});
}

/// A main topic whose ring may have three segments, all of which a reader pins.
class FullLife : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto granted = main_.subscribe({.session = 9, .subscriber = {page_.pins.data(), nullptr, -1}});
    ASSERT_TRUE(granted && !granted->copying);
    for (std::uint64_t i = 0; i < page_.pins.size(); ++i)
      page_.pins[i].store(granted->cursor.generation + i, std::memory_order::seq_cst);
    topics_.begin_life();
    topics_.begin_run(1);
    for (int i = 0; i < 30 && !main_->stalled(); ++i)
      ASSERT_TRUE(topics_.publish(filler()));
    ASSERT_TRUE(main_->stalled());
  }

  static schema::EventBuffer filler() { return numbered(0, {this_life, 1}, 1000); }
  void make_space() {
    for (auto& pin : page_.pins)
      pin.store(0, std::memory_order::release);
    main_->retry();
  }

  static constexpr shm::RingGeometry geometry{4096, 4, 1, 4};
  TopicUnderTest main_{"agent_server:a", geometry};
  BackingLimit limit_{geometry.segment_offset(3)};
  Page page_;
  LifeTopics topics_{main_.share(), this_life, [] {}};
};

TEST_F(FullLife, BelievesNothingThatTheTopicRefuses) {
  EXPECT_EQ(topics_.publish(started(1, "c1")).error(), PublishError::no_space);
  EXPECT_EQ(topics_.open_calls(), Ids{});
}

TEST_F(FullLife, LosesNoStatus) {
  ASSERT_TRUE(topics_.publish_anyway(now_running(1)));
  topics_.end_life();
  make_space();
  ASSERT_FALSE(main_->stalled());
  EXPECT_EQ(kinds_in(main_).back(), events::Payload::status_changed);
}

TEST_F(FullLife, LetsNobodyWaitForSpaceOnceItIsOver) {
  EXPECT_EQ(topics_.publish(filler()).error(), PublishError::no_space);
  topics_.end_life();
  EXPECT_TRUE(topics_.publish(filler()));
  schema::TokenDelta delta;
  delta.stamp = {this_life, 1};
  EXPECT_TRUE(topics_.publish(delta));
}

}  // namespace
}  // namespace ringside::agentd
