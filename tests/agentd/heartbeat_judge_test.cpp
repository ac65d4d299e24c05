// SPDX-License-Identifier: Apache-2.0
#include "agentd/heartbeat_judge.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace ringside::agentd {
namespace {

constexpr std::int64_t ms = 1'000'000;

/// One judge and one client, on clocks that are set by hand.
struct Watch {
  std::int64_t steady_ns = 77'000 * ms + 5;
  std::int64_t suspended_ns = 3'000 * ms;  // the host has slept before
  HeartbeatJudge judge;
  Heartbeat client = HeartbeatJudge::attached(0, steady_ns);
  std::uint64_t counter = 0;

  Watch() { judge.begin_round(steady_ns, steady_ns + suspended_ns); }

  std::optional<Liveness> round(std::int64_t after_ms = 500) {
    steady_ns += after_ms * ms;
    judge.begin_round(steady_ns, steady_ns + suspended_ns);
    return judge.observe(client, counter);
  }

  /// How long the client is called what it is now, in rounds of 500 ms; bounded.
  std::int64_t silent_until(Liveness liveness) {
    for (std::int64_t passed = 500; passed <= 60'000; passed += 500) {
      if (round() == liveness) return passed;
    }
    return -1;
  }
};

TEST(HeartbeatJudge, CallsAClientPresentAsLongAsItsCounterMoves) {
  Watch watch;
  for (int i = 0; i < 100; ++i) {
    ++watch.counter;
    EXPECT_EQ(watch.round(), std::nullopt);
  }
  EXPECT_EQ(watch.client.liveness, Liveness::present);
}

TEST(HeartbeatJudge, CallsItStaleAfterTwoSecondsAndGoneAfterFive) {
  Watch watch;
  EXPECT_EQ(watch.silent_until(Liveness::stale), 2'000);
  EXPECT_EQ(watch.silent_until(Liveness::gone), 3'000);
  EXPECT_EQ(watch.silent_until(Liveness::stale), -1);  // said once
}

TEST(HeartbeatJudge, CallsItPresentAgainWhenItMoves) {
  for (const auto before : {Liveness::stale, Liveness::gone}) {
    Watch watch;
    ASSERT_GT(watch.silent_until(before), 0);
    watch.counter = 0xdeadbeef;  // any other value: a client's counter is only compared
    EXPECT_EQ(watch.round(), Liveness::present);
    EXPECT_EQ(watch.silent_until(Liveness::stale), 2'000);
  }
}

TEST(HeartbeatJudge, ThatWasLateItselfJudgesNobodyBeforeAFullTimeoutHasPassedAgain) {
  Watch watch;
  EXPECT_EQ(watch.round(30'000), std::nullopt);
  EXPECT_EQ(watch.silent_until(Liveness::stale), 2'000);

  Watch stale;
  ASSERT_EQ(stale.silent_until(Liveness::stale), 2'000);
  EXPECT_EQ(stale.round(2'900), std::nullopt);
  EXPECT_EQ(stale.silent_until(Liveness::gone), 5'000);
}

TEST(HeartbeatJudge, ThatIsAlwaysLateNeverJudges) {
  Watch watch;
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(watch.round(1'001), std::nullopt);
}

TEST(HeartbeatJudge, GivesEverybodyATimeoutAfterTheHostWasSuspended) {
  Watch watch;
  ASSERT_EQ(watch.silent_until(Liveness::stale), 2'000);
  watch.suspended_ns += 3'600'000 * ms;
  EXPECT_EQ(watch.round(), std::nullopt);
  EXPECT_EQ(watch.silent_until(Liveness::gone), 5'000);
}

TEST(HeartbeatJudge, ThatWasNotSuspendedTellsNoGraceFromATremblingClock) {
  Watch watch;
  watch.suspended_ns += 1 * ms;
  EXPECT_EQ(watch.round(), std::nullopt);
  watch.suspended_ns -= 1 * ms;
  EXPECT_EQ(watch.silent_until(Liveness::stale), 1'500);
}

TEST(HeartbeatJudge, CountsANewClientFromItsAttachment) {
  Watch watch;
  watch.round(900);
  watch.client = HeartbeatJudge::attached(9, watch.steady_ns);
  watch.counter = 9;
  EXPECT_EQ(watch.silent_until(Liveness::stale), 2'000);
}

}  // namespace
}  // namespace ringside::agentd
