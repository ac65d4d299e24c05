// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <ringside/client.hpp>

#include "schema/event_builder.hpp"
#include "schema/fold.hpp"
#include "tests/clientlib/fake_daemon.hpp"

namespace ringside {
namespace {

using control::RequestBody;
using test::FakeDaemon;
using test::FakeTopic;
using test::text_of;

const std::string topic_name = agent_topic("ada");

/// Everything that is there, as (sequence, text), with gaps as (first, "gap <count>").
using Seen = std::vector<std::pair<std::uint64_t, std::string>>;

void record_gaps(Subscription& subscription, Seen& seen) {
  subscription.on_gap(
      [&seen](const Gap& gap) { seen.emplace_back(gap.first, "gap " + std::to_string(gap.count)); });
}

class SubscriptionTest : public ::testing::Test {
 protected:
  Subscription subscribe(const SubscribeOptions& options = {}) {
    auto made = client_.subscribe(topic_name, options);
    if (!made) throw std::runtime_error(made.error().message);
    return std::move(*made);
  }
  static void poll_all(Subscription& subscription, Seen& seen) {
    const auto take = [&seen](const Event& event) {
      seen.emplace_back(event.sequence(), text_of(event.get()));
    };
    while (subscription.poll(take).events != 0) {
    }
  }
  /// More than the ring holds.
  std::uint64_t overrun() {
    for (int i = 0; i < 1000; ++i)
      topic_.publish_text("flood");
    return topic_.writer().next_sequence();
  }

