// SPDX-License-Identifier: Apache-2.0
//
// Interrupts, and who has the last word on one: the specification, sections 3 and 5.
#include <gtest/gtest.h>

#include "agentd/agent.hpp"
#include "tests/agentd/agent_world.hpp"
#include "tests/agentd/interrupt_samples.hpp"

namespace ringside::agentd::testing {
namespace {

using control::ErrorCode;
using events::AgentStatus;
using events::ShutdownReason;
using Said = std::vector<std::string>;

/// An agent whose run has been interrupted.
struct Interrupted : Life {
  explicit Interrupted(events::InterruptT interrupt = approval("i1"), AgentOptions options = {})
      : Life(std::move(options)) {
    raise(std::move(interrupt));
  }
  /// By a run of its own.
  void raise(events::InterruptT interrupt) {
    if (agent.status() != AgentStatus::running) {
      EXPECT_TRUE(agent.send("go on", now()));
    }
    this->interrupt(std::move(interrupt));
    published();
  }
  const events::StatusChangedT& last_status() const { return *events.back()->payload.Asstatus_changed(); }
};

// ---------------------------------------------------------------------------------------------- raising

TEST(Interrupt, IsToldWithTheStatusAsItsRunnerGaveIt) {
  Interrupted world(approval("i1", 2));
  EXPECT_EQ(world.agent.status(), AgentStatus::interrupted);
  ASSERT_NE(world.last_status().interrupt, nullptr);
  EXPECT_EQ(world.last_status().interrupt->id, "i1");
  EXPECT_EQ(world.last_status().interrupt->data.Asapproval()->requests.size(), 2u);
}

TEST(Interrupt, WithoutAnIdGetsOneThatNoOtherOfItsLifeHas) {
  Interrupted world(question(""));
  const std::string first = world.last_status().interrupt->id;
  EXPECT_FALSE(first.empty());
  world.raise(question("interrupt-7-3"));  // as the agent would have called its next
  world.raise(question(""));
  const std::string third = world.last_status().interrupt->id;
  EXPECT_NE(third, first);
  EXPECT_NE(third, "interrupt-7-3");
  EXPECT_TRUE(world.agent.resume(third, selected({"a"}), world.now()));
}

TEST(Interrupt, UnderAnIdOfItsLifeThatWasUsedIsAnErrorOfTheRun) {
  for (const bool answered : {true, false}) {
    Interrupted world(question("i1"));
    if (answered) {
      ASSERT_TRUE(world.agent.resume("i1", selected({"a"}), world.now()));
    } else {
      ASSERT_TRUE(world.agent.send("no", world.now()));
    }
    world.published();
    world.interrupt(question("i1"));
    EXPECT_EQ(world.published(), (Said{"chain_error", "status error"}));
    EXPECT_EQ(world.last_status().error->type, "bad_interrupt");
    EXPECT_NE(world.last_status().error->message.find("\"i1\""), std::string::npos);
  }
}

TEST(Interrupt, ByNothingOrByWhatBreaksTheRulesIsAnErrorOfTheRun) {
  const auto error_of = [](std::shared_ptr<const events::InterruptT> raised) {
    Life life(AgentOptions{});
    EXPECT_TRUE(life.agent.execute(life.now()));
    life.published();
    life.agent.run_finished(1, {.end = RunEnd::interrupted, .interrupt = std::move(raised)}, life.now());
    EXPECT_EQ(life.published(), (Said{"chain_error", "status error"}));
    return life.events.back()->payload.Asstatus_changed()->error->message;
  };
  EXPECT_EQ(error_of(nullptr), "the run was interrupted and did not say by what");
  EXPECT_EQ(error_of(std::make_shared<events::InterruptT>()),
            "the run was interrupted and did not say by what");
  EXPECT_EQ(error_of(std::make_shared<events::InterruptT>(question(std::string(201, 'x')))),
            "the run's interrupt has an id of 201 bytes: 200 are allowed");
  EXPECT_EQ(error_of(std::make_shared<events::InterruptT>(approval("i1", 0))),
            "the run's interrupt is not usable: status_changed.interrupt.data.requests must not be empty");
  EXPECT_NE(error_of(std::make_shared<events::InterruptT>(question("\xff"))).find("UTF-8"),
            std::string::npos);
}

TEST(Interrupt, ThatTheTopicRefusesFailsTheRunThatNobodyCouldAnswer) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  life.published();
  life.refuse_next = Refusal{ErrorCode::event_too_large, "too large"};
  life.interrupt(question("i1"));
  EXPECT_EQ(life.published(), (Said{"chain_error", "status error"}));
}

TEST(Interrupt, OfACancelledRunIsNotRaised) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  ASSERT_TRUE(life.agent.cancel(life.now()));
  life.published();
  life.interrupt(question("i1"));
  EXPECT_EQ(life.published(), Said{"status cancelled"});
  EXPECT_EQ(life.agent.resume("i1", selected({"a"}), life.now()).error().code, ErrorCode::invalid_in_status);
}

