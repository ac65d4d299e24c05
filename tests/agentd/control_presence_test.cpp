// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/agentd/agentd_process.hpp"
#include "tests/agentd/control_client.hpp"

namespace ringside::agentd {
namespace {

const char* const topic = "conversation:x";

control::TrackT track(const std::string& key) {
  control::TrackT track;
  track.topic = topic;
  track.key = key;
  return track;
}

control::UntrackT untrack(const std::string& key) {
  control::UntrackT untrack;
  untrack.topic = topic;
  untrack.key = key;
  return untrack;
}

control::PresenceListT list() {
  control::PresenceListT list;
  list.topic = topic;
  return list;
}

/// A process that does `work` with a client of its own and then waits to be killed, holding it open.
class OtherProcess {
 public:
  template <class Work>
  OtherProcess(const std::string& socket, Work work) {
    int ready[2];
    if (::pipe(ready) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ControlClient client(socket);
      client.greet();
      work(client);
      if (::write(ready[1], "+", 1) != 1) ::_exit(1);
      for (;;)
        ::pause();
    }
    ::close(ready[1]);
    char byte = 0;
    const bool worked = ::read(ready[0], &byte, 1) == 1;
    ::close(ready[0]);
    if (!worked) throw std::runtime_error("the other process failed");
  }
  ~OtherProcess() { kill(); }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

class ControlPresence : public testing::Test {
 protected:
  ControlPresence() { client_.greet(); }

  AgentdProcess agentd_;
  ControlClient client_{agentd_.socket()};
};

TEST_F(ControlPresence, IsToldAfterTheTableHasChanged) {
  TopicFollower follower(client_.ask(subscribe_to(topic)));
  const Reply tracked = client_.ask(track("ada"));
  ASSERT_NE(tracked.as<control::TrackReplyT>(), nullptr) << tracked.text();
  const auto joined = follower.next();
  const auto* diff = joined.event->payload.Aspresence_diff();
  ASSERT_EQ(diff->joins.size(), 1U);
  EXPECT_EQ(diff->joins[0]->key, "ada");
  EXPECT_EQ(diff->joins[0]->metas[0]->ref, tracked.as<control::TrackReplyT>()->ref);
  const Reply listed = client_.ask(list());
  EXPECT_GE(listed.as<control::PresenceListReplyT>()->version, diff->version);
  EXPECT_TRUE(client_.ask(untrack("ada")).ok());
  EXPECT_EQ(follower.next().event->payload.Aspresence_diff()->leaves.size(), 1U);
  EXPECT_TRUE(client_.ask(untrack("ada")).ok());
}

TEST_F(ControlPresence, TheSameEntryTwiceIsAnErrorAndTheSameKeyOfAnotherClientIsNot) {
  ControlClient other(agentd_.socket());
  other.greet();
  EXPECT_EQ(client_.ask(track("ada")).error(), std::nullopt);
  EXPECT_EQ(client_.ask(track("ada")).error(), control::ErrorCode::already_tracked);
  EXPECT_EQ(other.ask(track("ada")).error(), std::nullopt);
  const Reply listed = client_.ask(list());
  ASSERT_EQ(listed.as<control::PresenceListReplyT>()->entries.size(), 1U);
  EXPECT_EQ(listed.as<control::PresenceListReplyT>()->entries[0]->metas.size(), 2U);
}

TEST_F(ControlPresence, IsNotForTheTopicsOfAgents) {
  control::TrackT wrong = track("ada");
  wrong.topic = "agent_server:a";
  EXPECT_EQ(client_.ask(std::move(wrong)).error(), control::ErrorCode::not_allowed);
}

TEST_F(ControlPresence, OfAKilledClientLeavesAtOnce) {
  TopicFollower follower(client_.ask(subscribe_to(topic)));
  OtherProcess other(agentd_.socket(), [](ControlClient& client) { client.ask(track("ada")); });
  EXPECT_EQ(follower.next().event->payload.Aspresence_diff()->joins.size(), 1U);
  other.kill();
  EXPECT_EQ(follower.next().event->payload.Aspresence_diff()->leaves.size(), 1U);
}

TEST_F(ControlPresence, OfADeadProcessLeavesAlsoWhereItsChildHoldsTheConnection) {
  TopicFollower follower(client_.ask(subscribe_to(topic)));
  int lives_until_closed[2];
  ASSERT_EQ(::pipe(lives_until_closed), 0);
  OtherProcess other(agentd_.socket(), [&](ControlClient& client) {
    client.ask(track("ada"));
    if (::fork() == 0) {  // inherits the socket, and lives on
      ::close(lives_until_closed[1]);
      char byte = 0;
      static_cast<void>(::read(lives_until_closed[0], &byte, 1));
      ::_exit(0);
    }
    ::close(lives_until_closed[1]);
  });
  EXPECT_EQ(follower.next().event->payload.Aspresence_diff()->joins.size(), 1U);
  other.kill();
  EXPECT_EQ(follower.next().event->payload.Aspresence_diff()->leaves.size(), 1U);
  ::close(lives_until_closed[0]);
  ::close(lives_until_closed[1]);
}

TEST_F(ControlPresence, OfAStoppedClientLeavesAfterItsSilence) {
  TopicFollower follower(client_.ask(subscribe_to(topic)));
  OtherProcess other(agentd_.socket(), [](ControlClient& client) { client.ask(track("ada")); });
  EXPECT_EQ(follower.next().event->payload.Aspresence_diff()->joins.size(), 1U);
  // This client never moves its heartbeat: to the daemon it hangs.
  EXPECT_EQ(follower.next().event->payload.Aspresence_diff()->leaves.size(), 1U);
}

TEST_F(ControlPresence, OfAViewerThatLeavesEndsTheAgentAfterTheGracePeriod) {
  control::StartT start = start_idle("a");
  start.presence_topic = topic;
  start.grace_period_ms = 100;
  TopicFollower follower(client_.ask(subscribe_to("agent_server:a")));
  client_.ask(track("ada"));
  ASSERT_EQ(client_.ask(std::move(start)).error(), std::nullopt);
  client_.ask(untrack("ada"));
  const auto seen = follower.until(events::Payload::agent_shutdown);
  EXPECT_EQ(seen.back().event->payload.Asagent_shutdown()->reason, events::ShutdownReason::no_viewers);
}

TEST_F(ControlPresence, ASessionsMemoryIsKeptWhileItsProcessMayReadIt) {
  // A process that hangs up without unsubscribing may still read under its pins.
  const auto leave_one_behind = [](ControlClient& client) {
    client.ask(subscribe_to(topic));
    ::shutdown(client.channel().descriptor().get(), SHUT_RDWR);
  };
  AgentdProcess agentd({}, "[limits]\nsessions_per_uid = 2\n");
  ControlClient witness(agentd.socket());
  witness.greet();
  OtherProcess other(agentd.socket(), leave_one_behind);
  const auto comes_in = [&] {
    try {
      ControlClient late(agentd.socket());
      late.greet();
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  EXPECT_FALSE(comes_in());
  other.kill();
  while (!comes_in()) {
  }
}

}  // namespace
}  // namespace ringside::agentd