  FakeDaemon daemon_;
  FakeTopic& topic_ = daemon_.topic(topic_name);
  Client client_ = Client::connect({.socket = daemon_.socket()}).value();
};

class EitherReader : public SubscriptionTest, public ::testing::WithParamInterface<bool> {
 protected:
  SubscribeOptions options(SubscribeOptions made = {}) const {
    made.copying = GetParam();
    return made;
  }
};

INSTANTIATE_TEST_SUITE_P(Subscription, EitherReader, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "Copying" : "InPlace"; });

TEST_P(EitherReader, HandsOutEveryEventOnceAndInOrder) {
  topic_.publish_text("before");
  Subscription subscription = subscribe(options());
  EXPECT_EQ(subscription.copying(), GetParam());
  EXPECT_EQ(subscription.next_sequence(), 2U);
  topic_.publish_text("one");
  topic_.publish_text("two");
  Seen seen;
  poll_all(subscription, seen);
  topic_.publish_text("three");
  poll_all(subscription, seen);
  EXPECT_EQ(seen, (Seen{{2, "one"}, {3, "two"}, {4, "three"}}));
  EXPECT_EQ(subscription.lost().events, 0U);
}

TEST_P(EitherReader, ShowsAllThatAnEventSays) {
  Subscription subscription = subscribe(options());
  const schema::EventBuffer sent = test::text_event("hello");
  topic_.publish(sent, 1234567890);
  std::size_t count = 0;
  const auto look = [&](const Event& event) {
    ++count;
    EXPECT_EQ(event.sequence(), 1U);
    EXPECT_EQ(event.time_ns(), 1234567890);
    EXPECT_EQ(event.topic(), topic_name);
    EXPECT_EQ(event.kind(), events::Payload::llm_deltas);
    EXPECT_EQ(event.incarnation(), 7U);
    EXPECT_EQ(event.run(), 3U);
    EXPECT_NE(event.as<events::LlmDeltas>(), nullptr);
    EXPECT_EQ(event.as<events::AgentShutdown>(), nullptr);
    EXPECT_TRUE(std::ranges::equal(event.bytes(), sent.bytes()));
  };
  EXPECT_EQ(subscription.poll(look).events, 1U);
  EXPECT_EQ(count, 1U);
}

TEST_P(EitherReader, BeginsWithTheOldestThatIsThere) {
  topic_.publish_text("one");
  topic_.publish_text("two");
  Subscription subscription = subscribe(options({.from = From::oldest}));
  Seen seen;
  poll_all(subscription, seen);
  EXPECT_EQ(seen, (Seen{{1, "one"}, {2, "two"}}));
}

TEST_P(EitherReader, BeginsWithTheSequenceThatWasAskedFor) {
  for (const char* text : {"one", "two", "three"})
    topic_.publish_text(text);
  Subscription subscription = subscribe(options({.from = From::sequence, .sequence = 2}));
  Seen seen;
  record_gaps(subscription, seen);
  poll_all(subscription, seen);
  EXPECT_EQ(seen, (Seen{{2, "two"}, {3, "three"}}));
}

TEST_P(EitherReader, TellsWhatIsGoneOfTheSequenceThatWasAskedFor) {
  overrun();
  const std::uint64_t oldest = topic_.writer().oldest().next_sequence;
  ASSERT_GT(oldest, 3U);
  Subscription subscription = subscribe(options({.from = From::sequence, .sequence = 3}));
  Seen seen;
  record_gaps(subscription, seen);
  poll_all(subscription, seen);
  ASSERT_GE(seen.size(), 2U);
  EXPECT_EQ(seen[0], (Seen::value_type{3, "gap " + std::to_string(oldest - 3)}));
  EXPECT_EQ(seen[1].first, oldest);
  EXPECT_EQ(subscription.lost().events, oldest - 3);
}

TEST_P(EitherReader, ReportsTheExactGapOnceWhenLapped) {
  Subscription subscription = subscribe(options());
  Seen seen;
  record_gaps(subscription, seen);
  topic_.publish_text("first");
  poll_all(subscription, seen);
  const std::uint64_t end = overrun();
  poll_all(subscription, seen);

  std::size_t gaps = 0;
  std::uint64_t expected_next = 1;
  for (const auto& [sequence, text] : seen) {
    EXPECT_EQ(sequence, expected_next);
    const bool gap = text.starts_with("gap ");
    if (gap) ++gaps;
    expected_next += gap ? std::stoull(text.substr(4)) : 1;
  }
  EXPECT_EQ(expected_next, end);
  EXPECT_EQ(gaps, 1U);
  EXPECT_EQ(subscription.lost().gaps, 1U);
}

TEST_P(EitherReader, StopsAtTheLimit) {
  Subscription subscription = subscribe(options());
  for (const char* text : {"one", "two", "three"})
    topic_.publish_text(text);
  std::size_t calls = 0;
  const auto count = [&calls](const Event&) { ++calls; };
  EXPECT_EQ(subscription.poll(count, 0).events, 0U);
  EXPECT_EQ(subscription.poll(count, 2).events, 2U);
  EXPECT_EQ(subscription.poll(count, 2).events, 1U);
  EXPECT_EQ(subscription.poll(count, 2).events, 0U);
  EXPECT_EQ(calls, 3U);
}

TEST_P(EitherReader, CountsAnEventAsSeenWhoseHandlerThrew) {
  Subscription subscription = subscribe(options());
  for (const char* text : {"one", "two", "three"})
    topic_.publish_text(text);
  Seen seen;
  const auto fail_at_two = [&seen](const Event& event) {
    if (event.sequence() == 2) throw std::runtime_error("two");
    seen.emplace_back(event.sequence(), "");
  };
  EXPECT_THROW(subscription.poll(fail_at_two), std::runtime_error);
  EXPECT_EQ(subscription.poll(fail_at_two).events, 1U);
  EXPECT_EQ(seen, (Seen{{1, ""}, {3, ""}}));
}

TEST_P(EitherReader, IteratesOverWhatIsThere) {
  Subscription subscription = subscribe(options());
  topic_.publish_text("one");
  topic_.publish_text("two");
  Seen seen;
  for (const Event& event : subscription)
    seen.emplace_back(event.sequence(), text_of(event.get()));
  for (const Event& event : subscription)
    seen.emplace_back(event.sequence(), "again");
  topic_.publish_text("three");
  poll_all(subscription, seen);
  EXPECT_EQ(seen, (Seen{{1, "one"}, {2, "two"}, {3, "three"}}));
}

TEST_P(EitherReader, PollingInsideAHandlerDoesNothing) {
  Subscription subscription = subscribe(options());
  topic_.publish_text("one");
  topic_.publish_text("two");
  Seen seen;
  subscription.poll([&](const Event& event) {
    EXPECT_EQ(subscription.poll([](const Event&) { FAIL(); }).events, 0U);
    EXPECT_EQ(subscription.next(), nullptr);
    seen.emplace_back(event.sequence(), text_of(event.get()));
  });
  EXPECT_EQ(seen, (Seen{{1, "one"}, {2, "two"}}));
}

TEST_P(EitherReader, LeavesOutAndCountsWhatIsNoEvent) {
  Subscription subscription = subscribe(options({.verify = true}));
  Seen seen;
  record_gaps(subscription, seen);
  const std::array<std::byte, 64> zeros{};
  topic_.publish_bytes(zeros, 2);
  topic_.publish_bytes({}, 2);
  topic_.publish_text("sound");
  poll_all(subscription, seen);
  EXPECT_EQ(seen, (Seen{{1, "gap 1"}, {2, "gap 1"}, {3, "sound"}}));
  EXPECT_EQ(subscription.lost().malformed, 2U);
}

TEST_P(EitherReader, GivesTheNextSnapshotInPlaceOfOneThatIsNone) {
  daemon_.answer(control::RequestBody::subscribe,
                 [](FakeDaemon::Call& call) { call.reply.body.Assubscribe()->keyframe = true; });
  Subscription subscription = subscribe(options({.verify = true}));
  constexpr auto kind = static_cast<std::uint32_t>(events::Payload::snapshot);
  const std::array<std::byte, 64> zeros{};
  const schema::EventBuffer snapshot = schema::Fold(schema::StateKind::agent).snapshot();
  ASSERT_TRUE(topic_.writer().publish_keyframe(zeros, kind, 0));
  EXPECT_EQ(subscription.next(), nullptr);
  EXPECT_EQ(subscription.lost().malformed, 1U);
  ASSERT_TRUE(topic_.writer().publish_keyframe(snapshot.bytes(), kind, 0));
  const Event* const event = subscription.next();
  ASSERT_NE(event, nullptr);
  EXPECT_TRUE(event->is_snapshot());
  EXPECT_EQ(subscription.lost().events, 0U);
}

TEST_P(EitherReader, NeverFollowsARootOutOfTheRecordEvenIfItDoesNotVerify) {
  Subscription subscription = subscribe(options());
  const std::array<std::byte, 8> far{std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0x7f}};
  topic_.publish_bytes(far, 2);
  topic_.publish_bytes({}, 2);
  EXPECT_EQ(subscription.poll([](const Event&) { FAIL(); }).events, 0U);
  EXPECT_EQ(subscription.lost().malformed, 2U);
}

