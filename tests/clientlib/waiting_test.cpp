// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include <poll.h>
#include <pthread.h>

#include <gtest/gtest.h>

#include <ringside/client.hpp>

#include "tests/clientlib/fake_daemon.hpp"

namespace ringside {
namespace {

using std::chrono::milliseconds;
using test::FakeDaemon;
using test::FakeTopic;

constexpr auto for_ever = std::chrono::nanoseconds(-1);

class WaitingTest : public ::testing::Test {
 protected:
  /// Until the waiter has raised its flag, that is, sleeps or is about to.
  static bool becomes_readable(int fd, int timeout_ms) {
    pollfd watched{fd, POLLIN, 0};
    return ::poll(&watched, 1, timeout_ms) == 1;
  }

  FakeDaemon daemon_;
  FakeTopic& topic_ = daemon_.topic("topic");
  FakeTopic& other_ = daemon_.topic("other");
  Client client_ = Client::connect({.socket = daemon_.socket()}).value();
  Subscription subscription_ = client_.subscribe("topic").value();
};

TEST_F(WaitingTest, EndsWithNewsThatAreThere) {
  topic_.publish_text("one");
  EXPECT_EQ(subscription_.wait(for_ever), WaitResult::event);
  EXPECT_EQ(subscription_.poll([](const Event&) {}).events, 1U);
}

TEST_F(WaitingTest, EndsWithItsTime) {
  EXPECT_EQ(subscription_.wait(milliseconds(1)), WaitResult::timeout);
  EXPECT_EQ(subscription_.wait(milliseconds(0)), WaitResult::timeout);
  EXPECT_EQ(client_.wait(milliseconds(1)), WaitResult::timeout);
}

TEST_F(WaitingTest, EveryEventWakes) {
  std::atomic<std::uint64_t> seen{0};
  constexpr std::uint64_t count = 2000;
  std::thread publisher([&] {
    for (std::uint64_t i = 0; i < count; ++i) {
      // One at a time, so that each has a sleep of its own to end.
      while (seen < i)
        std::this_thread::yield();
      topic_.publish_text("event");
    }
  });
  while (seen < count) {
    ASSERT_EQ(subscription_.wait(for_ever), WaitResult::event);
    seen += subscription_.poll([](const Event&) {}).events;
  }
  publisher.join();
  EXPECT_EQ(subscription_.lost().events, 0U);
}

TEST_F(WaitingTest, OneSubscriptionSleepsThroughTheNewsOfAnother) {
  Subscription other = client_.subscribe("other").value();
  std::thread publisher([&] {
    other_.publish_text("not this");
    other_.publish_text("nor this");
    topic_.publish_text("this");
  });
  EXPECT_EQ(subscription_.wait(for_ever), WaitResult::event);
  EXPECT_EQ(subscription_.poll([](const Event&) {}).events, 1U);
  publisher.join();
  EXPECT_EQ(other.poll([](const Event&) {}).events, 2U);
}

TEST_F(WaitingTest, TheClientWaitsForAnyOfItsSubscriptions) {
  Subscription other = client_.subscribe("other").value();
  for (FakeTopic* topic : {&topic_, &other_, &topic_}) {
    std::thread publisher([topic] { topic->publish_text("event"); });
    EXPECT_EQ(client_.wait(for_ever), WaitResult::event);
    const auto take = [](const Event&) {};
    EXPECT_EQ(subscription_.poll(take).events + other.poll(take).events, 1U);
    publisher.join();
  }
}

TEST_F(WaitingTest, ASecondThreadIsToldThatOneWaits) {
  Subscription other = client_.subscribe("other").value();
  std::thread waiter([&] {
    WaitResult first = WaitResult::wait_busy;
    // The looks below wait too, for no time: one of them may be the first.
    while (first == WaitResult::wait_busy)
      first = subscription_.wait(for_ever);
    EXPECT_EQ(first, WaitResult::event);
  });
  WaitResult second = WaitResult::timeout;
  // The other thread may not have begun yet.
  while ((second = other.wait(milliseconds(0))) == WaitResult::timeout)
    std::this_thread::yield();
  EXPECT_EQ(second, WaitResult::wait_busy);
  EXPECT_FALSE(other.arm());
  topic_.publish_text("enough");
  waiter.join();
  EXPECT_EQ(other.wait(milliseconds(0)), WaitResult::timeout);
}

TEST_F(WaitingTest, EndsAtOnceWhenTheSocketHangsUp) {
  std::thread end([&] { daemon_.close_sockets(); });
  EXPECT_EQ(subscription_.wait(for_ever), WaitResult::daemon_gone);
  EXPECT_EQ(client_.wait(for_ever), WaitResult::daemon_gone);
  EXPECT_TRUE(client_.daemon_gone());
  end.join();
}

TEST_F(WaitingTest, EndsAtOnceWhenTheDoorbellHangsUp) {
  std::thread end([&] { daemon_.close_doorbells(); });
  EXPECT_EQ(subscription_.wait(for_ever), WaitResult::daemon_gone);
  EXPECT_TRUE(client_.daemon_gone());
  end.join();
}

TEST_F(WaitingTest, EndsWithASignal) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &action, &before);
  std::atomic<bool> over{false};
  std::thread sender([&over, waiter = ::pthread_self()] {
    while (!over) {
      ::pthread_kill(waiter, SIGUSR1);
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(subscription_.wait(for_ever), WaitResult::interrupted);
  over = true;
  sender.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(WaitingTest, ArmSaysWhetherTheDescriptorWillBecomeReadable) {
  ASSERT_TRUE(subscription_.arm());
  EXPECT_FALSE(becomes_readable(subscription_.fd(), 0));
  topic_.publish_text("one");
  EXPECT_TRUE(becomes_readable(subscription_.fd(), -1));
  EXPECT_FALSE(subscription_.arm()) << "there is an event to poll";
  EXPECT_EQ(subscription_.poll([](const Event&) {}).events, 1U);
  ASSERT_TRUE(subscription_.arm());
  EXPECT_FALSE(becomes_readable(subscription_.fd(), 0)) << "the old ring was taken out";
}

TEST_F(WaitingTest, TheClientArmsForAllItsSubscriptions) {
  Subscription other = client_.subscribe("other").value();
  ASSERT_TRUE(client_.arm());
  other_.publish_text("one");
  EXPECT_TRUE(becomes_readable(client_.fd(), -1));
  EXPECT_FALSE(client_.arm());
  EXPECT_EQ(other.poll([](const Event&) {}).events, 1U);
  EXPECT_TRUE(client_.arm());
}

TEST_F(WaitingTest, AnExternalLoopSeesTheEndOfTheDaemon) {
  ASSERT_TRUE(subscription_.arm());
  daemon_.close_sockets();
  EXPECT_TRUE(becomes_readable(subscription_.fd(), -1));
  EXPECT_FALSE(subscription_.arm());
  EXPECT_EQ(subscription_.poll([](const Event&) {}).state, SubscriptionState::daemon_gone);
}

TEST_F(WaitingTest, AnExternalLoopMissesNothing) {
  constexpr std::uint64_t count = 2000;
  std::atomic<std::uint64_t> seen{0};
  std::thread publisher([&] {
    for (std::uint64_t i = 0; i < count; ++i) {
      while (seen < i)
        std::this_thread::yield();
      topic_.publish_text("event");
    }
  });
  while (seen < count) {
    if (subscription_.arm()) {
      ASSERT_TRUE(becomes_readable(subscription_.fd(), -1));
    }
    seen += subscription_.poll([](const Event&) {}).events;
  }
  publisher.join();
}

}  // namespace
}  // namespace ringside
