// SPDX-License-Identifier: Apache-2.0
//
// The client library and the real agentd.
#include <algorithm>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "tests/clientlib/daemon_host.hpp"

namespace ringside {
namespace {

using test::DaemonTest;
using test::for_ever;

TEST_F(DaemonTest, AViewerSeesALifeFromItsFirstEventToItsLast) {
  Subscription subscription = client_.subscribe_agent("ada", {.from = From::latest}).value();
  EXPECT_EQ(subscription.state(), SubscriptionState::pending);
  std::vector<std::string> told;
  subscription.on_state([&told](SubscriptionState state) { told.emplace_back(state_name(state)); });
  const auto started = client_.start("ada", {.runner = test::sample()});
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_TRUE(started->created);

  std::string grown;
  std::string whole;
  std::uint64_t expected_sequence = 1;
  bool stopping = false;
  EXPECT_TRUE(read_until(subscription, [&](const Event& event) {
    EXPECT_EQ(event.sequence(), expected_sequence++);
    EXPECT_EQ(event.incarnation(), started->incarnation);
    if (const auto* chunk = event.as<events::LlmDeltas>()) {
      for (const auto* delta : *chunk->deltas())
        if (delta->text() != nullptr) grown += delta->text()->string_view();
    }
    if (const auto* message = event.as<events::LlmMessage>()) {
      for (const auto* part : *message->message()->content())
        if (part->type() == events::ContentType::text) whole += part->content()->string_view();
    }
    const auto* status = event.as<events::StatusChanged>();
    if (status != nullptr && status->status() == events::AgentStatus::idle && !whole.empty() && !stopping) {
      stopping = true;
      EXPECT_TRUE(client_.stop("ada"));
    }
    return event.kind() == events::Payload::agent_shutdown;
  }));
  EXPECT_FALSE(grown.empty());
  EXPECT_EQ(grown, whole);
  static_cast<void>(subscription.next());
  EXPECT_EQ(told, (std::vector<std::string>{"live", "pending"}));
  EXPECT_EQ(subscription.lost().events, 0U);
}

TEST_F(DaemonTest, AnAgentThatRunsIsFoundAndListed) {
  const auto first = client_.start("ada", {.runner = test::sample(), .stay_idle = true});
  ASSERT_TRUE(first) << first.error().message;
  const auto second = client_.start("ada", {.runner = test::sample(), .stay_idle = true});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_FALSE(second->created);
  EXPECT_EQ(second->incarnation, first->incarnation);
  const auto agents = client_.list_agents().value();
  ASSERT_EQ(agents.size(), 1U);
  EXPECT_EQ(agents.front().agent_id, "ada");
  EXPECT_EQ(agents.front().status, events::AgentStatus::idle);
}

TEST_F(DaemonTest, EachRefusalHasItsName) {
  EXPECT_EQ(client_.start("ada", {.runner = ReplayRunner{.source = "/no/such/file"}}).error().fault,
            RequestFault::bad_source);
  const RequestFault absent = client_.send("nobody", "hello").error().fault;
  EXPECT_TRUE(absent == RequestFault::no_such_agent || absent == RequestFault::not_running);
  EXPECT_EQ(client_.subscribe_agent("ada", {.from = From::sequence, .sequence = 1000}).error().fault,
            RequestFault::sequence_ahead);
  ASSERT_TRUE(client_.start("ada", {.runner = test::sample(), .stay_idle = true}));
  EXPECT_EQ(client_.cancel("ada").error().fault, RequestFault::invalid_in_status);
}

TEST_F(DaemonTest, WhatIsPublishedIsSeenUnderTheSequencesOfTheAnswer) {
  ASSERT_TRUE(client_.start("ada", {.runner = test::sample(), .stay_idle = true}));
  Subscription subscription = client_.subscribe_agent("ada").value();
  std::vector<events::EventT> batch(3);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    events::CustomT custom;
    custom.name = "event " + std::to_string(i);
    batch[i].payload.Set(std::move(custom));
  }
  const auto published = client_.publish("ada", batch);
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(published->count, 3U);
  std::vector<std::pair<std::uint64_t, std::string>> seen;
  EXPECT_TRUE(read_until(subscription, [&](const Event& event) {
    if (const auto* custom = event.as<events::Custom>())
      seen.emplace_back(event.sequence(), custom->name()->str());
    return seen.size() == 3;
  }));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(seen[i].first, published->first_sequence + i);
    EXPECT_EQ(seen[i].second, "event " + std::to_string(i));
  }
  events::EventT shutdown;
  shutdown.payload.Set(events::AgentShutdownT());
  EXPECT_EQ(client_.publish("ada", shutdown).error().fault, RequestFault::not_publishable);
}

TEST_F(DaemonTest, ItsEndIsToldToWhoWaitsAndWhoAsks) {
  Subscription subscription = client_.subscribe_agent("ada", {.from = From::latest}).value();
  std::thread end([this] { sandbox_.kill_daemon(); });
  EXPECT_EQ(subscription.wait(for_ever), WaitResult::daemon_gone);
  end.join();
  EXPECT_EQ(client_.stop("ada").error().fault, RequestFault::daemon_gone);
  EXPECT_EQ(subscription.poll([](const Event&) {}).state, SubscriptionState::daemon_gone);
  EXPECT_EQ(subscription.unsubscribe().error().fault, RequestFault::daemon_gone);
}

TEST_F(DaemonTest, SubscriptionsBeyondTheLinesOfThePageCopy) {
  std::vector<Subscription> all;
  for (int i = 0; i < 60; ++i)
    all.push_back(client_.subscribe("topic " + std::to_string(i)).value());
  EXPECT_FALSE(all.front().copying());
  EXPECT_TRUE(all.back().copying());
  // A line that was given back is granted again.
  ASSERT_TRUE(all.front().unsubscribe());
  EXPECT_FALSE(client_.subscribe("another").value().copying());
}

}  // namespace
}  // namespace ringside