TEST_P(EitherReader, TellsLivesAsTheyBeginAndEnd) {
  daemon_.set_running(false);
  Subscription subscription = subscribe(options());
  EXPECT_EQ(subscription.state(), SubscriptionState::pending);
  std::vector<std::string> told;
  subscription.on_state([&told](SubscriptionState state) { told.emplace_back(state_name(state)); });
  const auto tell = [&told](const Event& event) { told.emplace_back(events::EnumNamePayload(event.kind())); };

  topic_.publish_text("hello");
  EXPECT_EQ(subscription.poll(tell).state, SubscriptionState::live);
  topic_.publish(schema::EventBuilder().agent_shutdown({7, 3}, {}));
  EXPECT_EQ(subscription.poll(tell).state, SubscriptionState::pending);
  topic_.publish_text("again");
  EXPECT_EQ(subscription.poll(tell).state, SubscriptionState::live);
  EXPECT_EQ(told, (std::vector<std::string>{"live", "llm_deltas", "agent_shutdown", "pending", "live",
                                            "llm_deltas"}));
}

TEST_P(EitherReader, ReadsWhatADeadDaemonLeftAndThenSaysSo) {
  Subscription subscription = subscribe(options());
  topic_.publish_text("last words");
  daemon_.die();
  while (!client_.daemon_gone())
    std::this_thread::yield();
  std::vector<SubscriptionState> told;
  subscription.on_state([&told](SubscriptionState state) { told.push_back(state); });
  EXPECT_EQ(subscription.wait(std::chrono::seconds(-1)), WaitResult::event);
  const PollResult result =
      subscription.poll([](const Event& event) { EXPECT_EQ(text_of(event.get()), "last words"); });
  EXPECT_EQ(result.events, 1U);
  EXPECT_EQ(result.state, SubscriptionState::daemon_gone);
  EXPECT_EQ(subscription.wait(std::chrono::seconds(-1)), WaitResult::daemon_gone);
  EXPECT_EQ(subscription.poll([](const Event&) {}).state, SubscriptionState::daemon_gone);
  EXPECT_EQ(told, std::vector{SubscriptionState::daemon_gone});
}

