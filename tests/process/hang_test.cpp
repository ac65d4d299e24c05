// SPDX-License-Identifier: Apache-2.0
//
// Viewers that hang, under a daemon that was itself stopped. The judge's own times are tested with a virtual clock
// (tests/agentd/heartbeat_judge_test.cpp); here they are those of real processes.
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include <time.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/clientlib/child.hpp"
#include "tests/clientlib/daemon_host.hpp"

namespace ringside {
namespace {

using test::Child;

constexpr const char* hang_topic = "conversation:hang";
constexpr std::chrono::nanoseconds gone_after = std::chrono::seconds(5);

std::chrono::nanoseconds wall_clock() {
  return std::chrono::system_clock::now().time_since_epoch();
}

class Hang : public test::DaemonTest {
 protected:
  /// A process that is present and does nothing else.
  std::unique_ptr<Child> viewer() {
    auto child = std::make_unique<Child>([socket = sandbox_.socket().string()] {
      auto client = Client::connect({.socket = socket}).value();
      const auto seen = client.track(hang_topic, "user-7").value();
      for (;;)
        ::pause();
      return 0;
    });
    EXPECT_NE(next_diff()->joins(), nullptr);
    return child;
  }

  const events::PresenceDiff* next_diff() {
    EXPECT_EQ(presence_.wait(test::for_ever), WaitResult::event);
    const Event* event = presence_.next();
    when_ = std::chrono::nanoseconds(event->time_ns());
    return event->as<events::PresenceDiff>();
  }

  Subscription presence_ = client_.subscribe(hang_topic, {.from = From::latest}).value();
  std::chrono::nanoseconds when_{};  // of the last diff
};

// Everybody hangs: a suspended host, a SIGSTOP to a whole tree, a machine without a moment to spare.
TEST_F(Hang, GivesEverybodyAFullTimeoutAfterTheDaemonItselfWasStopped) {
  const auto child = viewer();
  ::kill(child->pid(), SIGSTOP);
  sandbox_.signal_daemon(SIGSTOP);
  std::this_thread::sleep_for(gone_after + std::chrono::seconds(1));  // the fault, not an event
  const auto back = wall_clock();
  sandbox_.signal_daemon(SIGCONT);
  EXPECT_NE(next_diff()->leaves(), nullptr);
  // Less a beat: the round in which the silence began may be that much older.
  EXPECT_GE(when_ - back, gone_after - std::chrono::milliseconds(500));
}

TEST_F(Hang, ComesBackUnderANewRefWithoutBeingToldTo) {
  const auto child = viewer();
  const std::uint64_t before = client_.presence_list(hang_topic).value().viewers.at("user-7").at(0).ref;
  ::kill(child->pid(), SIGSTOP);
  EXPECT_NE(next_diff()->leaves(), nullptr);
  ::kill(child->pid(), SIGCONT);
  const auto* back = next_diff();
  ASSERT_NE(back->joins(), nullptr);
  EXPECT_GT(back->joins()->Get(0)->metas()->Get(0)->ref(), before);
  EXPECT_EQ(back->joins()->Get(0)->metas()->Get(0)->previous_ref(), 0U);
}

}  // namespace
}  // namespace ringside
