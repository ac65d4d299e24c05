// SPDX-License-Identifier: Apache-2.0
#include <deque>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <ringside/subscription_set.hpp>
#include <ringside/topic.hpp>

#include "tests/clientlib/daemon_host.hpp"
#include "tests/clientlib/presence_room.hpp"

namespace ringside {
namespace {

using test::Chance;
using test::DaemonTest;
using test::for_ever;

constexpr auto at_once = std::chrono::nanoseconds(0);

class SubscriptionSetTest : public DaemonTest {
 protected:
  void start(const std::string& agent) {
    const auto started = client_.start(
        agent, {.runner = test::sample(), .inactivity = std::chrono::milliseconds(0), .stay_idle = true});
    ASSERT_TRUE(started) << started.error().message;
  }

  /// Publishes `count` events and returns the sequence of the first.
  std::uint64_t publish(const std::string& agent, std::size_t count, std::size_t size = 0) {
    std::vector<events::EventT> batch(count);
    for (events::EventT& event : batch) {
      events::CustomT custom;
      custom.name = "n";
      custom.data.resize(size);
      event.payload.Set(std::move(custom));
    }
    return client_.publish(agent, batch).value().first_sequence;
  }

  /// How many events of each topic one poll hands out.
  static std::map<std::string, std::size_t> polled(SubscriptionSet& set, std::size_t limit) {
    std::map<std::string, std::size_t> counts;
    set.poll([&counts](std::string_view topic, const Event&) { ++counts[std::string(topic)]; }, limit);
    return counts;
  }