// -------------------------------------------------------------------------------------------- answering

TEST(Resume, StartsARunThatGoesOnWithTheAnswer) {
  Interrupted world(question("i1"));
  const auto run = world.agent.resume("i1", selected({"b"}), world.now());
  ASSERT_TRUE(run);
  EXPECT_EQ(world.published(), Said{"status running"});
  const RunRequest& started = world.started.back();
  EXPECT_EQ(started.run, *run);
  EXPECT_EQ(started.incarnation, incarnation);
  EXPECT_FALSE(started.message);
  ASSERT_TRUE(started.answer);
  EXPECT_EQ(started.answer->interrupt_id, "i1");
  EXPECT_EQ(started.answer->answer->data.Asquestion()->selected, std::vector<std::string>{"b"});
}

TEST(Resume, RefusesWhatIsNoAnswerAndTheInterruptWaitsOn) {
  Interrupted world(question("i1"));
  const auto refused = world.agent.resume("i1", selected({"c"}), world.now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::bad_answer);
  EXPECT_EQ(refused.error().message,
            "no answer to interrupt \"i1\" of agent \"ada\": question.selected[0]: \"c\" is none of its "
            "options: a, b");
  EXPECT_EQ(world.published(), Said{});
  EXPECT_TRUE(world.agent.resume("i1", selected({"a"}), world.now()));
}

TEST(Resume, ASecondTimeIsToldThatSomebodyWasFaster) {
  Interrupted world(question("i1"));
  ASSERT_TRUE(world.agent.resume("i1", selected({"a"}), world.now()));
  EXPECT_EQ(world.agent.resume("i1", selected({"b"}), world.now()).error().code, ErrorCode::already_answered);
  world.finish(RunEnd::idle);
  EXPECT_EQ(world.agent.resume("i1", selected({"b"}), world.now()).error().code, ErrorCode::already_answered);
  world.raise(question("i2"));
  EXPECT_EQ(world.agent.resume("i1", selected({"b"}), world.now()).error().code, ErrorCode::already_answered);
  EXPECT_EQ(world.agent.status(), AgentStatus::interrupted);
}

TEST(Resume, NeverMatchesAnotherInterrupt) {
  Interrupted world(several("i1", {question("inner")}));
  for (const char* other : {"i2", "inner", ""}) {
    const auto refused = world.agent.resume(other, several(Answers{selected({"a"})}), world.now());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::no_such_interrupt);
    EXPECT_NE(refused.error().message.find("it waits for an answer to \"i1\""), std::string::npos);
  }
  EXPECT_EQ(world.published(), Said{});
}

TEST(Resume, OfASupersededInterruptFindsItGone) {
  Interrupted world(question("i1"));
  ASSERT_TRUE(world.agent.send("never mind", world.now()));
  const auto refused = world.agent.resume("i1", selected({"a"}), world.now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::no_such_interrupt);
  EXPECT_NE(refused.error().message.find("superseded"), std::string::npos);
}

TEST(Resume, RemembersTheLastThousandInterrupts) {
  Interrupted world(question("i0"));
  for (std::size_t i = 1; i <= InterruptHistory::remembered_max; ++i) {
    const std::string last = "i" + std::to_string(i - 1);
    ASSERT_TRUE(world.agent.resume(last, selected({"a"}), world.now()));
    world.raise(question("i" + std::to_string(i)));
  }
  EXPECT_EQ(world.agent.resume("i1", selected({"a"}), world.now()).error().code, ErrorCode::already_answered);
  EXPECT_EQ(world.agent.resume("i0", selected({"a"}), world.now()).error().code,
            ErrorCode::no_such_interrupt);
}

