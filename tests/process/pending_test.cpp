// SPDX-License-Identifier: Apache-2.0
//
// Whoever follows an agent that does not run is there already: it sees the next life from its first event on, and the one
// after that. Viewer, starter and agent are processes of their own.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/clientlib/child.hpp"
#include "tests/clientlib/daemon_host.hpp"
#include "tests/process/messenger.hpp"

namespace ringside {
namespace {

using test::Child;
using test::Messenger;

constexpr const char* awaited_agent = "awaited";
constexpr int lives = 2;

/// What a viewer has to see of a life: every event, beginning with the status it starts in, ending with the shutdown.
class LifeWatch {
 public:
  /// False where this event is not the next of a whole life.
  bool see(const Event& event) {
    if (event.sequence() != ++sequence_) return false;
    const bool first = incarnation_ == 0;
    if (first) {
      const auto* status = event.as<events::StatusChanged>();
      if (status == nullptr || status->status() != events::AgentStatus::idle) return false;
      if (event.incarnation() <= last_incarnation_) return false;
      incarnation_ = event.incarnation();
    }
    if (event.incarnation() != incarnation_) return false;
    if (event.kind() == events::Payload::agent_shutdown) {
      ++whole_;
      last_incarnation_ = std::exchange(incarnation_, 0);
    }
    return true;
  }
  [[nodiscard]] int whole() const noexcept { return whole_; }

 private:
  std::uint64_t sequence_ = 0;
  std::uint64_t incarnation_ = 0;
  std::uint64_t last_incarnation_ = 0;
  int whole_ = 0;
};

/// 0: it saw all lives whole, and was told of each when it began and ended.
int watch_lives(const std::string& socket, const Messenger& there) {
  auto client = Client::connect({.socket = socket}).value();
  auto life = client.subscribe_agent(awaited_agent, {.from = From::latest}).value();
  if (life.state() != SubscriptionState::pending) return 2;
  std::vector<SubscriptionState> told;
  life.on_state([&told](SubscriptionState state) { told.push_back(state); });
  there.tell();
  LifeWatch watch;
  bool sound = true;
  while (sound && watch.whole() < lives) {
    if (life.wait(test::for_ever) != WaitResult::event) return 3;
    life.poll([&](const Event& event) { sound = sound && watch.see(event); });
  }
  using State = SubscriptionState;
  const bool states = told == std::vector{State::live, State::pending, State::live, State::pending};
  return sound && states && life.lost().events == 0 ? 0 : 4;
}

/// Starts the agent, runs it once, stops it: a life. 0: it went as it should.
int lead_a_life(const std::string& socket) {
  auto client = Client::connect({.socket = socket}).value();
  auto life = client.subscribe_agent(awaited_agent, {.from = From::latest}).value();
  const auto started = client.start(awaited_agent, {.runner = test::sample(), .stay_idle = true});
  if (!started || !started->created || !client.execute(awaited_agent)) return 1;
  for (bool idle = false, ran = false; !idle;) {
    if (life.wait(test::for_ever) != WaitResult::event) return 2;
    life.poll([&](const Event& event) {
      const auto* status = event.as<events::StatusChanged>();
      if (status == nullptr) return;
      ran = ran || status->status() == events::AgentStatus::running;
      idle = ran && status->status() == events::AgentStatus::idle;
    });
  }
  return client.stop(awaited_agent) ? 0 : 3;
}

class Pending : public test::DaemonTest {
 protected:
  [[nodiscard]] std::string socket() const { return sandbox_.socket().string(); }
};

TEST_F(Pending, SeesEveryLifeFromItsFirstEventOn) {
  const Messenger there;
  std::vector<std::unique_ptr<Child>> viewers;
  for (int i = 0; i < 3; ++i)
    viewers.push_back(std::make_unique<Child>([&] { return watch_lives(socket(), there); }));
  for (std::size_t i = 0; i < viewers.size(); ++i)
    there.hear();
  for (int life = 0; life < lives; ++life)
    EXPECT_EQ(Child([&] { return lead_a_life(socket()); }).wait(), 0);
  for (const auto& viewer : viewers)
    EXPECT_EQ(viewer->wait(), 0);
}

TEST_F(Pending, IsOneOfFourAnswersThatAreToldApart) {
  EXPECT_EQ(client_.subscribe_agent("never was").value().state(), SubscriptionState::pending);
  EXPECT_EQ(client_.touch("never was").error().fault, RequestFault::no_such_agent);
  ASSERT_EQ(Child([&] { return lead_a_life(socket()); }).wait(), 0);
  // Whether it is found stopping or gone: it is known, and does not run.
  EXPECT_EQ(client_.touch(awaited_agent).error().fault, RequestFault::not_running);
  EXPECT_EQ(client_.track("agent_server:awaited", "me").error().fault, RequestFault::not_allowed);
  sandbox_.kill_daemon();
  EXPECT_EQ(client_.touch("never was").error().fault, RequestFault::daemon_gone);
  EXPECT_EQ(client_.touch(awaited_agent).error().fault, RequestFault::daemon_gone);
  // A process that dies closes its sockets one after the other.
  ConnectFault fault = ConnectFault::daemon_gone;
  while (fault == ConnectFault::daemon_gone)
    fault = Client::connect({.socket = socket()}).error().fault;
  EXPECT_EQ(fault, ConnectFault::unreachable);
}

}  // namespace
}  // namespace ringside
