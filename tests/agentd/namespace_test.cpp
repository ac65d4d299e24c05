// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "agentd/incarnation_clock.hpp"
#include "agentd/namespace_lock.hpp"
#include "agentd/namespace_objects.hpp"
#include "agentd/namespace_place.hpp"
#include "tests/agentd/temporary_folder.hpp"

namespace ringside::agentd {
namespace {

TEST(NamespacePlace, PrefersAPassedSocketThenTheAskedOneThenTheUnitsFolderThenTheUsers) {
  PlaceQuestion question{"lab", "/asked/s", "/passed/s", "/run/ringside/lab", "/run/user/1000"};
  EXPECT_EQ(decide_place(question)->socket, "/passed/s");
  EXPECT_EQ(decide_place(question)->lock, "/run/ringside/lab/lock");
  question.passed_socket.reset();
  EXPECT_EQ(decide_place(question)->socket, "/asked/s");
  EXPECT_EQ(decide_place(question)->lock, "/asked/s.lock");
  question.socket.reset();
  EXPECT_EQ(decide_place(question)->socket, "/run/ringside/lab/control.sock");
  EXPECT_EQ(decide_place(question)->lock, "/run/ringside/lab/lock");
  EXPECT_EQ(decide_place(question)->socket_mode, 0660U);
  question.runtime_directory.reset();
  EXPECT_EQ(decide_place(question)->socket, "/run/user/1000/ringside/lab/control.sock");
  EXPECT_EQ(decide_place(question)->lock, "/run/user/1000/ringside/lab/lock");
  EXPECT_EQ(decide_place(question)->socket_mode, 0600U);
}

TEST(NamespacePlace, SaysWhatToDoWhereThereIsNone) {
  const auto place = decide_place({});
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().exit_code, EX_CONFIG);
  EXPECT_EQ(place.error().message,
            "no place for the control socket: neither $RUNTIME_DIRECTORY nor $XDG_RUNTIME_DIR is set; set "
            "one of them, "
            "or name a socket with --socket");
}

TEST(NamespacePlace, NamesTheLengthOfAPathThatNoSocketCanHave) {
  PlaceQuestion question;
  question.socket = "/" + std::string(120, 'x');
  const auto place = decide_place(question);
  ASSERT_FALSE(place);
  EXPECT_NE(place.error().message.find("at most 107 bytes, this one has 121"), std::string::npos);
}

TEST(NamespacePlace, MakesTheUsersFolderForTheUserOnlyUnderAnyUmask) {
  for (const mode_t mask : {0000U, 0077U, 0777U}) {
    TemporaryFolder folder;
    PlaceQuestion question;
    question.xdg_runtime_dir = folder.path();
    const NamespacePlace place = *decide_place(question);
    const mode_t before = ::umask(mask);
    const auto prepared = prepare_folder(place);
    ::umask(before);
    ASSERT_TRUE(prepared) << prepared.error().message;
    struct stat made {};
    ASSERT_EQ(::stat(place.socket.parent_path().c_str(), &made), 0);
    EXPECT_EQ(made.st_mode & 07777U, 0700U);
  }
}

TEST(NamespacePlace, RefusesAFolderInWhichOthersCouldReplaceTheSocket) {
  TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  PlaceQuestion question;
  question.socket = folder.path() / "control.sock";
  const auto prepared = prepare_folder(*decide_place(question));
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().exit_code, EX_NOPERM);
  EXPECT_NE(prepared.error().message.find("others could replace a socket here"), std::string::npos);
}

TEST(NamespaceLock, RefusesASecondHolderAtOnceAndNamesTheFirst) {
  TemporaryFolder folder;
  const auto path = folder.path() / "lock";
  const auto first = NamespaceLock::take(path);
  ASSERT_TRUE(first) << first.error().message;
  const auto second = NamespaceLock::take(path);  // another open file: flock treats it as another process
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().exit_code, EX_TEMPFAIL);
  EXPECT_EQ(second.error().message, "this namespace is served already, by process " +
                                        std::to_string(::getpid()) + " (it holds " + path.string() +
                                        "); stop that one, or choose another namespace with --namespace");
}

TEST(NamespaceLock, IsFreeAsSoonAsItsHolderWasKilled) {
  TemporaryFolder folder;
  const auto path = folder.path() / "lock";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = NamespaceLock::take(path);
    const char byte = held ? '+' : '-';
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    for (;;)
      ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, '+');
  EXPECT_FALSE(NamespaceLock::take(path));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(NamespaceLock::take(path));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(NamespaceLock, IsTheFileUnderThePathNotOneThatWasRemoved) {
  TemporaryFolder folder;
  const auto path = folder.path() / "lock";
  const auto first = NamespaceLock::take(path);
  std::filesystem::remove(path);
  // Nothing protects a lock that somebody removed, but it is a new one.
  const auto second = NamespaceLock::take(path);
  ASSERT_TRUE(second);
  EXPECT_FALSE(NamespaceLock::take(path));
}

TEST(NamespaceLock, DoesNotFollowALinkAndDoesNotWaitForAPipe) {
  TemporaryFolder folder;
  std::filesystem::create_symlink("/tmp/somewhere", folder.path() / "link");
  EXPECT_FALSE(NamespaceLock::take(folder.path() / "link"));
  ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(NamespaceLock::take(folder.path() / "pipe"));
  std::filesystem::create_directory(folder.path() / "folder");
  EXPECT_FALSE(NamespaceLock::take(folder.path() / "folder"));
}

TEST(NamespaceObjects, SweepsItsOwnPrefixAndNothingElse) {
  TemporaryFolder folder;
  const NamespaceObjects ours(folder.path() / "a");
  const NamespaceObjects others(folder.path() / "b");
  EXPECT_NE(ours.prefix(), others.prefix());
  EXPECT_EQ(ours.prefix(), NamespaceObjects(folder.path() / "a").prefix());
  const std::string mine = ours.fresh_name();
  const std::string theirs = others.fresh_name();
  EXPECT_NE(mine, ours.fresh_name());
  for (const std::string& name : {mine, theirs}) {
    const int object = ::shm_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600);
    ASSERT_GE(object, 0);
    ::close(object);
  }
  EXPECT_EQ(ours.sweep(), 1U);
  EXPECT_EQ(ours.sweep(), 0U);
  EXPECT_EQ(::shm_unlink(mine.c_str()), -1);
  EXPECT_EQ(::shm_unlink(theirs.c_str()), 0);
}

TEST(IncarnationClock, OnlyGrowsWhateverTheWallClockDoes) {
  IncarnationClock clock;
  EXPECT_EQ(clock.next(5'000'000), 5'000U);
  EXPECT_EQ(clock.next(5'000'000), 5'001U);
  EXPECT_EQ(clock.next(1'000), 5'002U);
  EXPECT_EQ(clock.next(-1), 5'003U);
  EXPECT_EQ(clock.next(9'000'000), 9'000U);
}

}  // namespace
}  // namespace ringside::agentd
