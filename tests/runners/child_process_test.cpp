// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/child_process.hpp"

#include <array>
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace ringside::agentd {
namespace {

int open_exit_descriptor(pid_t process) {
  return static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
}

bool ended(int exit_descriptor, int timeout_ms) {
  pollfd poll{exit_descriptor, POLLIN, 0};
  return ::poll(&poll, 1, timeout_ms) == 1;
}

/// One line, however it comes in.
std::string read_line(int descriptor) {
  std::string line;
  for (char c = 0; ::read(descriptor, &c, 1) == 1 && c != '\n';)
    line += c;
  return line;
}

TEST(ChildProcess, OutlivesTheThreadThatAskedForItAndNotTheProcess) {
  auto owner = ChildProcess::spawn({{RINGSIDE_PROCESS_OWNER}, {"PATH=/usr/bin:/bin"}, {}});
  ASSERT_TRUE(owner) << owner.error().message;
  const int said = owner->take_output();
  ::fcntl(said, F_SETFL, 0);
  const int child = open_exit_descriptor(std::stoi(read_line(said)));
  ASSERT_GE(child, 0);
  EXPECT_EQ(read_line(said), "the thread that started it has ended");
  EXPECT_FALSE(ended(child, 0));
  ::kill(owner->id(), SIGKILL);
  EXPECT_TRUE(ended(child, -1));  // ctest's watchdog ends the wait
  ::close(child);
  ::close(said);
}

TEST(ChildProcess, LeadsASessionOfItsOwnWithNoSignalLeftBlockedOrIgnored) {
  ::signal(SIGPIPE, SIG_IGN);
  auto child = ChildProcess::spawn(
      {{"sh", "-c",
        "cut -d' ' -f5,6 /proc/$$/stat; grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\n'; echo"},
       {"PATH=/usr/bin:/bin"},
       {}});
  ASSERT_TRUE(child) << child.error().message;
  const int said = child->take_output();
  ::fcntl(said, F_SETFL, 0);
  const std::string id = std::to_string(child->id());
  EXPECT_EQ(read_line(said), id + " " + id);
  EXPECT_EQ(read_line(said), "SigBlk:\t0000000000000000SigIgn:\t0000000000000000");
  ::close(said);
}

TEST(ChildProcess, SaysInWordsHowItEnded) {
  EXPECT_EQ(in_words({3, false, false}), "exited with status 3");
  EXPECT_EQ(in_words({SIGSEGV, true, false}), "killed by signal 11 (Segmentation fault)");
  EXPECT_EQ(in_words({SIGABRT, true, true}), "killed by signal 6 (Aborted), core dumped");
}

}  // namespace
}  // namespace ringside::agentd
