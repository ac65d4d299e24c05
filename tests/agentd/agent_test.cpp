// SPDX-License-Identifier: Apache-2.0
//
// The statuses of an agent and its runs: the table of the specification, section 5.
#include "agentd/agent.hpp"

#include <gtest/gtest.h>

#include "tests/agentd/agent_world.hpp"
#include "tests/agentd/interrupt_samples.hpp"

namespace ringside::agentd::testing {
namespace {

using control::ErrorCode;
using events::AgentStatus;
using Said = std::vector<std::string>;

// 10,000 agents at once: the whole agent, with no heap beside it while no message waits and nobody was asked.
static_assert(sizeof(Agent) <= 256);

/// An agent that has been brought to `status`, with nothing left to say.
struct InStatus : AgentWorld {
  explicit InStatus(AgentStatus status) {
    agent.start(1, now());
    if (status != AgentStatus::idle) {
      EXPECT_TRUE(agent.execute(now()));
    }
    if (status == AgentStatus::cancelled) {
      EXPECT_TRUE(agent.cancel(now()));
      finish(RunEnd::cancelled);
    }
    if (status == AgentStatus::error) finish(RunEnd::error);
    if (status == AgentStatus::paused) finish(RunEnd::paused);
    if (status == AgentStatus::interrupted) interrupt(question("i1"));
    EXPECT_EQ(agent.status(), status);
    published();
  }
};

constexpr AgentStatus resting[] = {AgentStatus::idle, AgentStatus::paused, AgentStatus::cancelled,
                                   AgentStatus::error};

TEST(AgentStart, PublishesItsStatusOnceAndThenTheTodosThatItStartsWith) {
  AgentWorld world;
  world.agent.start(0, world.now());
  EXPECT_EQ(world.published(), (Said{"status idle", "todos_updated"}));
  const auto& todos = *world.events.back()->payload.Astodos_updated();
  EXPECT_TRUE(todos.todos.empty());
  EXPECT_EQ(todos.reason, events::TodosReason::restored);
  EXPECT_EQ(world.agent.started_at_ns(), world.now().wall_ns);
  world.agent.start(0, world.now());
  EXPECT_EQ(world.published(), Said{});
}

TEST(AgentStart, StampsEveryEventWithItsLifeAndRun) {
  AgentWorld world;
  world.agent.start(0, world.now());
  ASSERT_TRUE(world.agent.send("hello", world.now()));
  for (const auto& event : world.events)
    EXPECT_EQ(event->incarnation, incarnation);
  EXPECT_EQ(world.events[0]->run, 0u);
  EXPECT_EQ(world.events[2]->run, 1u);
  EXPECT_EQ(world.events[3]->run, 1u);
}

TEST(AgentTable, ExecuteRunsAnIdleAgent) {
  InStatus world(AgentStatus::idle);
  const auto run = world.agent.execute(world.now());
  ASSERT_TRUE(run);
  EXPECT_EQ(world.published(), Said{"status running"});
  EXPECT_EQ(world.runs_begun, std::vector<std::uint64_t>{*run});
  ASSERT_EQ(world.started.size(), 1u);
  EXPECT_EQ(world.started[0].run, *run);
  EXPECT_EQ(world.started[0].incarnation, incarnation);
  EXPECT_FALSE(world.started[0].message);
}

TEST(AgentTable, ExecuteIsAnErrorInEveryStatusButIdle) {
  for (const auto status : {AgentStatus::running, AgentStatus::interrupted, AgentStatus::paused,
                            AgentStatus::cancelled, AgentStatus::error}) {
    InStatus world(status);
    const auto run = world.agent.execute(world.now());
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code, ErrorCode::invalid_in_status);
    EXPECT_EQ(world.agent.status(), status);
    EXPECT_EQ(world.published(), Said{});
  }
}

TEST(AgentTable, AUserMessageIsPublishedAndRunsAnAgentThatRests) {
  for (const auto status : resting) {
    InStatus world(status);
    const auto sent = world.agent.send("hello", world.now());
    ASSERT_TRUE(sent);
    EXPECT_EQ(world.published(), (Said{"llm_message", "status running"}));
    const auto& message = *world.events[world.events.size() - 2]->payload.Asllm_message()->message;
    EXPECT_EQ(message.id, sent->message_id);
    EXPECT_EQ(message.role, events::Role::user);
    ASSERT_EQ(message.content.size(), 1u);
    EXPECT_EQ(message.content[0]->content, "hello");
    EXPECT_EQ(world.started.back().run, sent->run);
    EXPECT_EQ(world.started.back().message->id, sent->message_id);
    EXPECT_EQ(world.started.back().message->text, "hello");
  }
}

TEST(AgentTable, AUserMessageWaitsWhileRunning) {
  InStatus world(AgentStatus::running);
  const auto sent = world.agent.send("hello", world.now());
  ASSERT_TRUE(sent);
  EXPECT_TRUE(sent->queued);
  EXPECT_EQ(world.agent.status(), AgentStatus::running);
  EXPECT_EQ(world.published(), Said{"message_queued"});
}

TEST(AgentTable, AUserMessageSupersedesAnInterruptAndRuns) {
  InStatus world(AgentStatus::interrupted);
  ASSERT_TRUE(world.agent.send("hello", world.now()));
  EXPECT_EQ(world.published(), (Said{"llm_message", "status idle", "status running"}));
}

TEST(AgentTable, AnAnswerRunsAnInterruptedAgentAndIsAnErrorInEveryOtherStatus) {
  InStatus interrupted(AgentStatus::interrupted);
  ASSERT_TRUE(interrupted.agent.resume("i1", selected({"a"}), interrupted.now()));
  EXPECT_EQ(interrupted.agent.status(), AgentStatus::running);
  for (const auto status : {AgentStatus::idle, AgentStatus::running, AgentStatus::paused,
                            AgentStatus::cancelled, AgentStatus::error}) {
    InStatus world(status);
    const auto run = world.agent.resume("i1", selected({"a"}), world.now());
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code, ErrorCode::invalid_in_status);
    EXPECT_EQ(world.agent.status(), status);
    EXPECT_EQ(world.published(), Said{});
  }
}

