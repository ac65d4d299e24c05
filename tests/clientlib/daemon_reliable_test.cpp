// SPDX-License-Identifier: Apache-2.0
//
// Reliable subscriptions, and what the rings and their readers tell of themselves: the client library and the real agentd.
#include <string>
#include <vector>

#include <unistd.h>

#include "tests/clientlib/daemon_host.hpp"

namespace ringside {
namespace {

class DaemonReliable : public test::DaemonTest {
 protected:
  DaemonReliable() { EXPECT_TRUE(client_.start("ada", {.runner = test::sample(), .stay_idle = true})); }

  /// Fifty kilobytes on the agent's topic, with one request.
  void publish_some() {
    std::vector<events::EventT> batch(5);
    for (events::EventT& event : batch) {
      events::CustomT custom;
      custom.name = "number";
      custom.data.resize(10'000);
      event.payload.Set(std::move(custom));
    }
    ASSERT_TRUE(client_.publish("ada", batch));
  }
};

TEST_F(DaemonReliable, SeesEveryEventWhereAnotherIsOverrun) {
  Subscription reliable = client_.subscribe_agent("ada", {.from = From::latest, .reliable = true}).value();
  Subscription usual = client_.subscribe_agent("ada", {.from = From::latest}).value();
  EXPECT_TRUE(reliable.reliable());
  EXPECT_FALSE(usual.reliable());
  std::uint64_t seen = 0;
  for (int half = 0; half < 2; ++half) {
    for (int i = 0; i < 60; ++i)  // 3 MB: more than a window, less than one that is extended
      publish_some();
    while (reliable.next() != nullptr)
      ++seen;
  }
  EXPECT_EQ(seen, 600U);
  EXPECT_EQ(reliable.lost().events, 0U);
  EXPECT_TRUE(reliable.reliable());
  while (usual.next() != nullptr) {
  }
  EXPECT_GT(usual.lost().events, 0U);
}

TEST_F(DaemonReliable, IsToldOfItsEvictionBeforeItMissesAnything) {
  Subscription reliable = client_.subscribe_agent("ada", {.from = From::latest, .reliable = true}).value();
  std::vector<std::string> told;
  reliable.on_evicted([&told] { told.emplace_back("evicted"); });
  reliable.on_gap([&told](const Gap&) { told.emplace_back("gap"); });
  for (int i = 0; i < 130; ++i)
    publish_some();
  while (reliable.next() != nullptr) {
  }
  EXPECT_EQ(told, (std::vector<std::string>{"evicted", "gap"}));
  EXPECT_FALSE(reliable.reliable());
  const auto readers = client_.reader_stats("agent_server:ada").value();
  ASSERT_EQ(readers.size(), 1U);
  EXPECT_TRUE(readers[0].evicted);
  EXPECT_EQ(readers[0].lost, reliable.lost().events);
}

TEST_F(DaemonReliable, IsRefusedWithCopyingAndWhereNoLineIsLeft) {
  EXPECT_EQ(client_.subscribe("somewhere", {.copying = true, .reliable = true}).error().fault,
            RequestFault::bad_input);
  std::vector<Subscription> all;
  for (int i = 0; i < 58; ++i)
    all.push_back(client_.subscribe("topic " + std::to_string(i)).value());
  EXPECT_EQ(client_.subscribe("somewhere", {.reliable = true}).error().fault, RequestFault::no_slot);
  ASSERT_TRUE(all.back().unsubscribe());
  EXPECT_TRUE(client_.subscribe("somewhere", {.reliable = true}));
}

TEST_F(DaemonReliable, ReadersAreListedWithWhatTheyHaveYetToConsume) {
  Subscription behind = client_.subscribe_agent("ada", {.from = From::latest}).value();
  Client other = connect();
  Subscription copying = other.subscribe_agent("ada", {.from = From::latest, .copying = true}).value();
  Subscription reliable = other.subscribe_agent("ada", {.from = From::latest, .reliable = true}).value();
  publish_some();
  EXPECT_EQ(reliable.poll([](const Event&) {}).events, 5U);
  const auto readers = client_.reader_stats("agent_server:ada").value();
  ASSERT_EQ(readers.size(), 3U);
  EXPECT_EQ(readers[0].reading, Reading::pinning);
  EXPECT_EQ(readers[0].lag, 5U);
  EXPECT_EQ(readers[0].pid, ::getpid());
  EXPECT_EQ(readers[1].reading, Reading::copying);
  EXPECT_FALSE(readers[1].lag);
  EXPECT_EQ(readers[2].reading, Reading::reliable);
  EXPECT_EQ(readers[2].lag, 0U);
  EXPECT_FALSE(readers[2].evicted);
  EXPECT_EQ(client_.reader_stats("nobody's").error().fault, RequestFault::no_such_topic);
}

TEST_F(DaemonReliable, TopicsTellWhatTheirRingsHaveCounted) {
  Subscription subscription = client_.subscribe_agent("ada", {.from = From::latest}).value();
  const auto of_ada = [this] {
    const std::vector<TopicStat> stats = client_.topic_stats().value();
    for (const TopicStat& stat : stats) {
      if (stat.topic == "agent_server:ada") return stat;
    }
    ADD_FAILURE() << "it is not listed";
    return TopicStat{};
  };
  const TopicStat before = of_ada();
  for (int i = 0; i < 40; ++i)
    publish_some();
  const TopicStat after = of_ada();
  EXPECT_EQ(after.counts.events - before.counts.events, 200U);
  EXPECT_EQ(after.next_sequence - before.next_sequence, 200U);
  EXPECT_GT(after.counts.bytes - before.counts.bytes, 200U * 10'000);
  EXPECT_GT(after.counts.rolls, before.counts.rolls);
  EXPECT_GT(after.counts.withdrawn, 0U);
  EXPECT_EQ(after.counts.window_segments, 16U);
  EXPECT_EQ(after.counts.subscribers, 1U);
  EXPECT_GT(after.counts.backed_bytes, 16U * 65'536);
  EXPECT_FALSE(after.stalled);
}

TEST_F(DaemonReliable, ListsOfManyTopicsAndReadersComeWhole) {
  std::vector<Subscription> all;
  for (int i = 0; i < 300; ++i)
    all.push_back(client_.subscribe("topic " + std::to_string(i)).value());
  for (int i = 0; i < 500; ++i)
    all.push_back(client_.subscribe("one").value());
  EXPECT_GE(client_.topic_stats().value().size(), 302U);
  EXPECT_EQ(client_.reader_stats("one").value().size(), 500U);
}

}  // namespace
}  // namespace ringside