TEST(Resume, CountsAsActivity) {
  Interrupted world(question("i1"), unwatched(1'000));
  world.pass(900);
  const std::int64_t before = world.agent.last_activity_at_ns();
  EXPECT_FALSE(world.agent.resume("i1", {}, world.now()));
  EXPECT_EQ(world.agent.last_activity_at_ns(), before);  // what is refused does not count
  ASSERT_TRUE(world.agent.resume("i1", selected({"a"}), world.now()));
  EXPECT_EQ(world.agent.last_activity_at_ns(), world.now().wall_ns);
}

// ------------------------------------------------------------------------------------------- dismissing

TEST(Dismiss, PutsAHaltAside) {
  Interrupted world(halt("i1"));
  EXPECT_EQ(world.agent.resume("i1", {}, world.now()).error().code, ErrorCode::bad_answer);
  ASSERT_TRUE(world.agent.dismiss("i1", world.now()));
  EXPECT_EQ(world.published(), Said{"status idle"});
  EXPECT_EQ(world.agent.dismiss("i1", world.now()).error().code, ErrorCode::already_answered);
  EXPECT_TRUE(world.agent.execute(world.now()));
}

TEST(Dismiss, IsAnErrorForAnythingThatAsksForAnAnswer) {
  for (const auto& interrupt : {approval("i1"), question("i1"), of_subagent("i1", question("j")),
                                several("i1", {halt("j"), question("k")})}) {
    Interrupted world(interrupt);
    EXPECT_EQ(world.agent.dismiss("i1", world.now()).error().code, ErrorCode::bad_answer);
    EXPECT_EQ(world.agent.status(), AgentStatus::interrupted);
    EXPECT_EQ(world.published(), Said{});
  }
}

TEST(Dismiss, NamesTheHaltThatItMeans) {
  Interrupted world(halt("i1"));
  EXPECT_EQ(world.agent.dismiss("i2", world.now()).error().code, ErrorCode::no_such_interrupt);
  EXPECT_EQ(world.agent.status(), AgentStatus::interrupted);
}

TEST(Dismiss, StartsTheGracePeriodAnew) {
  Interrupted world(halt("i1"), watched());
  world.pass(60'000);  // an interrupted agent is not idle
  ASSERT_TRUE(world.agent.dismiss("i1", world.now()));
  world.pass(4'999);
  EXPECT_FALSE(world.closed);
  world.pass(1);
  EXPECT_EQ(world.closed, ShutdownReason::no_viewers);
}

// ------------------------------------------------------------------------------------------ superseding

TEST(Supersede, AUserMessageGoesThroughIdleAndRuns) {
  Interrupted world(question("i1"));
  const auto sent = world.agent.send("never mind", world.now());
  ASSERT_TRUE(sent);
  EXPECT_FALSE(sent->queued);
  EXPECT_EQ(world.published(), (Said{"llm_message", "status idle", "status running"}));
  EXPECT_EQ(world.started.back().message->id, sent->message_id);
  EXPECT_FALSE(world.started.back().answer);
}

TEST(Supersede, CancelsTheCallsThatWaitedForThePerson) {
  Interrupted world(approval("i1"));
  world.call_open = true;
  ASSERT_TRUE(world.agent.send("never mind", world.now()));
  EXPECT_EQ(world.published(), (Said{"llm_message", "call cancelled", "status idle", "status running"}));
}

TEST(Supersede, ByAMessageThatTheTopicRefusesDoesNotHappen) {
  Interrupted world(approval("i1"));
  world.call_open = true;
  world.refuse_next = Refusal{ErrorCode::no_space, "no room"};
  EXPECT_EQ(world.agent.send("never mind", world.now()).error().code, ErrorCode::no_space);
  EXPECT_EQ(world.published(), Said{});
  EXPECT_EQ(world.agent.run(), 2u) << "the number is used up";
  EXPECT_EQ(world.agent.resume("i1", approve(), world.now()), 3u);
}

// -------------------------------------------------------------------------------------------- open calls

TEST(OpenCalls, AnAnsweredInterruptGoesOnWithThem) {
  Interrupted world(approval("i1"));
  world.call_open = true;
  ASSERT_TRUE(world.agent.resume("i1", approve(), world.now()));
  EXPECT_EQ(world.published(), Said{"status running"});
  ASSERT_TRUE(world.agent.cancel(world.now()));
  world.finish(RunEnd::cancelled);
  EXPECT_EQ(world.published(), (Said{"call cancelled", "status cancelled"}));
}

TEST(OpenCalls, ADismissedHaltCancelsThem) {
  Interrupted world(halt("i1"));
  world.call_open = true;
  ASSERT_TRUE(world.agent.dismiss("i1", world.now()));
  EXPECT_EQ(world.published(), (Said{"call cancelled", "status idle"}));
}

TEST(OpenCalls, OfARunThatWouldNotWindUpAreCancelledUnderANewRun) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  ASSERT_TRUE(life.agent.cancel(life.now()));
  life.call_open = true;
  life.published();
  life.pass(5'000);
  EXPECT_EQ(life.published(), (Said{"call cancelled", "status cancelled"}));
  EXPECT_EQ(life.runs_begun.back(), 2u);  // before the calls were closed: the old run can open no more
}

TEST(OpenCalls, FailBeforeTheErrorOfTheirRunIsTold) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  life.call_open = true;
  life.published();
  life.finish(RunEnd::error);
  EXPECT_EQ(life.published(), (Said{"call failed", "chain_error", "status error"}));
}

TEST(OpenCalls, FailWhenTheRunnerIsGone) {
  for (const bool interrupted : {false, true}) {
    Life life(AgentOptions{});
    ASSERT_TRUE(life.agent.execute(life.now()));
    if (interrupted) life.interrupt(approval("i1"));
    life.call_open = true;
    life.published();
    life.agent.runner_ended(RunnerExit::crashed, "exit status 1", life.now());
    EXPECT_EQ(life.published(), (Said{"call failed", "chain_error", "status error", "shutdown crash"}));
    EXPECT_FALSE(life.shutdown().interrupt_restorable);
  }
}

TEST(OpenCalls, AreCancelledBeforeTheLastWordOfAnAgentThatWaits) {
  for (const auto end : {RunEnd::interrupted, RunEnd::paused}) {
    for (const bool stopped : {true, false}) {
      Life life(unwatched(60'000));
      ASSERT_TRUE(life.agent.execute(life.now()));
      if (end == RunEnd::interrupted) {
        life.interrupt(approval("i1"));
      } else {
        life.finish(end);
      }
      life.call_open = true;
      life.published();
      if (stopped) {
        ASSERT_TRUE(life.agent.stop(life.now()));
      } else {
        life.pass(60'000);
      }
      EXPECT_EQ(life.published(),
                (Said{"call cancelled", stopped ? "shutdown manual" : "shutdown inactivity"}));
    }
  }
}

// --------------------------------------------------------------------------------------------- the end

TEST(InterruptedEnd, SaysWhetherTheInterruptCouldBeRestoredAndThatNothingWasSaved) {
  for (const bool restorable : {true, false}) {
    Interrupted world(restorable ? approval("i1") : halt("i1"));
    ASSERT_TRUE(world.agent.stop(world.now()));
    EXPECT_EQ(world.shutdown().last_status, AgentStatus::interrupted);
    EXPECT_EQ(world.shutdown().interrupt_restorable, restorable);
    EXPECT_FALSE(world.shutdown().state_saved);
    EXPECT_EQ(world.agent.resume("i1", approve(), world.now()).error().code, ErrorCode::not_running);
  }
}

TEST(InterruptedEnd, IsNotRestorableOnceTheInterruptIsOver) {
  Interrupted world(approval("i1"));
  ASSERT_TRUE(world.agent.resume("i1", approve(), world.now()));
  world.finish(RunEnd::idle);
  ASSERT_TRUE(world.agent.stop(world.now()));
  EXPECT_FALSE(world.shutdown().interrupt_restorable);
}

TEST(InterruptedEnd, ComesByInactivityAndNotForWantOfViewers) {
  for (const auto end : {RunEnd::interrupted, RunEnd::paused}) {
    Life life(watched(60'000));
    ASSERT_TRUE(life.agent.execute(life.now()));
    if (end == RunEnd::interrupted) {
      life.interrupt(question("i1"));
    } else {
      life.finish(end);
    }
    life.pass(59'999);
    EXPECT_FALSE(life.closed);
    life.pass(1);
    EXPECT_EQ(life.closed, ShutdownReason::inactivity);
  }
}

TEST(InterruptedEnd, ARunThatIsInterruptedWhileTheAgentStopsEndsIt) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  ASSERT_TRUE(life.agent.stop(life.now()));
  life.call_open = true;
  life.published();
  life.interrupt(approval("i1"));
  EXPECT_EQ(life.published(), (Said{"status interrupted", "call cancelled", "shutdown manual"}));
  EXPECT_TRUE(life.shutdown().interrupt_restorable);
}

}  // namespace
}  // namespace ringside::agentd::testing