TEST_F(SubscriptionTest, TwoOfOneTopicHandOutEveryEventOnceEach) {
  Subscription first = subscribe();
  Subscription second = subscribe();
  topic_.publish_text("one");
  Seen seen;
  Seen seen_too;
  poll_all(first, seen);
  poll_all(second, seen_too);
  EXPECT_EQ(seen, (Seen{{1, "one"}}));
  EXPECT_EQ(seen_too, seen);
}

TEST_F(SubscriptionTest, SubscribingTheSameHandleAgainDoesNotDeliverTwice) {
  Subscription subscription = subscribe();
  topic_.publish_text("one");
  Seen seen;
  poll_all(subscription, seen);
  subscription = subscribe({.from = From::sequence, .sequence = subscription.next_sequence()});
  topic_.publish_text("two");
  poll_all(subscription, seen);
  EXPECT_EQ(seen, (Seen{{1, "one"}, {2, "two"}}));
  daemon_.wait_for(RequestBody::unsubscribe, 1);
}

TEST_F(SubscriptionTest, CopiesWhereNoSlotIsLeft) {
  std::vector<Subscription> all;
  for (int i = 0; i < 6; ++i)
    all.push_back(subscribe());
  EXPECT_FALSE(all[3].copying());
  EXPECT_TRUE(all[4].copying());
  topic_.publish_text("one");
  for (Subscription& each : all) {
    Seen seen;
    poll_all(each, seen);
    EXPECT_EQ(seen, (Seen{{1, "one"}}));
  }
}

TEST_F(SubscriptionTest, IsPolledByFunctionsAndTemporariesToo) {
  Subscription subscription = subscribe();
  for (const char* text : {"one", "two", "three"})
    topic_.publish_text(text);
  static int calls = 0;
  struct Function {
    static void call(const Event&) { ++calls; }
  };
  EXPECT_EQ(subscription.poll(Function::call, 1).events, 1U);
  EXPECT_EQ(subscription.poll(&Function::call, 1).events, 1U);
  EXPECT_EQ(subscription.poll(std::function<void(const Event&)>(Function::call), 1).events, 1U);
  EXPECT_EQ(calls, 3);
}

TEST_F(SubscriptionTest, EndsWhenUnsubscribed) {
  Subscription subscription = subscribe();
  topic_.publish_text("one");
  EXPECT_TRUE(subscription.unsubscribe());
  EXPECT_TRUE(subscription.unsubscribe());
  EXPECT_EQ(daemon_.count(RequestBody::unsubscribe), 1U);
  EXPECT_EQ(topic_.writer().subscriber_count(), 0U);
  const PollResult result = subscription.poll([](const Event&) { FAIL(); });
  EXPECT_EQ(result.events, 0U);
  EXPECT_EQ(result.state, SubscriptionState::ended);
  EXPECT_EQ(subscription.next(), nullptr);
  EXPECT_EQ(subscription.wait(std::chrono::seconds(-1)), WaitResult::ended);
  EXPECT_FALSE(subscription.arm());
  EXPECT_EQ(subscription.fd(), -1);
}

TEST_F(SubscriptionTest, EndsWithItsHandle) {
  { const Subscription subscription = subscribe(); }
  daemon_.wait_for(RequestBody::unsubscribe, 1);
  Subscription moved = subscribe();
  Subscription there = std::move(moved);
  EXPECT_EQ(moved.state(),
            SubscriptionState::ended);  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_EQ(moved.poll([](const Event&) { FAIL(); }).state, SubscriptionState::ended);
  EXPECT_EQ(moved.wait(std::chrono::seconds(-1)), WaitResult::ended);
  EXPECT_EQ(there.state(), SubscriptionState::live);
}

TEST_F(SubscriptionTest, OutlivesItsClient) {
  std::optional<Subscription> subscription;
  {
    Client other = Client::connect({.socket = daemon_.socket()}).value();
    subscription = std::move(*other.subscribe(topic_name));
  }
  topic_.publish_text("one");
  Seen seen;
  poll_all(*subscription, seen);
  EXPECT_EQ(seen, (Seen{{1, "one"}}));
  EXPECT_TRUE(subscription->unsubscribe());
}

}  // namespace
}  // namespace ringside
