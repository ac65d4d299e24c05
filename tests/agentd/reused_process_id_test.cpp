// SPDX-License-Identifier: Apache-2.0
//
// A process id that was given to another process is never taken for the client that had it.
#include <exception>
#include <fstream>
#include <string>

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/agentd/agentd_process.hpp"
#include "tests/agentd/control_client.hpp"

namespace ringside::agentd {
namespace {

constexpr int not_reused = 3;
constexpr int not_here = 4;

/// Forks, and returns the child's id; the child does `work` and then waits to be killed.
template <class Work>
pid_t give_birth(Work work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  work();
  for (;;)
    ::pause();
}

/// Tracks, and leaves its end of the connection to a child, which tells of nothing: only its own death can.
pid_t viewer_with_an_heir(const std::string& socket, int tracked) {
  return give_birth([&] {
    ControlClient client(socket);
    client.greet();
    control::TrackT track;
    track.topic = "conversation:x";
    track.key = "ada";
    client.ask(std::move(track));
    if (give_birth([] {}) < 0 || ::write(tracked, "+", 1) != 1) ::_exit(1);
  });
}

/// The first process of a process namespace of its own, where it says which id comes next. 0: as it has to be.
int outlive_a_process_id() {
  const AgentdProcess agentd;
  ControlClient witness(agentd.socket());
  witness.greet();
  TopicFollower presence(witness.ask(subscribe_to("conversation:x")));
  int tracked[2];
  char byte = 0;
  if (::pipe(tracked) != 0) return 1;
  const pid_t viewer = viewer_with_an_heir(agentd.socket(), tracked[1]);
  if (::read(tracked[0], &byte, 1) != 1 || presence.next().event->payload.Aspresence_diff()->joins.empty())
    return 1;
  agentd.send(SIGSTOP);
  ::kill(viewer, SIGKILL);
  ::waitpid(viewer, nullptr, 0);
  if (!(std::ofstream("/proc/sys/kernel/ns_last_pid") << viewer - 1 << std::flush)) return not_here;
  const pid_t other = give_birth([] {});
  agentd.send(SIGCONT);
  if (other != viewer) return not_reused;
  return presence.next().event->payload.Aspresence_diff()->leaves.empty() ? 1 : 0;
}

TEST(ReusedProcessId, IsNotTakenForTheClientThatHadIt) {
  const pid_t outside = ::fork();
  if (outside == 0) {
    if (::unshare(CLONE_NEWPID) != 0) ::_exit(not_here);
    const pid_t first = ::fork();
    if (first == 0) {
      int result = 2;
      try {
        result = outlive_a_process_id();
      } catch (const std::exception&) {
        result = 2;
      }
      ::_exit(result);  // with it ends everybody in its namespace
    }
    int status = 0;
    ::waitpid(first, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(outside, &status, 0), outside);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == not_here) GTEST_SKIP() << "no process namespace of its own for this user";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace ringside::agentd
