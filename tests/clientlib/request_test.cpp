// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <ringside/client.hpp>

#include "tests/clientlib/fake_daemon.hpp"

namespace ringside {
namespace {

using control::RequestBody;
using test::FakeDaemon;

class RequestTest : public ::testing::Test {
 protected:
  Client connect(std::chrono::milliseconds timeout) {
    return Client::connect({.socket = daemon_.socket(), .request_timeout = timeout}).value();
  }

  FakeDaemon daemon_;
  Client client_ = connect(std::chrono::seconds(30));
};

template <class Reply>
FakeDaemon::Answerer say(Reply reply) {
  return [reply](FakeDaemon::Call& call) { call.reply.body.Set(Reply(reply)); };
}

FakeDaemon::Answerer refuse(control::ErrorCode code) {
  return [code](FakeDaemon::Call& call) {
    control::ErrorT error;
    error.code = code;
    error.message = control::EnumNameErrorCode(code);
    call.reply.body.Set(std::move(error));
  };
}

TEST_F(RequestTest, StartSendsAllOptions) {
  daemon_.answer(RequestBody::start, [](FakeDaemon::Call& call) {
    const control::Start& start = *call.request.body_as_start();
    EXPECT_EQ(start.agent_id()->str(), "ada");
    EXPECT_EQ(start.runner_as_replay()->source()->str(), "/a/file");
    EXPECT_EQ(start.runner_as_replay()->speed(), 4.0);
    EXPECT_EQ(start.presence_topic()->str(), "conversation:1");
    EXPECT_EQ(start.grace_period_ms(), 1500U);
    EXPECT_EQ(start.inactivity_ms(), 0U);
    EXPECT_TRUE(start.stay_idle());
    control::StartReplyT reply;
    reply.created = true;
    reply.incarnation = 42;
    call.reply.body.Set(std::move(reply));
  });
  const auto started = client_.start("ada", {.runner = ReplayRunner{.source = "/a/file", .speed = 4},
                                             .presence_topic = "conversation:1",
                                             .grace_period = std::chrono::milliseconds(1500),
                                             .inactivity = std::chrono::milliseconds(0),
                                             .stay_idle = true});
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_TRUE(started->created);
  EXPECT_EQ(started->incarnation, 42U);
}

TEST_F(RequestTest, StartLeavesAbsentTimesToTheDaemon) {
  daemon_.answer(RequestBody::start, [](FakeDaemon::Call& call) {
    const control::Start& start = *call.request.body_as_start();
    EXPECT_EQ(start.runner_as_exec()->argv()->size(), 2U);
    EXPECT_FALSE(start.grace_period_ms().has_value());
    EXPECT_FALSE(start.inactivity_ms().has_value());
    call.reply.body.Set(control::StartReplyT());
  });
  EXPECT_TRUE(client_.start("ada", {.runner = ExecRunner{.argv = {"cat", "file"}, .working_directory = {}}}));
}

TEST_F(RequestTest, CommandsNameTheirAgentAndBringBackWhatWasSaid) {
  control::ExecuteReplyT run;
  run.run = 9;
  daemon_.answer(RequestBody::execute, say(run));
  control::SendReplyT message;
  message.message_id = "m-1";
  message.queued = true;
  daemon_.answer(RequestBody::send, say(message));
  EXPECT_EQ(client_.execute("ada").value(), 9U);
  const Sent sent = client_.send("ada", "hello").value();
  EXPECT_EQ(sent.message_id, "m-1");
  EXPECT_TRUE(sent.queued);
  EXPECT_TRUE(client_.cancel("ada"));
  EXPECT_TRUE(client_.touch("ada"));
  EXPECT_TRUE(client_.stop("ada"));
  for (const RequestBody kind : {RequestBody::cancel, RequestBody::touch, RequestBody::stop})
    EXPECT_EQ(daemon_.count(kind), 1U);
}

TEST_F(RequestTest, AnAnswerNamesItsInterruptAndBringsBackTheRunThatGoesOnWithIt) {
  daemon_.answer(RequestBody::resume, [](FakeDaemon::Call& call) {
    const control::Resume& resume = *call.request.body_as_resume();
    EXPECT_EQ(resume.agent_id()->string_view(), "ada");
    EXPECT_EQ(resume.interrupt_id()->string_view(), "i-1");
    const auto* answer = resume.answer()->data_as_question();
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(answer->selected()->Get(0)->string_view(), "yes");
    control::ResumeReplyT reply;
    reply.run = 4;
    call.reply.body.Set(reply);
  });
  events::QuestionAnswerT yes;
  yes.selected = {"yes"};
  events::AnswerT answer;
  answer.data.Set(yes);
  EXPECT_EQ(client_.resume("ada", "i-1", answer).value(), 4U);
}

TEST_F(RequestTest, ADismissalNamesItsHalt) {
  daemon_.answer(RequestBody::dismiss, [](FakeDaemon::Call& call) {
    EXPECT_EQ(call.request.body_as_dismiss()->agent_id()->string_view(), "ada");
    EXPECT_EQ(call.request.body_as_dismiss()->interrupt_id()->string_view(), "i-1");
    call.reply.body.Set(control::OkT());
  });
  EXPECT_TRUE(client_.dismiss("ada", "i-1"));
}

TEST_F(RequestTest, OneAgentCanBeFound) {
  daemon_.answer(RequestBody::find, [](FakeDaemon::Call& call) {
    control::FindReplyT reply;
    reply.agent = std::make_unique<control::AgentInfoT>();
    reply.agent->agent_id = call.request.body_as_find()->agent_id()->str();
    reply.agent->status = events::AgentStatus::paused;
    reply.agent->viewers = 3;
    reply.agent->grace_period_ms = 5'000;
    reply.agent->grace_ends_at = 1'700'000'000'000'000'000;
    call.reply.body.Set(std::move(reply));
  });
  const AgentInfo found = client_.find("ada").value();
  EXPECT_EQ(found.agent_id, "ada");
  EXPECT_EQ(found.status, events::AgentStatus::paused);
  EXPECT_EQ(found.viewers, 3U);
  EXPECT_EQ(found.grace_period, std::chrono::seconds(5));
  EXPECT_EQ(found.grace_ends_at, 1'700'000'000'000'000'000);
}

TEST_F(RequestTest, AGracePeriodOfAgesIsNoShorterForBeingTooLongToTell) {
  daemon_.answer(RequestBody::find, [](FakeDaemon::Call& call) {
    control::FindReplyT reply;
    reply.agent = std::make_unique<control::AgentInfoT>();
    reply.agent->agent_id = "ada";
    reply.agent->grace_period_ms = std::numeric_limits<std::uint64_t>::max();
    call.reply.body.Set(std::move(reply));
  });
  const AgentInfo found = client_.find("ada").value();
  ASSERT_TRUE(found.grace_period);
  EXPECT_GT(*found.grace_period, std::chrono::years(290));
  EXPECT_GT(std::chrono::nanoseconds(*found.grace_period).count(), 0);
  EXPECT_FALSE(found.grace_ends_at);
}

TEST_F(RequestTest, EachRefusalIsACauseOfItsOwn) {
  const std::vector<std::pair<control::ErrorCode, RequestFault>> causes = {
      {control::ErrorCode::not_allowed, RequestFault::not_allowed},
      {control::ErrorCode::no_such_agent, RequestFault::no_such_agent},
      {control::ErrorCode::not_running, RequestFault::not_running},
      {control::ErrorCode::invalid_in_status, RequestFault::invalid_in_status},
      {control::ErrorCode::stopping, RequestFault::stopping},
      {control::ErrorCode::no_such_interrupt, RequestFault::no_such_interrupt},
      {control::ErrorCode::already_answered, RequestFault::already_answered},
      {control::ErrorCode::bad_answer, RequestFault::bad_answer},
      {control::ErrorCode::queue_full, RequestFault::queue_full},
      {control::ErrorCode::internal, RequestFault::refused}};
  for (const auto& [code, fault] : causes) {
    daemon_.answer(RequestBody::send, refuse(code));
    const auto sent = client_.send("ada", "hello");
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().fault, fault);
    EXPECT_EQ(sent.error().message, control::EnumNameErrorCode(code));
  }
}

TEST_F(RequestTest, WhatIsNoAgentsIdIsNotSent) {
  for (const char* id : {"", "presence", "debug:x", "\xff"}) {
    EXPECT_EQ(client_.stop(id).error().fault, RequestFault::bad_input);
    EXPECT_EQ(client_.send(id, "text").error().fault, RequestFault::bad_input);
    EXPECT_EQ(client_.resume(id, "i", {}).error().fault, RequestFault::bad_input);
    EXPECT_EQ(client_.dismiss(id, "i").error().fault, RequestFault::bad_input);
    EXPECT_EQ(client_.find(id).error().fault, RequestFault::bad_input);
    EXPECT_EQ(client_.publish(id, std::span<const std::byte>()).error().fault, RequestFault::bad_input);
  }
}

TEST_F(RequestTest, TextThatIsNotUtf8IsTheCallersErrorAndHarmsNobody) {
  EXPECT_EQ(client_.send("ada", "\xc3\x28").error().fault, RequestFault::bad_input);
  EXPECT_TRUE(client_.cancel("ada"));
}

TEST_F(RequestTest, WhatDoesNotFitAFrameIsRefusedWithBothSizes) {
  const auto sent = client_.send("ada", std::string(70'000, 'a'));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().fault, RequestFault::too_large);
  EXPECT_NE(sent.error().message.find("65536"), std::string::npos) << sent.error().message;
}

TEST_F(RequestTest, AnAnswerToSomethingElseIsAProtocolError) {
  daemon_.answer(RequestBody::send, say(control::OkT()));
  EXPECT_EQ(client_.send("ada", "hello").error().fault, RequestFault::protocol);
}

TEST_F(RequestTest, AnAnswerThatIsNotUnderstoodIsAnErrorOfThatRequestOnly) {
  daemon_.answer(RequestBody::send, [](FakeDaemon::Call& call) { call.reply.id = 0; });
  daemon_.answer(RequestBody::cancel, [](FakeDaemon::Call& call) {
    call.reply.body.Set(control::OkT());
    call.raw.clear();
  });
  Client hasty = connect(std::chrono::milliseconds(50));
  EXPECT_EQ(hasty.send("ada", "hello").error().fault, RequestFault::timeout);
  EXPECT_TRUE(hasty.cancel("ada"));
}

TEST_F(RequestTest, NoAnswerIsATimeoutAndTheNextRequestIsAnswered) {
  daemon_.answer(RequestBody::send, [](FakeDaemon::Call& call) { call.silent = true; });
  Client hasty = connect(std::chrono::milliseconds(50));
  EXPECT_EQ(hasty.send("ada", "hello").error().fault, RequestFault::timeout);
  EXPECT_FALSE(hasty.daemon_gone());
  EXPECT_TRUE(hasty.cancel("ada"));
}

TEST_F(RequestTest, ASubscriptionThatWasGrantedTooLateIsGivenBack) {
  std::atomic<bool> timed_out{false};
  daemon_.answer(RequestBody::subscribe, [&timed_out](FakeDaemon::Call&) {
    while (!timed_out)
      std::this_thread::yield();
  });
  Client hasty = connect(std::chrono::milliseconds(50));
  EXPECT_EQ(hasty.subscribe("topic").error().fault, RequestFault::timeout);
  timed_out = true;
  daemon_.wait_for(RequestBody::unsubscribe, 1);
  EXPECT_EQ(daemon_.topic("topic").writer().subscriber_count(), 0U);
}

TEST_F(RequestTest, AnEntryThatWasTrackedTooLateIsUntracked) {
  std::atomic<bool> timed_out{false};
  daemon_.answer(RequestBody::track, [&timed_out](FakeDaemon::Call&) {
    while (!timed_out)
      std::this_thread::yield();
  });
  Client hasty = connect(std::chrono::milliseconds(50));
  EXPECT_EQ(hasty.track("topic", "key").error().fault, RequestFault::timeout);
  timed_out = true;
  daemon_.wait_for(RequestBody::untrack, 1);
  EXPECT_EQ(daemon_.presence_ref("topic", "key"), 0U);
}

TEST_F(RequestTest, TheEndOfTheDaemonEndsWhatWaitsAndWhatComes) {
  daemon_.answer(RequestBody::send, [](FakeDaemon::Call& call) { call.hang_up = true; });
  EXPECT_EQ(client_.send("ada", "hello").error().fault, RequestFault::daemon_gone);
  EXPECT_TRUE(client_.daemon_gone());
  EXPECT_EQ(client_.cancel("ada").error().fault, RequestFault::daemon_gone);
  EXPECT_EQ(client_.subscribe("topic").error().fault, RequestFault::daemon_gone);
  EXPECT_EQ(client_.track("topic", "key").error().fault, RequestFault::daemon_gone);
  EXPECT_EQ(client_.list_agents().error().fault, RequestFault::daemon_gone);
}

TEST_F(RequestTest, ManyThreadsGetTheirOwnAnswers) {
  daemon_.answer(RequestBody::send, [](FakeDaemon::Call& call) {
    control::SendReplyT reply;
    reply.message_id = call.request.body_as_send()->text()->str();
    call.reply.body.Set(std::move(reply));
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string text = std::to_string(t) + "." + std::to_string(i);
        EXPECT_EQ(client_.send("ada", text).value().message_id, text);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
}

TEST_F(RequestTest, TheListOfAgentsIsJoinedFromItsPages) {
  daemon_.answer(RequestBody::list, [](FakeDaemon::Call& call) {
    const auto* after = call.request.body_as_list()->after();
    const int page = after == nullptr || after->size() == 0 ? 0 : after->str().back() - '0';
    control::ListReplyT reply;
    for (int i = page + 1; i <= page + 2; ++i) {
      auto agent = std::make_unique<control::AgentInfoT>();
      agent->agent_id = "agent" + std::to_string(i);
      agent->viewers = static_cast<std::uint32_t>(i);
      reply.agents.push_back(std::move(agent));
    }
    reply.more = page < 4;
    call.reply.body.Set(std::move(reply));
  });
  const auto agents = client_.list_agents();
  ASSERT_TRUE(agents) << agents.error().message;
  ASSERT_EQ(agents->size(), 6U);
  EXPECT_EQ(agents->front().agent_id, "agent1");
  EXPECT_EQ(agents->back().agent_id, "agent6");
  EXPECT_EQ(agents->back().viewers, 6U);
}

TEST_F(RequestTest, AListThatDoesNotComeToAnEndIsRefused) {
  daemon_.answer(RequestBody::list, [](FakeDaemon::Call& call) {
    control::ListReplyT reply;
    auto agent = std::make_unique<control::AgentInfoT>();
    agent->agent_id = "the same again";
    reply.agents.push_back(std::move(agent));
    reply.more = true;
    call.reply.body.Set(std::move(reply));
  });
  EXPECT_EQ(client_.list_agents().error().fault, RequestFault::protocol);
}

TEST_F(RequestTest, PublishSendsAllEventsInOneFrame) {
  const schema::EventBuffer one = test::text_event("one");
  const schema::EventBuffer two = test::text_event("two");
  daemon_.answer(RequestBody::publish, [&](FakeDaemon::Call& call) {
    const control::Publish& publish = *call.request.body_as_publish();
    control::PublishReplyT reply;
    reply.first_sequence = 10;
    reply.count = publish.events()->size();
    const auto same = [](std::uint8_t a, std::byte b) { return std::byte{a} == b; };
    EXPECT_TRUE(std::ranges::equal(*publish.events()->Get(0)->bytes(), one.bytes(), same));
    call.reply.body.Set(std::move(reply));
  });
  EXPECT_EQ(client_.publish("ada", one.bytes()).value().count, 1U);
  const std::vector<std::span<const std::byte>> batch = {one.bytes(), two.bytes()};
  const auto published = client_.publish("ada", batch);
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(published->first_sequence, 10U);
  EXPECT_EQ(published->count, 2U);
}

TEST_F(RequestTest, PublishEncodesEventsOfTheObjectApi) {
  daemon_.answer(RequestBody::publish, [&](FakeDaemon::Call& call) {
    const auto* bytes = call.request.body_as_publish()->events()->Get(0)->bytes();
    const auto* event = flatbuffers::GetRoot<events::Event>(bytes->data());
    EXPECT_EQ(event->payload_as_custom()->name()->str(), "ping");
    call.reply.body.Set(control::PublishReplyT());
  });
  events::CustomT custom;
  custom.name = "ping";
  events::EventT event;
  event.payload.Set(std::move(custom));
  EXPECT_TRUE(client_.publish("ada", event));
  EXPECT_EQ(client_.publish("ada", events::EventT()).error().fault, RequestFault::bad_input);
  EXPECT_EQ(client_.publish("ada", std::span<const events::EventT>()).error().fault, RequestFault::bad_input);
}

}  // namespace
}  // namespace ringside