TEST(AgentTable, ADismissalMakesAHaltedAgentIdleAndIsAnErrorInEveryOtherStatus) {
  InStatus halted(AgentStatus::running);
  halted.interrupt(halt("i1"));
  ASSERT_TRUE(halted.agent.dismiss("i1", halted.now()));
  EXPECT_EQ(halted.agent.status(), AgentStatus::idle);
  for (const auto status : {AgentStatus::idle, AgentStatus::running, AgentStatus::interrupted,
                            AgentStatus::paused, AgentStatus::cancelled, AgentStatus::error}) {
    InStatus world(status);
    EXPECT_FALSE(world.agent.dismiss("i1", world.now()));
    EXPECT_EQ(world.agent.status(), status);
    EXPECT_EQ(world.published(), Said{});
  }
}

TEST(AgentTable, CancelEndsARunAsCancelledOnceTheRunnerHasWoundUp) {
  InStatus world(AgentStatus::running);
  ASSERT_TRUE(world.agent.cancel(world.now()));
  EXPECT_EQ(world.cancelled, std::vector<std::uint64_t>{1});
  EXPECT_EQ(world.agent.status(), AgentStatus::running);
  EXPECT_EQ(world.published(), Said{});
  world.finish(RunEnd::cancelled);
  EXPECT_EQ(world.published(), Said{"status cancelled"});
}

TEST(AgentTable, CancelIsAnErrorWhereNothingRuns) {
  for (const auto status : {AgentStatus::idle, AgentStatus::interrupted, AgentStatus::paused,
                            AgentStatus::cancelled, AgentStatus::error}) {
    InStatus world(status);
    const auto done = world.agent.cancel(world.now());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::invalid_in_status);
    EXPECT_EQ(world.agent.status(), status);
  }
}

TEST(AgentCancel, OnceAcceptedDecidesTheEndHoweverTheRunEnds) {
  for (const auto end :
       {RunEnd::idle, RunEnd::cancelled, RunEnd::error, RunEnd::interrupted, RunEnd::paused}) {
    InStatus world(AgentStatus::running);
    ASSERT_TRUE(world.agent.cancel(world.now()));
    world.finish(end);
    EXPECT_EQ(world.published(), Said{"status cancelled"});
  }
}

TEST(AgentCancel, TwiceIsToldToTheRunnerOnce) {
  InStatus world(AgentStatus::running);
  ASSERT_TRUE(world.agent.cancel(world.now()));
  ASSERT_TRUE(world.agent.cancel(world.now()));
  EXPECT_EQ(world.cancelled.size(), 1u);
}

