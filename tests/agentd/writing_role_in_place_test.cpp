// SPDX-License-Identifier: Apache-2.0
//
// What the writing role promises of deliveries in place.
#include <cstdint>
#include <memory>

#include <gtest/gtest.h>

#include "agentd/writing_role.hpp"
#include "tests/agentd/role_listener.hpp"

namespace ringside::agentd {
namespace {

TEST(WritingRoleInPlace, DeliversInPlaceWhereNobodyElseWrites) {
  Listener listener;
  Role role(listener);
  role.submit(std::make_unique<Said>(0, 0));
  std::uint64_t delivered_before = 0;
  EXPECT_TRUE(role.deliver_in_place([] { return true; }, [&] { delivered_before = listener.heard.size(); }));
  role.submit(std::make_unique<Said>(0, 1));
  EXPECT_EQ(delivered_before, 1U);
  ASSERT_EQ(listener.heard.size(), 2U);
  EXPECT_EQ(listener.heard[1].ticket, 2U);
  role.flush();
}

TEST(WritingRoleInPlace, OrdersNothingWhereADeliveryInPlaceIsNotReady) {
  Listener listener;
  Role role(listener);
  EXPECT_FALSE(role.deliver_in_place([] { return false; }, [] { FAIL() << "it was not ready"; }));
  role.submit(std::make_unique<Said>(0, 0));
  ASSERT_EQ(listener.heard.size(), 1U);
  EXPECT_EQ(listener.heard[0].ticket, 0U);
}

TEST(WritingRoleInPlace, DeliversNothingInPlaceInsideADelivery) {
  Listener listener;
  Role role(listener);
  bool in_place = true;
  listener.on_delivery = [&](const Said&) { in_place = role.deliver_in_place([] { return true; }, [] {}); };
  role.submit(std::make_unique<Said>(0, 0));
  EXPECT_FALSE(in_place);
}

TEST(WritingRoleInPlace, DeliversNothingInPlaceBeforeWhatWasSubmitted) {
  Listener listener;
  Role role(listener);
  HeldRole held(listener, role);
  EXPECT_FALSE(role.deliver_in_place([] { return true; }, [] {}));
  held.let_go();
  EXPECT_EQ(listener.heard.size(), 1U);
}

}  // namespace
}  // namespace ringside::agentd
