// SPDX-License-Identifier: Apache-2.0
//
// The ends that somebody makes, and the last event of a life: the specification, section 5.
#include <gtest/gtest.h>

#include "agentd/agent.hpp"
#include "tests/agentd/agent_world.hpp"

namespace ringside::agentd::testing {
namespace {

using control::ErrorCode;
using events::AgentStatus;
using events::ShutdownReason;
using Said = std::vector<std::string>;

// ----------------------------------------------------------------------------------------------- manual

TEST(Stop, EndsAnAgentThatRestsAtOnce) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.stop(life.now()));
  EXPECT_EQ(life.published(), Said{"shutdown manual"});
  EXPECT_EQ(life.closed, ShutdownReason::manual);
  EXPECT_FALSE(life.timer_ns);
}

TEST(Stop, GivesARunningRunTheTimeToFinish) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  ASSERT_TRUE(life.agent.stop(life.now()));
  EXPECT_EQ(life.agent.phase(), Agent::Phase::stopping);
  life.pass(24'999);
  EXPECT_TRUE(life.cancelled.empty());
  life.published();
  life.finish(RunEnd::idle);
  EXPECT_EQ(life.published(), (Said{"status idle", "shutdown manual"}));
}

TEST(Stop, CancelsARunThatDoesNotFinishInTime) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  ASSERT_TRUE(life.agent.stop(life.now()));
  life.pass(25'000);
  EXPECT_EQ(life.cancelled, std::vector<std::uint64_t>{1});
  life.published();
  life.finish(RunEnd::cancelled);
  EXPECT_EQ(life.published(), (Said{"status cancelled", "shutdown manual"}));
}

TEST(Stop, IsBoundedEvenWhereTheRunnerNeverWindsUp) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  ASSERT_TRUE(life.agent.stop(life.now()));
  life.pass(30'000);
  EXPECT_EQ(life.closed, ShutdownReason::manual);
  EXPECT_EQ(life.shutdown().last_status, AgentStatus::cancelled);
}

TEST(Stop, TellsJoinsAndMessagesThatTheAgentIsStopping) {
  Life life(watched(), 1);
  ASSERT_TRUE(life.agent.execute(life.now()));
  ASSERT_TRUE(life.agent.stop(life.now()));
  EXPECT_EQ(life.agent.send("wait", life.now()).error().code, ErrorCode::stopping);
  EXPECT_EQ(life.agent.execute(life.now()).error().code, ErrorCode::stopping);
  EXPECT_EQ(life.agent.touch(life.now()).error().code, ErrorCode::stopping);
  life.join(2);
  EXPECT_EQ(life.agent.phase(), Agent::Phase::stopping);
}

TEST(Stop, LetsTheRunBeCancelledMeanwhile) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  ASSERT_TRUE(life.agent.stop(life.now()));
  ASSERT_TRUE(life.agent.cancel(life.now()));
  life.finish(RunEnd::cancelled);
  EXPECT_EQ(life.closed, ShutdownReason::manual);
}

TEST(Stop, AgainCanOnlyShortenTheTime) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  ASSERT_TRUE(life.agent.stop(life.now(), 1'000));
  ASSERT_TRUE(life.agent.stop(life.now()));  // 25 s
  life.pass(999);
  EXPECT_TRUE(life.cancelled.empty());
  life.pass(1);
  EXPECT_EQ(life.cancelled.size(), 1u);

  Life shortened(AgentOptions{});
  ASSERT_TRUE(shortened.agent.execute(shortened.now()));
  ASSERT_TRUE(shortened.agent.stop(shortened.now()));
  ASSERT_TRUE(shortened.agent.stop(shortened.now(), 0));
  shortened.pass(0);
  EXPECT_EQ(shortened.cancelled.size(), 1u);
}

TEST(Stop, OfWhatIsOverIsRefused) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.stop(life.now()));
  EXPECT_EQ(life.agent.stop(life.now()).error().code, ErrorCode::not_running);
  EXPECT_EQ(life.published(), Said{"shutdown manual"});
}