  static std::string topic(std::size_t i) { return agent_topic("agent-" + std::to_string(i)); }
};

TEST_F(SubscriptionSetTest, SubscribesWhatIsNewAndEndsWhatIsGone) {
  SubscriptionSet set(client_, {.from = From::latest});
  const auto both = set.sync({"topic b", "topic a", "topic b"});
  EXPECT_EQ(both.subscribed, (std::vector<std::string>{"topic a", "topic b"}));
  EXPECT_TRUE(both.unsubscribed.empty());
  EXPECT_TRUE(both.refused.empty());
  EXPECT_EQ(set.size(), 2U);

  const Subscription* kept = set.find("topic b");
  const auto moved = set.sync({"topic b", "topic c"});
  EXPECT_EQ(moved.subscribed, std::vector<std::string>{"topic c"});
  EXPECT_EQ(moved.unsubscribed, std::vector<std::string>{"topic a"});
  EXPECT_EQ(set.find("topic b"), kept);
  EXPECT_EQ(set.find("topic a"), nullptr);
  EXPECT_TRUE(client_.reader_stats("topic a").value().empty());
  EXPECT_EQ(client_.reader_stats("topic b").value().size(), 1U);

  const auto nothing = set.sync({"topic c", "topic b"});
  EXPECT_TRUE(nothing.subscribed.empty() && nothing.unsubscribed.empty() && nothing.refused.empty());
}

TEST_F(SubscriptionSetTest, HandsOutEachEventOfATopicOnceForAsLongAsItIsNamed) {
  constexpr std::size_t agents = 6;
  Chance chance;
  SCOPED_TRACE("RINGSIDE_SEED=" + std::to_string(chance.seed()));
  for (std::size_t i = 0; i < agents; ++i)
    start("agent-" + std::to_string(i));
  SubscriptionSet set(client_, {.from = From::latest});
  std::map<std::string, std::deque<std::uint64_t>> owed;  // sequences, by the topics of the set
  const auto take = [&owed](std::string_view topic, const Event& event) {
    std::deque<std::uint64_t>& expected = owed.at(std::string(topic));
    ASSERT_FALSE(expected.empty()) << topic << " " << event.sequence();
    EXPECT_EQ(event.sequence(), expected.front());
    expected.pop_front();
  };
  for (int step = 0; step < 500 && !HasFailure(); ++step) {
    switch (chance.below(4)) {
      case 0: {
        std::vector<std::string> wanted;
        for (std::size_t i = 0; i < agents; ++i) {
          if (chance.below(3) != 0) wanted.push_back(topic(i));
        }
        const auto changes = set.sync(wanted);
        ASSERT_TRUE(changes.refused.empty());
        for (const std::string& gone : changes.unsubscribed)
          EXPECT_EQ(owed.erase(gone), 1U);
        for (const std::string& fresh : changes.subscribed)
          EXPECT_TRUE(owed.try_emplace(fresh).second);
        EXPECT_EQ(set.size(), std::set<std::string>(wanted.begin(), wanted.end()).size());
        break;
      }
      case 1:
        static_cast<void>(set.poll(take, chance.below(40)));
        break;
      default: {
        const std::size_t i = chance.below(agents);
        const std::size_t count = 1 + chance.below(20);
        const std::uint64_t first = publish("agent-" + std::to_string(i), count);
        if (const auto found = owed.find(topic(i)); found != owed.end()) {
          for (std::size_t n = 0; n < count; ++n)
            found->second.push_back(first + n);
        }
        break;
      }
    }
  }
  while (set.wait(at_once) == WaitResult::event)
    set.poll(take);
  for (const auto& [topic, missing] : owed)
    EXPECT_TRUE(missing.empty()) << topic << " misses " << missing.size();
}

TEST_F(SubscriptionSetTest, LetsNoBusyTopicStarveTheOthers) {
  constexpr std::size_t agents = 5;
  std::vector<std::string> topics;
  for (std::size_t i = 0; i < agents; ++i) {
    start("agent-" + std::to_string(i));
    topics.push_back(topic(i));
  }
  SubscriptionSet set(client_, {.from = From::latest});
  ASSERT_TRUE(set.sync(topics).refused.empty());
  for (int i = 0; i < 10; ++i)
    publish("agent-2", 200);
  for (std::size_t i = 0; i < agents; ++i)
    publish("agent-" + std::to_string(i), 1);

  const auto counts = polled(set, SubscriptionSet::turn_limit + agents - 1);
  EXPECT_EQ(counts.size(), agents) << "a turn each, in one poll";
  // With so little a poll that only one topic has a turn in it, the next one has the next poll's.
  for (std::size_t i = 0; i < agents; ++i)
    publish("agent-" + std::to_string(i), 1);
  std::map<std::string, std::size_t> sum;
  for (std::size_t poll = 0; poll < agents; ++poll) {
    for (const auto& [name, count] : polled(set, 1))
      sum[name] += count;
  }
  EXPECT_EQ(sum.size(), agents);
}

TEST_F(SubscriptionSetTest, GivesTheTurnOfATopicThatLeavesToTheOneBehindIt) {
  std::vector<std::string> topics;
  for (std::size_t i = 0; i < 4; ++i) {
    start("agent-" + std::to_string(i));
    topics.push_back(topic(i));
  }
  SubscriptionSet set(client_, {.from = From::latest});
  ASSERT_TRUE(set.sync(topics).refused.empty());
  for (std::size_t i = 0; i < topics.size(); ++i)
    publish("agent-" + std::to_string(i), 1);
  EXPECT_EQ(polled(set, 1), (std::map<std::string, std::size_t>{{topic(0), 1}}));
  set.sync({topic(0), topic(2), topic(3)});
  EXPECT_EQ(polled(set, 1), (std::map<std::string, std::size_t>{{topic(2), 1}}));
  set.sync({topic(0)});
  publish("agent-0", 1);
  SubscriptionSet elsewhere(std::move(set));
  EXPECT_EQ(polled(elsewhere, 1), (std::map<std::string, std::size_t>{{topic(0), 1}}));
}

TEST_F(SubscriptionSetTest, TellsWhichTopicWasRefusedAndTriesItAgain) {
  SubscriptionSet set(client_, {.from = From::latest});
  const std::string long_name(300, 'x');
  for (int i = 0; i < 2; ++i) {
    const auto changes = set.sync({"agent_server:debug:", "conversation:1", long_name});
    ASSERT_EQ(changes.refused.size(), 2U);
    EXPECT_EQ(changes.refused[0].topic, "agent_server:debug:");
    EXPECT_EQ(changes.refused[0].error.fault, RequestFault::no_such_topic);
    EXPECT_EQ(changes.refused[1].topic, long_name);
    EXPECT_EQ(set.size(), 1U);
  }
}

TEST_F(SubscriptionSetTest, WakesForAnyOfItsTopicsAndForNoOther) {
  start("ada");
  start("bob");
  start("eve");
  SubscriptionSet set(client_, {.from = From::latest});
  ASSERT_TRUE(set.sync({agent_topic("ada"), agent_topic("bob")}).refused.empty());
  Subscription other = client_.subscribe_agent("eve", {.from = From::latest}).value();
  publish("eve", 1);
  EXPECT_EQ(set.wait(at_once), WaitResult::timeout);
  EXPECT_TRUE(set.arm());
  std::thread publisher([this] { publish("bob", 1); });
  EXPECT_EQ(set.wait(for_ever), WaitResult::event);
  publisher.join();
  EXPECT_EQ(polled(set, 10), (std::map<std::string, std::size_t>{{agent_topic("bob"), 1}}));
  EXPECT_NE(other.next(), nullptr);
}

TEST_F(SubscriptionSetTest, NamesTheTopicOfAGapAndOfALife) {
  SubscriptionSet set(client_, {.from = From::latest});
  std::map<std::string, std::uint64_t> lost;
  std::vector<std::pair<std::string, SubscriptionState>> states;
  set.on_gap([&lost](std::string_view topic, const Gap& gap) { lost[std::string(topic)] += gap.count; });
  set.on_state(
      [&states](std::string_view topic, SubscriptionState state) { states.emplace_back(topic, state); });
  ASSERT_TRUE(set.sync({agent_topic("ada"), agent_topic("bob")}).refused.empty());
  SubscriptionSet elsewhere(std::move(set));
  start("ada");
  start("bob");
  for (int i = 0; i < 60; ++i)
    publish("ada", 1, 30'000);
  std::uint64_t seen = 0;
  while (elsewhere.wait(at_once) == WaitResult::event)
    elsewhere.poll(
        [&](std::string_view topic, const Event&) { seen += topic == agent_topic("ada") ? 1U : 0U; });
  EXPECT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[agent_topic("ada")] + seen, client_.list_agents().value().at(0).next_sequence - 1);
  EXPECT_EQ(states, (std::vector<std::pair<std::string, SubscriptionState>>{
                        {agent_topic("ada"), SubscriptionState::live},
                        {agent_topic("bob"), SubscriptionState::live}}));
}

TEST_F(SubscriptionSetTest, KeepsAnEventThatIsHeld) {
  start("ada");
  SubscriptionSet set(client_, {.from = From::latest});
  ASSERT_TRUE(set.sync({agent_topic("ada")}).refused.empty());
  publish("ada", 1);
  HeldEvent held;
  set.poll([&](std::string_view, const Event& event) { held = set.hold(event); });
  ASSERT_TRUE(held);
  set.sync({});
  EXPECT_EQ(held->topic(), agent_topic("ada"));
  EXPECT_EQ(held->as<events::Custom>()->name()->str(), "n");
}

TEST_F(SubscriptionSetTest, IsNotSyncedByAHandlerOfItsOwn) {
  start("ada");
  SubscriptionSet set(client_, {.from = From::latest});
  ASSERT_TRUE(set.sync({agent_topic("ada")}).refused.empty());
  publish("ada", 1);
  EXPECT_EQ(set.poll([&](std::string_view, const Event&) {
    EXPECT_EQ(set.sync({"other"}).refused.at(0).error.fault, RequestFault::bad_input);
    EXPECT_EQ(set.poll([](std::string_view, const Event&) {}), 0U);
  }),
            1U);
  EXPECT_EQ(set.sync({"other"}).unsubscribed, std::vector<std::string>{agent_topic("ada")});
}

TEST_F(SubscriptionSetTest, TellsThatAgentdIsGoneOnceForEachTopicAndHandsOutWhatThereWas) {
  start("ada");
  SubscriptionSet set(client_, {.from = From::latest});
  std::multiset<std::string> gone;
  set.on_state([&gone](std::string_view topic, SubscriptionState state) {
    if (state == SubscriptionState::daemon_gone) gone.emplace(topic);
  });
  ASSERT_TRUE(set.sync({agent_topic("ada"), "conversation:1"}).refused.empty());
  publish("ada", 3);
  sandbox_.kill_daemon();
  std::size_t seen = 0;
  while (set.wait(for_ever) == WaitResult::event)
    seen += set.poll([](std::string_view, const Event&) {});
  set.poll([](std::string_view, const Event&) {});
  EXPECT_EQ(seen, 3U);
  EXPECT_EQ(gone, (std::multiset<std::string>{agent_topic("ada"), "conversation:1"}));
  EXPECT_EQ(set.sync({"other"}).refused.at(0).error.fault, RequestFault::daemon_gone);
}

}  // namespace
}  // namespace ringside
