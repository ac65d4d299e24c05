// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <ringside/client.hpp>

#include "tests/clientlib/fake_daemon.hpp"

namespace ringside {
namespace {

using control::RequestBody;
using test::FakeDaemon;
using test::FakeTopic;
using test::text_of;

class HoldTest : public ::testing::Test {
 protected:
  HeldEvent hold_one(Subscription& subscription, const std::string& text) {
    topic_.publish_text(text);
    HeldEvent held;
    subscription.poll([&](const Event& event) {
      if (text_of(event.get()) == text) held = subscription.hold(event);
    });
    return held;
  }
  /// Overwrites every segment that nobody pins, several times.
  void overrun() {
    for (int i = 0; i < 3000; ++i)
      topic_.publish_text("flood");
  }

  FakeDaemon daemon_;
  FakeTopic& topic_ = daemon_.topic("topic");
  Client client_ = Client::connect({.socket = daemon_.socket()}).value();
};

TEST_F(HoldTest, KeepsAnEventInPlaceWhateverIsPublished) {
  Subscription subscription = client_.subscribe("topic").value();
  const HeldEvent held = hold_one(subscription, "kept");
  ASSERT_TRUE(held);
  EXPECT_TRUE(held.in_place());
  overrun();
  EXPECT_EQ(text_of(held->get()), "kept");
  EXPECT_EQ(held->sequence(), 1U);
  EXPECT_EQ(held->topic(), "topic");
}

TEST_F(HoldTest, CopiesWhereNoPinIsLeft) {
  Subscription subscription = client_.subscribe("topic").value();
  std::vector<HeldEvent> held;
  std::size_t in_place = 0;
  for (int i = 0; i < 8; ++i) {
    held.push_back(hold_one(subscription, "kept " + std::to_string(i)));
    if (held.back().in_place()) ++in_place;
    overrun();
    for (const Event& event : subscription)
      static_cast<void>(event);
  }
  EXPECT_EQ(in_place, 3U);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(text_of(held[static_cast<std::size_t>(i)]->get()), "kept " + std::to_string(i));
    EXPECT_EQ(held[static_cast<std::size_t>(i)]->topic(), "topic");
  }
}

TEST_F(HoldTest, IsAlwaysACopyForACopyingSubscription) {
  Subscription subscription = client_.subscribe("topic", {.copying = true}).value();
  const HeldEvent held = hold_one(subscription, "kept");
  ASSERT_TRUE(held);
  EXPECT_FALSE(held.in_place());
  overrun();
  EXPECT_EQ(text_of(held->get()), "kept");
}

TEST_F(HoldTest, WorksInALoopToo) {
  Subscription subscription = client_.subscribe("topic").value();
  topic_.publish_text("one");
  topic_.publish_text("two");
  std::vector<HeldEvent> held;
  for (const Event& event : subscription)
    held.push_back(subscription.hold(event));
  overrun();
  ASSERT_EQ(held.size(), 2U);
  EXPECT_EQ(text_of(held[0]->get()), "one");
  EXPECT_EQ(text_of(held[1]->get()), "two");
}

TEST_F(HoldTest, AnEventOfNextIsGoodAcrossAWaitWhereverItStands) {
  for (const bool copying : {false, true}) {
    Subscription subscription = client_.subscribe("topic", {.copying = copying}).value();
    const std::uint64_t segment = topic_.writer().latest().generation;
    std::uint64_t last = 0;
    while (topic_.writer().latest().generation == segment)
      last = topic_.publish_text("kept!") - 1;
    const Event* event = subscription.next();
    while (event != nullptr && event->sequence() != last)
      event = subscription.next();
    ASSERT_NE(event, nullptr);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(subscription.wait(std::chrono::nanoseconds(0)), WaitResult::event);
      EXPECT_FALSE(subscription.arm());
      overrun();
    }
    EXPECT_EQ(text_of(event->get()), "kept!");
    const HeldEvent held = subscription.hold(*event);
    EXPECT_EQ(held.in_place(), !copying);
    while (subscription.next() != nullptr) {
    }
    overrun();
    EXPECT_EQ(text_of(held->get()), "kept!");
  }
}

TEST_F(HoldTest, AnEventIsGoodWhileItsHandlerWaits) {
  for (const bool copying : {false, true}) {
    Subscription subscription = client_.subscribe("topic", {.copying = copying}).value();
    const std::uint64_t segment = topic_.writer().latest().generation;
    while (topic_.writer().latest().generation == segment)
      topic_.publish_text("kept!");
    const std::uint64_t last = topic_.writer().next_sequence() - 2;
    bool seen = false;
    subscription.poll([&](const Event& event) {
      if (event.sequence() != last) return;
      seen = true;
      EXPECT_EQ(subscription.wait(std::chrono::nanoseconds(0)), WaitResult::event);
      overrun();
      EXPECT_EQ(text_of(event.get()), "kept!");
    });
    EXPECT_TRUE(seen);
  }
}

TEST_F(HoldTest, IsEmptyForAnEventThatIsNotTheOneLookedAt) {
  Subscription subscription = client_.subscribe("topic").value();
  const HeldEvent held = hold_one(subscription, "kept");
  EXPECT_FALSE(subscription.hold(*held));
  topic_.publish_text("other");
  subscription.poll([&](const Event&) { EXPECT_FALSE(subscription.hold(*held)); });
  const Event* last = nullptr;
  topic_.publish_text("last");
  subscription.poll([&](const Event& event) { last = &event; });
  EXPECT_FALSE(subscription.hold(*last));
}

TEST_F(HoldTest, OutlivesSubscriptionClientAndDaemon) {
  HeldEvent held;
  {
    FakeDaemon daemon;
    std::optional<Client> client = Client::connect({.socket = daemon.socket()}).value();
    std::optional<Subscription> subscription = client->subscribe("topic").value();
    daemon.topic("topic").publish_text("kept");
    subscription->poll([&](const Event& event) { held = subscription->hold(event); });
    client.reset();
    subscription.reset();
    daemon.die();
  }
  EXPECT_EQ(text_of(held->get()), "kept");
  EXPECT_EQ(held->topic(), "topic");
}

TEST_F(HoldTest, KeepsItsPinUntilTheLastIsReleasedAlsoWhenUnsubscribed) {
  std::optional<Subscription> subscription = client_.subscribe("topic").value();
  HeldEvent first = hold_one(*subscription, "first");
  HeldEvent second = hold_one(*subscription, "second");
  EXPECT_TRUE(subscription->unsubscribe());
  overrun();
  EXPECT_EQ(text_of(first->get()), "first");
  first = HeldEvent();
  overrun();
  EXPECT_EQ(text_of(second->get()), "second");
  EXPECT_EQ(topic_.writer().subscriber_count(), 1U);
  EXPECT_EQ(daemon_.count(RequestBody::unsubscribe), 0U);
  second = HeldEvent();
  daemon_.wait_for(RequestBody::unsubscribe, 1);
  EXPECT_EQ(topic_.writer().subscriber_count(), 0U);
}

TEST_F(HoldTest, MovesWithItsHandle) {
  Subscription subscription = client_.subscribe("topic").value();
  HeldEvent held = hold_one(subscription, "kept");
  HeldEvent moved = std::move(held);
  EXPECT_FALSE(held);  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_EQ(text_of(moved->get()), "kept");
}

}  // namespace
}  // namespace ringside
