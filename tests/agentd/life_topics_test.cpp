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

TEST(LifeTopics, MakesNoDebugEventWhileNobodyReadsThem) {
  Life here;
  int made = 0;
  const auto make = [&made] {
    ++made;
    return state_of(10);
  };
  ASSERT_TRUE(here.topics.publish_debug(make));
  EXPECT_EQ(made, 0);
  here.topics.open_debug(here.debug.share());
  ASSERT_TRUE(here.topics.publish_debug(make));
  ASSERT_TRUE(here.topics.publish_debug(make));
  EXPECT_EQ(made, 2);
  here.topics.close_debug();
  ASSERT_TRUE(here.topics.publish_debug(make));
  ASSERT_TRUE(here.topics.publish(state_of(10)));
  EXPECT_EQ(made, 2);
  EXPECT_EQ(here.debug->next_sequence(), 3U);
  EXPECT_EQ(here.main->next_sequence(), 1U);
}

TEST(LifeTopics, TakesACustomEventForADebugOneWhereItIsPublishedAsOne) {
  Life here;
  here.topics.open_debug(here.debug.share());
  ASSERT_TRUE(here.topics.publish_debug([] { return numbered(1, {this_life, 0}); }));
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

}  // namespace
}  // namespace ringside::agentd
