// SPDX-License-Identifier: Apache-2.0
//
// What is refused, and that nothing of it is kept.
#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <ringside/client.hpp>
#include <ringside/subscription_set.hpp>

#include "schema/event_builder.hpp"
#include "tests/clientlib/fake_daemon.hpp"

namespace ringside {
namespace {

using control::RequestBody;
using test::FakeDaemon;
using test::FakeTopic;

const std::string refused_topic = agent_topic("ada");

class RefusedSubscription : public ::testing::Test {
 protected:
  Subscription subscribe(const SubscribeOptions& options = {}) {
    auto made = client_.subscribe(refused_topic, options);
    if (!made) throw std::runtime_error(made.error().message);
    return std::move(*made);
  }
  RequestFault fault_of(const SubscribeOptions& options = {}) {
    auto made = client_.subscribe(refused_topic, options);
    return made ? RequestFault::ended : made.error().fault;
  }

  FakeDaemon daemon_;
  FakeTopic& topic_ = daemon_.topic(refused_topic);
  Client client_ = Client::connect({.socket = daemon_.socket()}).value();
};

TEST_F(RefusedSubscription, IsRefusedByNameWhereThereIsNoSpaceForAKeyframe) {
  daemon_.answer(RequestBody::subscribe, [](FakeDaemon::Call& call) {
    call.descriptors.clear();
    control::ErrorT error;
    error.code = control::ErrorCode::keyframe_unavailable;
    error.message = "no space for the state";
    call.reply.body.Set(std::move(error));
  });
  EXPECT_EQ(fault_of({.from = From::keyframe}), RequestFault::keyframe_unavailable);
}

TEST_F(RefusedSubscription, IsRefusedForNamesThatAreNone) {
  for (const std::string& name :
       {std::string(), std::string(201, 'a'), std::string("a\0b", 3), std::string("\xff")}) {
    const auto made = client_.subscribe(name);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().fault, RequestFault::bad_input);
  }
}

TEST_F(RefusedSubscription, RefusesARingThatIsNotAgentdsAndGivesItBack) {
  FakeTopic& other = daemon_.topic("other");
  const shm::Descriptor others = other.object().read_only_descriptor().value();
  const shm::Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::size_t given_back = 0;
  const auto with = [&](FakeDaemon::Answerer change) {
    daemon_.answer(RequestBody::subscribe, std::move(change));
    const RequestFault fault = fault_of();
    daemon_.wait_for(RequestBody::unsubscribe, ++given_back);
    return fault;
  };
  EXPECT_EQ(with([](FakeDaemon::Call& call) { call.descriptors.clear(); }), RequestFault::protocol);
  EXPECT_EQ(with([&](FakeDaemon::Call& call) { call.descriptors[0] = others.get(); }),
            RequestFault::untrusted);
  EXPECT_EQ(with([&](FakeDaemon::Call& call) { call.descriptors[0] = null.get(); }), RequestFault::untrusted);
  for (const std::uint32_t line : {1U, 5U, 64U, 0xffff'ffffU}) {
    EXPECT_EQ(with([&](FakeDaemon::Call& call) { call.reply.body.Assubscribe()->page_line = line; }),
              RequestFault::protocol);
  }
}

TEST_F(RefusedSubscription, RefusesARingOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  daemon_.answer(RequestBody::subscribe, [](FakeDaemon::Call& call) {
    const std::string path = "/proc/self/fd/" + std::to_string(call.descriptors[0]);
    ASSERT_EQ(::chown(path.c_str(), 4711, 4711), 0);
  });
  EXPECT_EQ(fault_of(), RequestFault::untrusted);
}

TEST_F(RefusedSubscription, IsBrokenWhereTheRingSaysWhatNoAgentdWrites) {
  daemon_.answer(RequestBody::subscribe,
                 [](FakeDaemon::Call& call) { call.reply.body.Assubscribe()->offset = 7; });
  Subscription subscription = subscribe();
  EXPECT_EQ(subscription.poll([](const Event&) { FAIL(); }).state, SubscriptionState::broken);
  EXPECT_EQ(subscription.wait(std::chrono::seconds(-1)), WaitResult::broken);
}

TEST_F(RefusedSubscription, IsBrokenForWhoWaitsAsWellWhereTheWaitFindsIt) {
  daemon_.answer(RequestBody::subscribe,
                 [](FakeDaemon::Call& call) { call.reply.body.Assubscribe()->offset = 7; });
  EXPECT_EQ(subscribe().wait(std::chrono::seconds(-1)), WaitResult::broken);
  EXPECT_FALSE(subscribe().arm()) << "nothing would make the descriptor readable";
}

TEST_F(RefusedSubscription, IsToldBrokenOnceByItsSetWhoeverFindsIt) {
  daemon_.answer(RequestBody::subscribe,
                 [](FakeDaemon::Call& call) { call.reply.body.Assubscribe()->offset = 7; });
  for (const bool waits : {false, true}) {
    SubscriptionSet set(client_);
    std::vector<SubscriptionState> told;
    set.on_state([&told](std::string_view, SubscriptionState state) { told.push_back(state); });
    ASSERT_TRUE(set.sync({"topic"}).refused.empty());
    if (waits) {
      EXPECT_EQ(set.wait(std::chrono::seconds(-1)), WaitResult::event);
    }
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ(set.poll([](std::string_view, const Event&) { FAIL(); }), 0U);
    EXPECT_EQ(told, std::vector{SubscriptionState::broken});
    EXPECT_EQ(set.wait(std::chrono::nanoseconds(0)), WaitResult::timeout) << "it is news once";
  }
}

}  // namespace
}  // namespace ringside
