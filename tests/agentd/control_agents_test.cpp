// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/agentd/agentd_process.hpp"
#include "tests/agentd/control_client.hpp"

namespace ringside::agentd {
namespace {

template <class Body>
Body to(const std::string& agent_id) {
  Body body;
  body.agent_id = agent_id;
  return body;
}

class ControlAgents : public testing::Test {
 protected:
  ControlAgents() { client_.greet(); }

  AgentdProcess agentd_{{}, "[ring]\nsegment_size = 4096\nlarge_segments = 0\n"};
  ControlClient client_{agentd_.socket()};
};

TEST_F(ControlAgents, AStartCreatesOnceAndFindsAfterwards) {
  const Reply created = client_.ask(start_idle("a"));
  ASSERT_NE(created.as<control::StartReplyT>(), nullptr) << created.text();
  EXPECT_TRUE(created.as<control::StartReplyT>()->created);
  const Reply found = client_.ask(start_idle("a"));
  ASSERT_NE(found.as<control::StartReplyT>(), nullptr) << found.text();
  EXPECT_FALSE(found.as<control::StartReplyT>()->created);
  EXPECT_EQ(found.as<control::StartReplyT>()->incarnation, created.as<control::StartReplyT>()->incarnation);
}

TEST_F(ControlAgents, OfManyStartsAtOnceExactlyOneCreates) {
  std::vector<ControlClient> clients;
  for (int i = 0; i < 8; ++i)
    clients.emplace_back(agentd_.socket()).greet();
  for (ControlClient& client : clients) {
    for (int i = 0; i < 4; ++i)
      client.say(start_idle("a"));
  }
  int created = 0;
  std::set<std::uint64_t> incarnations;
  for (ControlClient& client : clients) {
    for (int i = 0; i < 4; ++i) {
      const Reply reply = client.hear();
      ASSERT_NE(reply.as<control::StartReplyT>(), nullptr) << reply.text();
      created += reply.as<control::StartReplyT>()->created ? 1 : 0;
      incarnations.insert(reply.as<control::StartReplyT>()->incarnation);
    }
  }
  EXPECT_EQ(created, 1);
  EXPECT_EQ(incarnations.size(), 1U);
}

TEST_F(ControlAgents, NotRunningAndNoSuchAgentAreDifferentAnswers) {
  EXPECT_EQ(client_.ask(to<control::StopT>("a")).error(), control::ErrorCode::no_such_agent);
  EXPECT_EQ(client_.ask(publish_of("a", {custom_event("x")})).error(), control::ErrorCode::no_such_agent);
  ASSERT_EQ(client_.ask(start_idle("a")).error(), std::nullopt);
  TopicFollower follower(client_.ask(subscribe_to("agent_server:a", control::From::oldest)));
  EXPECT_TRUE(client_.ask(to<control::StopT>("a")).ok());
  follower.until(events::Payload::agent_shutdown);
  EXPECT_EQ(client_.ask(to<control::TouchT>("a")).error(), control::ErrorCode::not_running);
  EXPECT_EQ(client_.ask(to<control::CancelT>("a")).error(), control::ErrorCode::not_running);
  EXPECT_EQ(client_.ask(publish_of("a", {custom_event("x")})).error(), control::ErrorCode::not_running);
}

TEST_F(ControlAgents, AStartedAgentCanBeStoppedAndStartedAgainUnderAGreaterIncarnationAndAsOneSequence) {
  const std::uint64_t first = client_.ask(start_idle("a")).as<control::StartReplyT>()->incarnation;
  TopicFollower follower(client_.ask(subscribe_to("agent_server:a", control::From::oldest)));
  client_.ask(to<control::StopT>("a"));
  const Reply again = client_.ask(start_idle("a"));  // finds the first life closing, or closed
  ASSERT_NE(again.as<control::StartReplyT>(), nullptr) << again.text();
  EXPECT_TRUE(again.as<control::StartReplyT>()->created);
  EXPECT_GT(again.as<control::StartReplyT>()->incarnation, first);
  std::uint64_t expected = 1;
  for (const auto& seen : follower.until(events::Payload::agent_shutdown)) {
    EXPECT_EQ(seen.sequence, expected++);
    EXPECT_EQ(seen.event->incarnation, first);
  }
  const auto next = follower.next();
  EXPECT_EQ(next.sequence, expected);
  EXPECT_EQ(next.event->incarnation, again.as<control::StartReplyT>()->incarnation);
  EXPECT_EQ(next.event->payload.type, events::Payload::status_changed);
}

TEST_F(ControlAgents, WhoSubscribesBeforeTheStartSeesTheLifeFromItsFirstEvent) {
  Reply pending = client_.ask(subscribe_to("agent_server:a"));
  ASSERT_NE(pending.as<control::SubscribeReplyT>(), nullptr) << pending.text();
  EXPECT_FALSE(pending.as<control::SubscribeReplyT>()->running);
  EXPECT_NE(pending.as<control::SubscribeReplyT>()->page_line, 0U);
  TopicFollower follower(std::move(pending));
  ASSERT_EQ(client_.ask(start_idle("a")).error(), std::nullopt);
  const auto first = follower.next();
  EXPECT_EQ(first.sequence, 1U);
  ASSERT_EQ(first.event->payload.type, events::Payload::status_changed);
  EXPECT_EQ(first.event->payload.Asstatus_changed()->status, events::AgentStatus::idle);
  const Reply late = client_.ask(subscribe_to("agent_server:a"));
  EXPECT_TRUE(late.as<control::SubscribeReplyT>()->running);
}

TEST_F(ControlAgents, APublishIsAnsweredAfterItsCommitWithItsSequences) {
  const std::uint64_t incarnation = client_.ask(start_idle("a")).as<control::StartReplyT>()->incarnation;
  TopicFollower follower(client_.ask(subscribe_to("agent_server:a")));
  std::uint64_t next = 0;
  for (int i = 0; i < 20; ++i) {
    const Reply reply = client_.ask(publish_of("a", {custom_event("one"), custom_event("two")}));
    const auto* published = reply.as<control::PublishReplyT>();
    ASSERT_NE(published, nullptr) << reply.text();
    EXPECT_EQ(published->count, 2U);
    EXPECT_TRUE(next == 0 || published->first_sequence == next);
    next = published->first_sequence + 2;
    EXPECT_TRUE(follower.has_news());  // it is there when the answer is
    for (const char* name : {"one", "two"}) {
      const auto seen = follower.next();
      EXPECT_EQ(seen.event->payload.Ascustom()->name, name);
      EXPECT_EQ(seen.event->incarnation, incarnation);
    }
  }
}

TEST_F(ControlAgents, ABatchIsPublishedWholeOrNotAtAll) {
  ASSERT_EQ(client_.ask(start_idle("a")).error(), std::nullopt);
  TopicFollower follower(client_.ask(subscribe_to("agent_server:a")));

  const std::vector<std::uint8_t> garbage{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const Reply bad = client_.ask(publish_of("a", {custom_event("x"), garbage}));
  EXPECT_EQ(bad.error(), control::ErrorCode::bad_event);
  EXPECT_NE(bad.text().find("event 2 of 2"), std::string::npos) << bad.text();

  const Reply large = client_.ask(publish_of("a", {custom_event("x"), custom_event("large", 5000)}));
  EXPECT_EQ(large.error(), control::ErrorCode::event_too_large);
  EXPECT_NE(large.text().find("bytes; agent_server:a takes 4040 at most"), std::string::npos) << large.text();

  events::StatusChangedT status;
  events::EventT event;
  event.payload.Set(status);
  const schema::EventBuffer packed = schema::pack(event);
  std::vector<std::uint8_t> bytes(packed.bytes().size());
  std::memcpy(bytes.data(), packed.bytes().data(), bytes.size());
  EXPECT_EQ(client_.ask(publish_of("a", {custom_event("x"), bytes})).error(),
            control::ErrorCode::not_publishable);
  EXPECT_EQ(client_.ask(publish_of("a", {})).error(), control::ErrorCode::bad_request);

  // What comes next is what was published after all that.
  EXPECT_EQ(client_.ask(publish_of("a", {custom_event("good")})).error(), std::nullopt);
  EXPECT_EQ(follower.next().event->payload.Ascustom()->name, "good");
}

TEST_F(ControlAgents, DebugEventsGoToTheDebugTopicAndNowhereIfNobodyReadsIt) {
  events::LlmErrorT failed;
  failed.error = std::make_unique<events::ErrorT>();
  failed.error->message = "no";
  events::EventT event;
  event.payload.Set(std::move(failed));
  const schema::EventBuffer packed = schema::pack(event);
  std::vector<std::uint8_t> bytes(packed.bytes().size());
  std::memcpy(bytes.data(), packed.bytes().data(), bytes.size());

  ASSERT_EQ(client_.ask(start_idle("a")).error(), std::nullopt);
  const Reply unread = client_.ask(publish_of("a", {bytes}));
  ASSERT_NE(unread.as<control::PublishReplyT>(), nullptr) << unread.text();
  EXPECT_EQ(unread.as<control::PublishReplyT>()->first_sequence, 0U);

  TopicFollower debug(client_.ask(subscribe_to("agent_server:debug:a")));
  const Reply read = client_.ask(publish_of("a", {bytes}));
  ASSERT_NE(read.as<control::PublishReplyT>(), nullptr) << read.text();
  EXPECT_EQ(debug.next().event->payload.type, events::Payload::llm_error);
  EXPECT_EQ(client_.ask(publish_of("a", {bytes, custom_event("x")})).error(),
            control::ErrorCode::bad_request);
}

TEST_F(ControlAgents, DebugEventsEndWithTheLastWhoReadsThem) {
  ASSERT_EQ(client_.ask(start_idle("a")).error(), std::nullopt);
  const auto publish = [this] {
    control::PublishT debug = publish_of("a", {custom_event("x")});
    debug.debug = true;
    return client_.ask(std::move(debug)).as<control::PublishReplyT>()->first_sequence;
  };
  const auto subscribe = [this] { return client_.ask(subscribe_to("agent_server:debug:a")); };
  const auto unsubscribe = [this](const Reply& subscribed) {
    control::UnsubscribeT end;
    end.subscription = subscribed.as<control::SubscribeReplyT>()->subscription;
    return client_.ask(std::move(end)).ok();
  };
  const Reply first = subscribe();
  const Reply second = subscribe();
  EXPECT_EQ(publish(), 1U);
  ASSERT_TRUE(unsubscribe(first));
  EXPECT_EQ(publish(), 2U);
  ASSERT_TRUE(unsubscribe(second));
  EXPECT_EQ(publish(), 0U) << "nobody reads, the topic only lingers";
  const Reply again = subscribe();
  EXPECT_EQ(again.as<control::SubscribeReplyT>()->next_sequence, 3U);
  EXPECT_EQ(publish(), 3U);
}

TEST_F(ControlAgents, ANewLifeHasNoDebugEventsForATopicThatOnlyLingers) {
  const Reply read = client_.ask(subscribe_to("agent_server:debug:a"));
  control::UnsubscribeT unsubscribe;
  unsubscribe.subscription = read.as<control::SubscribeReplyT>()->subscription;
  ASSERT_TRUE(client_.ask(std::move(unsubscribe)).ok());
  ASSERT_EQ(client_.ask(start_idle("a")).error(), std::nullopt);
  control::PublishT debug = publish_of("a", {custom_event("x")});
  debug.debug = true;
  EXPECT_EQ(client_.ask(std::move(debug)).as<control::PublishReplyT>()->first_sequence, 0U);
}

TEST_F(ControlAgents, OnlyDebugAndCustomEventsAreTakenForTheDebugTopic) {
  ASSERT_EQ(client_.ask(start_idle("a")).error(), std::nullopt);
  events::ConversationTitleGeneratedT title;
  title.title = "t";
  events::EventT event;
  event.payload.Set(std::move(title));
  const schema::EventBuffer packed = schema::pack(event);
  std::vector<std::uint8_t> bytes(packed.bytes().size());
  std::memcpy(bytes.data(), packed.bytes().data(), bytes.size());
  control::PublishT debug = publish_of("a", {bytes});
  debug.debug = true;
  EXPECT_EQ(client_.ask(std::move(debug)).error(), control::ErrorCode::bad_request);
}

TEST_F(ControlAgents, ASubscriptionFromAKeyframeIsGrantedWhereOneStands) {
  const Reply reply = client_.ask(subscribe_to("agent_server:a", control::From::keyframe));
  const auto* const granted = reply.as<control::SubscribeReplyT>();
  ASSERT_NE(granted, nullptr) << reply.text();
  EXPECT_TRUE(granted->keyframe);
  EXPECT_EQ(granted->next_sequence, 1U);
  const Reply debug = client_.ask(subscribe_to("agent_server:debug:a", control::From::keyframe));
  ASSERT_NE(debug.as<control::SubscribeReplyT>(), nullptr) << debug.text();
  EXPECT_FALSE(debug.as<control::SubscribeReplyT>()->keyframe) << "debug events have no state";
}

TEST_F(ControlAgents, ASubscriptionThatCannotBeIsRefusedByItsCause) {
  EXPECT_EQ(client_.ask(subscribe_to("x", control::From::sequence, 5)).error(),
            control::ErrorCode::sequence_ahead);
  EXPECT_EQ(client_.ask(subscribe_to("")).error(), control::ErrorCode::bad_request);
  EXPECT_EQ(client_.ask(subscribe_to("agent_server:")).error(), control::ErrorCode::no_such_topic);
  EXPECT_EQ(client_.ask(subscribe_to("agent_server:debug:")).error(), control::ErrorCode::no_such_topic);
  control::UnsubscribeT unsubscribe;
  unsubscribe.subscription = 99;
  EXPECT_EQ(client_.ask(std::move(unsubscribe)).error(), control::ErrorCode::no_such_subscription);
}

TEST_F(ControlAgents, ALineOfThePageIsGrantedAgainAfterUnsubscribe) {
  std::set<std::uint32_t> lines;
  for (int i = 0; i < 200; ++i) {
    const Reply reply = client_.ask(subscribe_to("conversation:x"));
    const auto* granted = reply.as<control::SubscribeReplyT>();
    ASSERT_NE(granted, nullptr) << reply.text();
    EXPECT_NE(granted->page_line, 0U);
    lines.insert(granted->page_line);
    control::UnsubscribeT unsubscribe;
    unsubscribe.subscription = granted->subscription;
    EXPECT_TRUE(client_.ask(std::move(unsubscribe)).ok());
  }
  EXPECT_EQ(lines.size(), 1U);
}

TEST_F(ControlAgents, BeyondThePagesLinesSubscriptionsCopy) {
  std::size_t pinning = 0;
  for (int i = 0; i < 70; ++i) {
    const Reply reply = client_.ask(subscribe_to("conversation:" + std::to_string(i)));
    ASSERT_NE(reply.as<control::SubscribeReplyT>(), nullptr) << reply.text();
    pinning += reply.as<control::SubscribeReplyT>()->page_line != 0 ? 1U : 0U;
  }
  EXPECT_EQ(pinning, shm::subscription_line_count);
}

TEST_F(ControlAgents, AListIsPagedByName) {
  for (const char* id : {"c", "a", "b"})
    ASSERT_EQ(client_.ask(start_idle(id)).error(), std::nullopt);
  const Reply all = client_.ask(control::ListT{});
  ASSERT_EQ(all.as<control::ListReplyT>()->agents.size(), 3U);
  EXPECT_EQ(all.as<control::ListReplyT>()->agents[0]->agent_id, "a");
  EXPECT_EQ(all.as<control::ListReplyT>()->agents[2]->agent_id, "c");
  EXPECT_FALSE(all.as<control::ListReplyT>()->more);
  control::ListT rest;
  rest.after = "a";
  EXPECT_EQ(client_.ask(std::move(rest)).as<control::ListReplyT>()->agents.size(), 2U);
}

TEST_F(ControlAgents, TheAgentsTopicTellsWhoRuns) {
  TopicFollower follower(client_.ask(subscribe_to("agent_server:presence")));
  ASSERT_EQ(client_.ask(start_idle("a")).error(), std::nullopt);
  const auto joined = follower.next();
  ASSERT_EQ(joined.event->payload.type, events::Payload::presence_diff);
  ASSERT_EQ(joined.event->payload.Aspresence_diff()->joins.size(), 1U);
  EXPECT_EQ(joined.event->payload.Aspresence_diff()->joins[0]->key, "a");
  control::PresenceListT list;
  list.topic = "agent_server:presence";
  const Reply listed = client_.ask(std::move(list));
  ASSERT_EQ(listed.as<control::PresenceListReplyT>()->entries.size(), 1U);
  client_.ask(to<control::StopT>("a"));
  const auto left = follower.next();
  EXPECT_EQ(left.event->payload.Aspresence_diff()->leaves.size(), 1U);
}

TEST_F(ControlAgents, AStartThatMakesNoSenseSaysWhy) {
  EXPECT_EQ(client_.ask(start_idle("presence")).error(), control::ErrorCode::bad_request);
  control::StartT watched = start_idle("a");
  watched.presence_topic = "agent_server:a";
  EXPECT_EQ(client_.ask(std::move(watched)).error(), control::ErrorCode::bad_request);
  control::ReplayOptionsT replay;
  replay.source = "/nonexistent/stream";
  control::StartT start;
  start.agent_id = "a";
  start.runner.Set(std::move(replay));
  const Reply missing = client_.ask(std::move(start));
  EXPECT_EQ(missing.error(), control::ErrorCode::bad_source);
  EXPECT_NE(missing.text().find("/nonexistent/stream"), std::string::npos) << missing.text();
  EXPECT_EQ(client_.ask(to<control::StopT>("a")).error(), control::ErrorCode::no_such_agent);
}

TEST(ControlLimits, AStartThatGetsNoRingIsRefusedAndLeavesNothingBehind) {
  const AgentdProcess agentd({}, "[limits]\ntopics = 1\n");
  ControlClient client(agentd.socket());
  client.greet();
  ASSERT_EQ(client.ask(start_idle("a")).error(), std::nullopt);
  const auto start_replay = [] {
    control::ReplayOptionsT replay;
    replay.source = RINGSIDE_SOURCE_DIR "/examples/samples/weather.chunks.txt";
    control::StartT start = start_idle("b");
    start.runner.Set(std::move(replay));
    return start;
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(client.ask(start_replay()).error(), control::ErrorCode::no_slot);
    EXPECT_EQ(client.ask(start_idle("b")).error(), control::ErrorCode::no_slot);
    EXPECT_EQ(client.ask(to<control::StopT>("b")).error(), control::ErrorCode::no_such_agent);
  }
  EXPECT_FALSE(client.ask(start_idle("a")).as<control::StartReplyT>()->created);
}

}  // namespace
}  // namespace ringside::agentd
