// SPDX-License-Identifier: Apache-2.0
//
// Subscriptions from a keyframe, which is the default, with a real agentd.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "schema/fold.hpp"
#include "tests/clientlib/daemon_host.hpp"

namespace ringside {
namespace {

class DaemonKeyframe : public test::DaemonTest {
 protected:
  void SetUp() override {
    const auto started = client_.start("ada", {.runner = test::sample(), .stay_idle = true});
    ASSERT_TRUE(started) << started.error().message;
  }

  void publish_text(const std::string& text) {
    events::LlmDeltasT deltas;
    deltas.deltas.push_back(std::make_unique<events::MessageDeltaT>());
    deltas.deltas.back()->message_id = "m";
    deltas.deltas.back()->text = text;
    events::EventT event;
    event.payload.Set(std::move(deltas));
    ASSERT_TRUE(client_.publish("ada", event));
  }
  /// More than the ring's window holds.
  void publish_window() {
    for (int i = 0; i < 60; ++i) {
      std::vector<events::EventT> batch(5);
      for (events::EventT& event : batch) {
        events::CustomT custom;
        custom.name = "filler";
        custom.data.resize(10'000);
        event.payload.Set(std::move(custom));
      }
      ASSERT_TRUE(client_.publish("ada", batch));
    }
  }
  static std::string text_of(const Event& event) {
    const auto* const agent = event.as<events::Snapshot>()->agent();
    return agent->messages()->Get(0)->parts()->Get(0)->content()->content()->str();
  }
};

TEST_F(DaemonKeyframe, WhoJoinsInTheMiddleOfAMessageIsGivenItsTextSoFarAndThenTheRest) {
  publish_text("Light");
  publish_text("hou");
  Subscription late = client_.subscribe_agent("ada").value();
  EXPECT_EQ(late.state(), SubscriptionState::live);
  const Event* event = late.next();
  ASSERT_NE(event, nullptr);
  ASSERT_TRUE(event->is_snapshot());
  const std::uint64_t included = event->sequence();
  EXPECT_EQ(text_of(*event), "Lighthou");
  EXPECT_EQ(late.next_sequence(), included + 1);
  EXPECT_EQ(late.next(), nullptr);
  publish_text("se");
  ASSERT_EQ(late.wait(test::for_ever), WaitResult::event);
  event = late.next();
  ASSERT_NE(event, nullptr);
  EXPECT_FALSE(event->is_snapshot());
  EXPECT_EQ(event->sequence(), included + 1);
  EXPECT_EQ(late.lost().events, 0U);
}

TEST_F(DaemonKeyframe, WhoJoinsSoonAfterAnotherIsGivenTheSameSnapshotAndWhatCameSince) {
  publish_text("Light");
  Subscription first = client_.subscribe_agent("ada").value();
  publish_text("house");
  for (const bool copying : {false, true}) {
    Subscription second = client_.subscribe_agent("ada", {.copying = copying}).value();
    schema::Fold fold(schema::StateKind::agent);
    std::size_t snapshots = 0;
    while (const Event* event = second.next()) {
      fold.apply(event->get());
      if (event->is_snapshot()) ++snapshots;
    }
    EXPECT_EQ(snapshots, 1U);
    EXPECT_EQ(fold.agent()->messages().front().fold.parts().front().content, "Lighthouse");
    EXPECT_EQ(second.next_sequence(), first.next_sequence() + 1) << "the first has not read on";
  }
}

TEST_F(DaemonKeyframe, ASnapshotCanBeHeld) {
  publish_text("Light");
  Subscription late = client_.subscribe_agent("ada").value();
  HeldEvent held;
  EXPECT_EQ(late.poll([&](const Event& event) { held = late.hold(event); }).events, 1U);
  publish_window();
  ASSERT_TRUE(held && held->is_snapshot() && held.in_place());
  EXPECT_EQ(text_of(*held), "Light");
}

TEST_F(DaemonKeyframe, AGapIsToldThenTheStateThenEachEventBehindIt) {
  for (const SubscribeOptions& options : {SubscribeOptions{}, SubscribeOptions{.copying = true}}) {
    Subscription slow = client_.subscribe_agent("ada", options).value();
    std::vector<std::string> told;
    std::uint64_t next = 0;
    slow.on_gap([&](const Gap& gap) {
      told.emplace_back("gap");
      EXPECT_EQ(gap.first, next);
      next += gap.count;
    });
    schema::Fold fold(schema::StateKind::agent);
    const auto see = [&](const Event& event) {
      if (event.is_snapshot()) {
        if (told.empty()) next = event.sequence() + 1;
        told.emplace_back("snapshot");
        EXPECT_EQ(event.sequence() + 1, next);
      } else {
        if (told.back() != "event") told.emplace_back("event");
        EXPECT_EQ(event.sequence(), next++);
      }
      fold.apply(event.get());
    };
    while (slow.poll(see).events != 0) {
    }
    publish_window();
    publish_text("more");
    while (slow.poll(see).events != 0) {
    }
    EXPECT_EQ(told.front(), "snapshot");
    ASSERT_GE(told.size(), 4U);
    EXPECT_EQ(std::vector<std::string>(told.end() - 3, told.end()),
              (std::vector<std::string>{"gap", "snapshot", "event"}));
    EXPECT_EQ(next, slow.next_sequence());
    EXPECT_GT(slow.lost().events, 0U);
    schema::Fold late(schema::StateKind::agent);
    Subscription again = client_.subscribe_agent("ada").value();
    while (again.poll([&](const Event& event) { late.apply(event.get()); }).events != 0) {
    }
    const auto now = fold.snapshot();
    const auto then = late.snapshot();
    EXPECT_TRUE(std::ranges::equal(now.bytes(), then.bytes()));
  }
}

TEST_F(DaemonKeyframe, AnAgentThatHasEndedIsPendingAndItsStateSaysHow) {
  ASSERT_TRUE(client_.stop("ada"));
  {
    Subscription life = client_.subscribe_agent("ada", {.from = From::oldest}).value();
    ASSERT_TRUE(
        read_until(life, [](const Event& event) { return event.kind() == events::Payload::agent_shutdown; }));
  }
  Subscription late = client_.subscribe_agent("ada").value();
  std::vector<std::string> told;
  late.on_state([&](SubscriptionState state) { told.emplace_back(state_name(state)); });
  const Event* const event = late.next();
  ASSERT_TRUE(event != nullptr && event->is_snapshot());
  ASSERT_NE(event->as<events::Snapshot>()->agent()->shutdown(), nullptr);
  EXPECT_EQ(event->as<events::Snapshot>()->agent()->shutdown()->reason(), events::ShutdownReason::manual);
  EXPECT_EQ(late.next(), nullptr);
  EXPECT_EQ(late.state(), SubscriptionState::pending);
  EXPECT_TRUE(told.empty()) << "it was pending all the time";
}

TEST_F(DaemonKeyframe, OfAPresenceTopicNamesWhoCameBeforeAnybodyRead) {
  Client other = connect();
  const auto seen = other.track("conversation:1", "user-7", {{"user_name", "Ada"}}).value();
  Subscription late = client_.subscribe("conversation:1").value();
  const Event* const event = late.next();
  ASSERT_TRUE(event != nullptr && event->is_snapshot());
  const auto* const presence = event->as<events::Snapshot>()->presence();
  ASSERT_TRUE(presence != nullptr && presence->entries() != nullptr);
  ASSERT_EQ(presence->entries()->size(), 1U);
  EXPECT_EQ(presence->entries()->Get(0)->key()->string_view(), "user-7");
  EXPECT_GT(presence->version(), 0U);
}

TEST_F(DaemonKeyframe, TopicsWithoutAStateBeginWithTheNextEvent) {
  Subscription debug = client_.subscribe("agent_server:debug:ada").value();
  EXPECT_EQ(debug.next(), nullptr);
}

}  // namespace
}  // namespace ringside
