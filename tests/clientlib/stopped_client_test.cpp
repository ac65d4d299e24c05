// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <ringside/client.hpp>

#include "tests/clientlib/child.hpp"
#include "tests/clientlib/fake_daemon.hpp"

namespace ringside {
namespace {

using control::RequestBody;
using test::Child;
using test::FakeDaemon;

TEST(StoppedClient, TracksAgainWhenItGoesOn) {
  FakeDaemon daemon;
  Child child([&daemon] {
    Client client = Client::connect({.socket = daemon.socket()}).value();
    Tracking tracking = client.track("topic", "key", {{"name", "Ada"}}).value();
    const std::uint64_t before = tracking.ref();
    static_cast<void>(client.touch("ready"));
    while (tracking.ref() == before)
      std::this_thread::yield();
    // The new ref is good for what follows.
    return tracking.update({}) && tracking.untrack() ? 0 : 1;
  });
  daemon.wait_for(RequestBody::touch, 1);
  const std::uint64_t before = daemon.heartbeat();
  while (daemon.heartbeat() == before)
    std::this_thread::yield();

  ASSERT_EQ(::kill(child.pid(), SIGSTOP), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child.pid(), &status, WUNTRACED), child.pid());
  // Silent for longer than several beats (100 ms each here): agentd gives the entry up.
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(600);
  std::this_thread::sleep_until(end);
  daemon.lose_presence();
  ASSERT_EQ(::kill(child.pid(), SIGCONT), 0);

  daemon.wait_for(RequestBody::track, 2);
  EXPECT_EQ(child.wait(), 0);
}

TEST(StoppedClient, IsNotHurtByTrackingAgainWhatTheDaemonKept) {
  FakeDaemon daemon;
  Child child([&daemon] {
    Client client = Client::connect({.socket = daemon.socket()}).value();
    Tracking tracking = client.track("topic", "key").value();
    const std::uint64_t before = tracking.ref();
    static_cast<void>(client.touch("ready"));
    // Until the parent, who has seen the second request, says so.
    while (client.cancel("go on").error().fault != RequestFault::not_running)
      std::this_thread::yield();
    return tracking.ref() == before ? 0 : 1;
  });
  daemon.wait_for(RequestBody::touch, 1);
  ASSERT_EQ(::kill(child.pid(), SIGSTOP), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child.pid(), &status, WUNTRACED), child.pid());
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  ASSERT_EQ(::kill(child.pid(), SIGCONT), 0);
  daemon.wait_for(RequestBody::track, 2);
  daemon.answer(RequestBody::cancel, [](FakeDaemon::Call& call) {
    control::ErrorT error;
    error.code = control::ErrorCode::not_running;
    error.message = "seen";
    call.reply.body.Set(std::move(error));
  });
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace ringside