// ---------------------------------------------------------------------------------------- runner's end

TEST(RunnerEnd, FinishedWhileNothingRunsIsManual) {
  Life life(AgentOptions{});
  life.agent.runner_ended(RunnerExit::finished, "", life.now());
  EXPECT_EQ(life.published(), Said{"shutdown manual"});
  EXPECT_EQ(life.closed, ShutdownReason::manual);
}

TEST(RunnerEnd, ACrashSaysChainErrorThenErrorThenShutdownAndEachTheDetail) {
  for (const bool in_a_run : {false, true}) {
    Life life(AgentOptions{});
    if (in_a_run) {
      ASSERT_TRUE(life.agent.execute(life.now()));
    }
    life.published();
    life.agent.runner_ended(RunnerExit::crashed, "killed by signal 11", life.now());
    EXPECT_EQ(life.published(), (Said{"chain_error", "status error", "shutdown crash"}));
    const auto& chain_error = *life.events[life.events.size() - 3]->payload.Aschain_error();
    const auto& status = *life.events[life.events.size() - 2]->payload.Asstatus_changed();
    EXPECT_EQ(chain_error.error->detail, "killed by signal 11");
    EXPECT_EQ(status.error->detail, "killed by signal 11");
    EXPECT_EQ(life.shutdown().detail, "killed by signal 11");
    EXPECT_EQ(life.shutdown().last_status, AgentStatus::error);
  }
}

TEST(RunnerEnd, FinishedInTheMiddleOfARunIsACrash) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  life.agent.runner_ended(RunnerExit::finished, "exit status 0", life.now());
  EXPECT_EQ(life.closed, ShutdownReason::crash);
}

TEST(RunnerEnd, ACrashThatItsRunHasToldAlreadyIsNotToldTwice) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  life.finish(RunEnd::error, "the process died");
  life.published();
  life.agent.runner_ended(RunnerExit::crashed, "exit status 3", life.now());
  EXPECT_EQ(life.published(), Said{"shutdown crash"});
  EXPECT_EQ(life.shutdown().detail, "exit status 3");
}

// ------------------------------------------------------------------------------------------- the last event

TEST(Shutdown, SaysWhatWasLast) {
  Life life(AgentOptions{});
  ASSERT_TRUE(life.agent.execute(life.now()));
  life.pass(10);
  life.finish(RunEnd::error);
  const auto activity = life.now().wall_ns;
  life.pass(1'000);
  ASSERT_TRUE(life.agent.stop(life.now()));
  EXPECT_EQ(life.shutdown().reason, ShutdownReason::manual);
  EXPECT_EQ(life.shutdown().last_status, AgentStatus::error);
  EXPECT_EQ(life.shutdown().last_activity_at, activity);
  EXPECT_FALSE(life.shutdown().interrupt_restorable);
  EXPECT_FALSE(life.shutdown().state_saved);
  EXPECT_EQ(life.events.back()->incarnation, incarnation);
  EXPECT_EQ(life.events.back()->run, 1u);
}

TEST(Shutdown, IsSaidOnceAndNothingFollows) {
  Life life(watched(300'000));
  life.pass(5'000);
  const std::size_t count = life.events.size();
  life.agent.runner_ended(RunnerExit::crashed, "late", life.now());
  life.finish(RunEnd::error);
  life.leave();
  life.join();
  life.agent.deadline_reached(life.now());
  (void)life.agent.stop(life.now());
  (void)life.agent.touch(life.now());
  (void)life.agent.cancel(life.now());
  (void)life.agent.execute(life.now());
  life.pass(1'000'000);
  EXPECT_EQ(life.events.size(), count);
  EXPECT_FALSE(life.after_close);
}

}  // namespace
}  // namespace ringside::agentd::testing
