// SPDX-License-Identifier: Apache-2.0
#include "shm/poll_backoff.hpp"

#include <gtest/gtest.h>

namespace ringside::shm {
namespace {

/// A poll that finds `count` events and then nothing more, behind one that found nothing more either.
void find(PollBackoff& backoff, std::size_t count) {
  backoff.after_look(count, true);
}

/// Single events until it stays away once, as a trial; how many it took.
std::uint32_t singles_until_trial(PollBackoff& backoff) {
  std::uint32_t count = 0;
  while (backoff.pauses() == 0) {
    find(backoff, 1);
    ++count;
  }
  return count;
}

TEST(PollBackoff, LooksAtOnceWhileEventsComeOneByOne) {
  PollBackoff backoff;
  find(backoff, 0);
  for (std::uint32_t i = 1; i < PollBackoff::singles_first; ++i) {
    find(backoff, 1);
    EXPECT_EQ(backoff.pauses(), 0U);
  }
}

TEST(PollBackoff, TriesEverMoreSeldomWhereATrialFindsNoStream) {
  PollBackoff backoff;
  find(backoff, 0);
  std::uint32_t before = 0;
  for (int i = 0; i < 5; ++i) {
    const std::uint32_t taken = singles_until_trial(backoff);
    EXPECT_GT(taken, before);
    before = taken;
    find(backoff, 1);
    EXPECT_EQ(backoff.pauses(), 0U);
  }
}

TEST(PollBackoff, StaysAwayLongerUntilABatchGathers) {
  PollBackoff backoff;
  find(backoff, 0);
  singles_until_trial(backoff);
  std::uint32_t before = backoff.pauses();
  while (before < PollBackoff::pauses_max) {
    find(backoff, 20);
    EXPECT_GT(backoff.pauses(), before);
    before = backoff.pauses();
  }
  find(backoff, 20);
  EXPECT_EQ(backoff.pauses(), PollBackoff::pauses_max);
}

TEST(PollBackoff, KeepsAnAbsenceThatFindsABatch) {
  PollBackoff backoff;
  find(backoff, 0);
  singles_until_trial(backoff);
  find(backoff, 20);
  const std::uint32_t pauses = backoff.pauses();
  for (int i = 0; i < 10; ++i)
    find(backoff, PollBackoff::batch_wanted);
  EXPECT_EQ(backoff.pauses(), pauses);
}

TEST(PollBackoff, LooksAtOnceAgainSoonAfterAStreamHasEnded) {
  PollBackoff backoff;
  find(backoff, 0);
  singles_until_trial(backoff);
  while (backoff.pauses() < PollBackoff::pauses_max)
    find(backoff, 20);
  int singles = 0;
  while (backoff.pauses() != 0) {
    find(backoff, 1);
    ++singles;
  }
  EXPECT_LE(singles, 8);
}

TEST(PollBackoff, DoesNotStayAwayFromABacklog) {
  PollBackoff backoff;
  for (int i = 0; i < 1000; ++i)
    backoff.after_look(10, false);
  EXPECT_EQ(backoff.pauses(), 0U);
}

}  // namespace
}  // namespace ringside::shm
