// SPDX-License-Identifier: Apache-2.0
//
// The grace period with viewers that are processes of their own. What the deadline is in every order of events is tested
// with a virtual clock (tests/agentd/agent_timers_test.cpp); here it is that real leaves count as leaves.
#include <chrono>
#include <csignal>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/clientlib/child.hpp"
#include "tests/clientlib/daemon_host.hpp"
#include "tests/process/messenger.hpp"

namespace ringside {
namespace {

using test::Child;
using test::for_ever;
using test::Messenger;

constexpr const char* watched_agent = "watched";
constexpr const char* topic = "conversation:watched";

/// A process that is present under `key` until it is told to leave, or is killed.
class Viewer {
 public:
  Viewer(const std::string& socket, const std::string& key)
      : child_([this, &socket, &key] {
          auto client = Client::connect({.socket = socket}).value();
          const auto seen = client.track(topic, key).value();
          leave_.hear();
          return 0;
        }) {}

  void leave() {
    leave_.tell();
    EXPECT_EQ(child_.wait(), 0);
  }
  void kill() {
    ::kill(child_.pid(), SIGKILL);
    child_.wait();
  }

 private:
  Messenger leave_;
  Child child_;
};

class GracePeriod : public test::DaemonTest {
 protected:
  void start(std::chrono::milliseconds grace) {
    const StartOptions options{.runner = test::sample(),
                               .presence_topic = topic,
                               .grace_period = grace,
                               .inactivity = std::chrono::milliseconds(0),
                               .stay_idle = true};
    ASSERT_TRUE(client_.start(watched_agent, options));
  }
  [[nodiscard]] std::string socket() const { return sandbox_.socket().string(); }

  /// When the last key left: waits for it.
  std::int64_t last_leave(std::size_t viewers_before) {
    std::int64_t when = 0;
    EXPECT_TRUE(read_until(viewers_, [&](const Event& event) {
      const auto* diff = event.as<events::PresenceDiff>();
      if (diff == nullptr || diff->leaves() == nullptr) return false;
      viewers_before -= diff->leaves()->size();
      when = event.time_ns();
      return viewers_before == 0;
    }));
    return when;
  }
  void wait_for_joins(std::size_t count) {
    EXPECT_TRUE(read_until(viewers_, [&](const Event& event) {
      const auto* diff = event.as<events::PresenceDiff>();
      if (diff != nullptr && diff->joins() != nullptr) count -= diff->joins()->size();
      return count == 0;
    }));
  }
  /// When the agent ended, which it does for lack of viewers: waits for it.
  std::int64_t end() {
    std::int64_t when = 0;
    EXPECT_TRUE(read_until(life_, [&](const Event& event) {
      const auto* shutdown = event.as<events::AgentShutdown>();
      if (shutdown == nullptr) return false;
      EXPECT_EQ(shutdown->reason(), events::ShutdownReason::no_viewers);
      when = event.time_ns();
      return true;
    }));
    return when;
  }

  Subscription life_ = client_.subscribe_agent(watched_agent, {.from = From::latest}).value();
  Subscription viewers_ = client_.subscribe(topic).value();
};

TEST_F(GracePeriod, EndsTheAgentThatLongAfterTheLastViewerLeftHoweverItLeft) {
  constexpr std::chrono::milliseconds grace(300);
  Viewer first(socket(), "first");
  Viewer second(socket(), "second");
  Viewer third(socket(), "third");
  wait_for_joins(3);
  start(grace);
  first.kill();
  second.leave();
  third.kill();
  const std::int64_t left = last_leave(3);
  EXPECT_GE(end() - left, std::chrono::nanoseconds(grace).count());
}

TEST_F(GracePeriod, IsCutShortByAViewerThatComesBackAndBeginsAnewWhenItLeaves) {
  constexpr std::chrono::milliseconds grace(2000);
  auto first = std::make_unique<Viewer>(socket(), "first");
  wait_for_joins(1);
  start(grace);
  ASSERT_EQ(life_.wait(for_ever), WaitResult::event);  // its beginning
  life_.poll([](const Event&) {});
  {
    auto second = client_.track(topic, "second").value();  // here before the first has gone, and gone at once
    first->kill();
  }
  last_leave(2);
  Viewer third(socket(), "third");
  wait_for_joins(1);
  EXPECT_EQ(life_.wait(grace + std::chrono::milliseconds(500)), WaitResult::timeout);  // it lives on
  third.leave();
  const std::int64_t left = last_leave(1);
  EXPECT_GE(end() - left, std::chrono::nanoseconds(grace).count());
}

TEST_F(GracePeriod, DoesNotRunForWhoOnlyWatches) {
  // `life_` and `viewers_` read all along; nobody is tracked.
  start(std::chrono::milliseconds(1));
  EXPECT_GT(end(), 0);
}

}  // namespace
}  // namespace ringside
