// SPDX-License-Identifier: Apache-2.0
//
// The ends that come by themselves, without viewers or without use: the specification, section 5.
#include <limits>

#include <gtest/gtest.h>

#include "agentd/agent.hpp"
#include "tests/agentd/agent_world.hpp"

namespace ringside::agentd::testing {
namespace {

using control::ErrorCode;
using events::ShutdownReason;
using Said = std::vector<std::string>;

// ------------------------------------------------------------------------------------------- no viewers

TEST(NoViewers, DeadlineIsTheLastLeavePlusTheGracePeriod) {
  Life life(watched(), 2);
  life.pass(60'000);
  life.join(1);  // one of two leaves: that is not the last leave
  life.pass(60'000);
  ASSERT_TRUE(life.agent.alive());
  life.leave();
  life.pass(4'999);
  ASSERT_TRUE(life.agent.alive());
  life.pass(1);
  EXPECT_EQ(life.closed, ShutdownReason::no_viewers);
  EXPECT_EQ(life.published(), Said{"shutdown no_viewers"});
}

TEST(NoViewers, AtAStartWithoutViewersTheGracePeriodRunsFromThere) {
  Life life(watched());
  life.pass(4'999);
  ASSERT_TRUE(life.agent.alive());
  life.pass(1);
  EXPECT_EQ(life.closed, ShutdownReason::no_viewers);
}

TEST(NoViewers, AtAReturnToIdleWithoutViewersTheGracePeriodRunsFromThere) {
  Life life(watched());
  ASSERT_TRUE(life.agent.execute(life.now()));
  life.pass(600'000);
  ASSERT_TRUE(life.agent.alive());
  life.finish(RunEnd::idle);
  life.pass(4'999);
  ASSERT_TRUE(life.agent.alive());
  life.pass(1);
  EXPECT_EQ(life.closed, ShutdownReason::no_viewers);
}

TEST(NoViewers, ALeaveDuringARunDoesNotEndTheAgentBeforeTheRunHasEnded) {
  Life life(watched(), 1);
  ASSERT_TRUE(life.agent.execute(life.now()));
  life.leave();
  life.pass(100'000);
  EXPECT_TRUE(life.agent.alive());
  EXPECT_FALSE(life.timer_ns);
}

TEST(NoViewers, TheGracePeriodRunsWhileTheAgentIsIdleAndNobodyWatches) {
  Life life(watched(), 1);
  EXPECT_EQ(life.agent.grace_ends_ns(), never_ns);
  life.leave();
  EXPECT_EQ(life.agent.grace_ends_ns(), later_by_ms(life.now().steady_ns, 5'000));
  life.pass(1'000);
  EXPECT_EQ(life.agent.grace_ends_ns(), later_by_ms(life.now().steady_ns, 4'000));
  ASSERT_TRUE(life.agent.execute(life.now()));
  EXPECT_EQ(life.agent.grace_ends_ns(), never_ns);
  life.finish(RunEnd::idle);
  EXPECT_EQ(life.agent.grace_ends_ns(), later_by_ms(life.now().steady_ns, 5'000)) << "anew";
  life.join(1);
  EXPECT_EQ(life.agent.grace_ends_ns(), never_ns);
}

TEST(NoViewers, AJoinCancelsTheDeadline) {
  Life life(watched());
  life.pass(4'999);
  life.join();
  EXPECT_FALSE(life.timer_ns);
  life.pass(1'000'000);
  EXPECT_TRUE(life.agent.alive());
}

TEST(NoViewers, ATimerOfAnEarlierAbsenceNeverShortensALaterOne) {
  Life life(watched(), 1);
  life.leave();
  const auto earlier = life.timer_ns;
  life.pass(3'000);
  life.join();
  life.pass(500);
  life.leave();
  life.pass(1'500);  // the earlier deadline
  EXPECT_EQ(life.steady_ns, earlier);
  life.agent.deadline_reached(life.now());  // that timer went off after all
  EXPECT_TRUE(life.agent.alive());
  life.pass(3'499);
  EXPECT_TRUE(life.agent.alive());
  life.pass(1);
  EXPECT_EQ(life.closed, ShutdownReason::no_viewers);
}

TEST(NoViewers, AViewerThatRefreshesDoesNotLoseTheAgent) {
  Life life(watched(), 1);
  for (int refresh = 0; refresh < 100; ++refresh) {
    life.pass(4'000);
    life.leave();
    life.join();
  }
  EXPECT_TRUE(life.agent.alive());
  EXPECT_FALSE(life.timer_ns);
}

TEST(NoViewers, BothConditionsAreLookedAtAgainAtTheDeadline) {
  // Each pair: the timer is already on its way when a join, or a run, comes first.
  Life joined(watched());
  joined.steady_ns += 5'000 * ms;
  joined.join();
  joined.ring();
  EXPECT_TRUE(joined.agent.alive());

  Life ran(watched());
  ran.steady_ns += 5'000 * ms;
  ASSERT_TRUE(ran.agent.send("still there?", ran.now()));
  ran.ring();
  EXPECT_TRUE(ran.agent.alive());
}

TEST(NoViewers, AJoinOrAMessageAfterTheEndSeesIt) {
  Life life(watched());
  life.pass(5'000);
  life.published();
  life.join();
  EXPECT_EQ(life.agent.phase(), Agent::Phase::closed);
  EXPECT_EQ(life.agent.send("hello", life.now()).error().code, ErrorCode::not_running);
  EXPECT_EQ(life.published(), Said{});
}

TEST(NoViewers, EndsNothingWithoutPresenceTracking) {
  Life life(unwatched(0));
  life.pass(10'000'000);
  EXPECT_TRUE(life.agent.alive());
  EXPECT_FALSE(life.timer_ns);
}

TEST(NoViewers, EndsOnlyAnIdleAgentAndLeavesTheOthersToInactivity) {
  for (const auto end : {RunEnd::cancelled, RunEnd::error}) {
    Life life(watched(300'000));
    ASSERT_TRUE(life.agent.execute(life.now()));
    life.finish(end);
    life.pass(299'999);
    EXPECT_TRUE(life.agent.alive());
    life.pass(1);
    EXPECT_EQ(life.closed, ShutdownReason::inactivity);
  }
}

TEST(NoViewers, AreNotConcludedByADaemonThatWasItselfAsleep) {
  Life life(watched());
  life.stall(30'000);  // a join may lie unread in a socket
  ASSERT_TRUE(life.agent.alive());
  life.join();
  life.pass(30'000);
  EXPECT_TRUE(life.agent.alive());
}

TEST(NoViewers, AreConcludedByADaemonThatSleepsAgainAndAgain) {
  Life life(watched());
  life.stall(30'000);
  ASSERT_TRUE(life.agent.alive());
  life.stall(30'000);
  EXPECT_EQ(life.closed, ShutdownReason::no_viewers);
}

TEST(NoViewers, AGracePeriodOfAgesNeverEnds) {
  AgentOptions options = watched();
  options.grace_period_ms = std::numeric_limits<std::uint64_t>::max();
  Life life(options);
  EXPECT_FALSE(life.timer_ns);
}

// ------------------------------------------------------------------------------------------- inactivity

TEST(Inactivity, EndsAnAgentThatNobodyUses) {
  Life life(AgentOptions{});
  life.pass(299'999);
  ASSERT_TRUE(life.agent.alive());
  life.pass(1);
  EXPECT_EQ(life.closed, ShutdownReason::inactivity);
  EXPECT_EQ(life.published(), Said{"shutdown inactivity"});
}

TEST(Inactivity, CanBeOff) {
  Life life(unwatched(0));
  EXPECT_FALSE(life.timer_ns);
}

TEST(Inactivity, IsResetByTouch) {
  Life life(unwatched(1'000));
  for (int i = 0; i < 10; ++i) {
    life.pass(999);
    ASSERT_TRUE(life.agent.touch(life.now()));
  }
  EXPECT_EQ(life.agent.last_activity_at_ns(), life.now().wall_ns);
  life.pass(1'000);
  EXPECT_EQ(life.closed, ShutdownReason::inactivity);
}

TEST(Inactivity, IsResetByMessagesAndByRunsStartingAndEnding) {
  Life life(unwatched(1'000));
  life.pass(999);
  ASSERT_TRUE(life.agent.send("hello", life.now()));
  EXPECT_EQ(life.agent.last_activity_at_ns(), life.now().wall_ns);
  life.finish(RunEnd::idle);
  life.pass(999);
  ASSERT_TRUE(life.agent.execute(life.now()));
  EXPECT_EQ(life.agent.last_activity_at_ns(), life.now().wall_ns);
  life.pass(50'000);
  life.finish(RunEnd::idle);
  EXPECT_EQ(life.agent.last_activity_at_ns(), life.now().wall_ns);
  life.pass(999);
  EXPECT_TRUE(life.agent.alive());
  life.pass(1);
  EXPECT_EQ(life.closed, ShutdownReason::inactivity);
}

TEST(Inactivity, NeverEndsARunningAgent) {
  Life life(unwatched(1'000));
  ASSERT_TRUE(life.agent.execute(life.now()));
  EXPECT_FALSE(life.timer_ns);
  life.pass(1'000'000);
  life.agent.deadline_reached(life.now());
  EXPECT_TRUE(life.agent.alive());
}

TEST(Inactivity, IsNotResetByWhoWatches) {
  Life life(watched(1'000), 1);
  life.pass(500);
  life.join(2);
  life.pass(500);
  EXPECT_EQ(life.closed, ShutdownReason::inactivity);
}

TEST(Inactivity, IsNotResetByARefusedCommand) {
  Life life(unwatched(1'000));
  life.pass(500);
  ASSERT_FALSE(life.agent.cancel(life.now()));
  life.refuse_next = Refusal{ErrorCode::event_too_large, "too large"};
  ASSERT_FALSE(life.agent.send("hello", life.now()));
  life.pass(500);
  EXPECT_EQ(life.closed, ShutdownReason::inactivity);
}

TEST(Inactivity, IsCutShortByWhatComesFirst) {
  Life life(watched(3'000));
  life.pass(3'000);
  EXPECT_EQ(life.closed, ShutdownReason::inactivity);
  Life graced(watched(5'000));
  graced.pass(5'000);
  EXPECT_EQ(graced.closed, ShutdownReason::no_viewers);
}

TEST(WallClock, DecidesNothing) {
  Life life(watched());
  life.wall_ahead_ns = -10'000'000'000 * ms;
  life.pass(4'999);
  life.agent.deadline_reached(life.now());
  EXPECT_TRUE(life.agent.alive());
  life.pass(1);
  EXPECT_FALSE(life.agent.alive());
}

TEST(Deadline, ThatIsReachedEarlyIsSetAgain) {
  Life life(watched());
  const auto deadline = life.timer_ns;
  life.steady_ns += 1'000 * ms;
  life.ring();
  EXPECT_EQ(life.timer_ns, deadline);
}

TEST(Deadline, IsTakenBackAtTheEndOfTheLife) {
  Life life(watched());
  life.steady_ns += 5'000 * ms;
  life.agent.deadline_reached(life.now());  // before the timer itself went off
  ASSERT_TRUE(life.closed);
  EXPECT_FALSE(life.timer_ns);
}

}  // namespace
}  // namespace ringside::agentd::testing
