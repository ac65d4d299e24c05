// SPDX-License-Identifier: Apache-2.0
#include "shm/idle_strategy.hpp"

#include <gtest/gtest.h>

namespace ringside::shm {
namespace {

TEST(IdleStrategy, SpinsThenYieldsThenLeavesItToTheCaller) {
  IdleStrategy idle(3, 2);
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(idle.idle());
  EXPECT_FALSE(idle.idle());
  EXPECT_FALSE(idle.idle());
  idle.reset();
  EXPECT_TRUE(idle.idle());
}

}  // namespace
}  // namespace ringside::shm