TEST(AgentCancel, DoesNotWaitForARunnerThatNeverWindsUp) {
  InStatus world(AgentStatus::running);
  ASSERT_TRUE(world.agent.cancel(world.now()));
  world.pass(4'999);
  EXPECT_EQ(world.agent.status(), AgentStatus::running);
  ASSERT_TRUE(world.agent.cancel(world.now()));  // gives it no more time
  world.pass(1);
  EXPECT_EQ(world.published(), Said{"status cancelled"});
  // What the run says from now on is dropped by its number.
  EXPECT_EQ(world.runs_begun, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(world.events.back()->run, 2u);
  world.finish_run(1, RunEnd::error);
  EXPECT_EQ(world.published(), Said{});
}

TEST(AgentRun, EndsInIdle) {
  InStatus world(AgentStatus::running);
  world.finish(RunEnd::idle);
  EXPECT_EQ(world.published(), Said{"status idle"});
}

TEST(AgentRun, ThatPausesWaitsForAMessage) {
  InStatus world(AgentStatus::running);
  world.finish(RunEnd::paused);
  EXPECT_EQ(world.published(), Said{"status paused"});
  EXPECT_TRUE(world.agent.send("go on", world.now()));
}

TEST(AgentRun, ThatCancelsItselfEndsInCancelled) {
  InStatus world(AgentStatus::running);
  world.finish(RunEnd::cancelled);
  EXPECT_EQ(world.published(), Said{"status cancelled"});
}

TEST(AgentRun, ThatFailsSaysChainErrorBeforeTheStatusAndBothNameTheError) {
  InStatus world(AgentStatus::running);
  world.finish(RunEnd::error, "no such model");
  EXPECT_EQ(world.published(), (Said{"chain_error", "status error"}));
  EXPECT_EQ(world.events[world.events.size() - 2]->payload.Aschain_error()->error->message, "no such model");
  EXPECT_EQ(world.events.back()->payload.Asstatus_changed()->error->message, "no such model");
}

TEST(AgentRun, ThatFailsWithoutAWordStillHasAnError) {
  InStatus world(AgentStatus::running);
  world.agent.run_finished(1, {.end = RunEnd::error, .error = std::nullopt}, world.now());
  EXPECT_FALSE(world.events.back()->payload.Asstatus_changed()->error->message.empty());
}

TEST(AgentRun, ThatIsSupersededReportsInVain) {
  InStatus world(AgentStatus::running);
  world.finish(RunEnd::idle);
  ASSERT_TRUE(world.agent.send("again", world.now()));
  world.published();
  world.finish_run(1, RunEnd::error);
  world.finish_run(3, RunEnd::idle);
  EXPECT_EQ(world.agent.status(), AgentStatus::running);
  EXPECT_EQ(world.published(), Said{});
}

TEST(AgentRun, ReportsItsEndOnce) {
  InStatus world(AgentStatus::running);
  world.finish(RunEnd::idle);
  world.published();
  world.finish(RunEnd::error);
  EXPECT_EQ(world.agent.status(), AgentStatus::idle);
  EXPECT_EQ(world.published(), Said{});
}

TEST(AgentMessage, ThatTheTopicRefusesRunsNothing) {
  InStatus world(AgentStatus::idle);
  world.refuse_next = Refusal{ErrorCode::event_too_large, "too large"};
  const auto sent = world.agent.send("hello", world.now());
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::event_too_large);
  EXPECT_EQ(world.agent.status(), AgentStatus::idle);
  EXPECT_TRUE(world.started.empty());
  EXPECT_EQ(world.published(), Said{});
  EXPECT_TRUE(world.agent.send("shorter", world.now()));
}

TEST(AgentMessage, HasAnIdThatNoOtherMessageHas) {
  InStatus world(AgentStatus::idle);
  const auto first = world.agent.send("hello", world.now());
  world.finish(RunEnd::idle);
  const auto second = world.agent.send("hello", world.now());
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->message_id, second->message_id);
}

TEST(Agent, IsNotRunningBeforeItsStart) {
  AgentWorld world;
  EXPECT_EQ(world.agent.execute(world.now()).error().code, ErrorCode::not_running);
  EXPECT_EQ(world.agent.stop(world.now()).error().code, ErrorCode::not_running);
  world.agent.deadline_reached(world.now());
  world.agent.viewers_changed(1, world.now());
  world.agent.runner_ended(RunnerExit::crashed, "", world.now());
  EXPECT_TRUE(world.events.empty());
}

}  // namespace
}  // namespace ringside::agentd::testing
