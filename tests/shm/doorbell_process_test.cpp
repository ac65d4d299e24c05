// SPDX-License-Identifier: Apache-2.0
//
// The doorbell between processes: rings, pages and pipes as a daemon and its clients have them.
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "shm/attached_ring.hpp"
#include "shm/doorbell.hpp"
#include "shm/ring_object.hpp"
#include "shm/ring_reader.hpp"
#include "shm/ring_writer.hpp"
#include "shm/session_page.hpp"

namespace ringside::shm {
namespace {

constexpr RingGeometry geometry{16 * 1024, 4, 4, 4};

RingObject make_ring(const std::string& topic) {
  auto object = RingObject::create("/ringside-test." + std::to_string(::getpid()) + "." + topic, geometry,
                                   RingIdentity{topic, 1, {}});
  EXPECT_TRUE(object);
  object->remove();
  return std::move(*object);
}

/// A client with two subscriptions: reads until it has seen, or been told lost, `count` events of each. Returns whether
/// every number was right.
bool read_all(const SessionPage& daemons_page, int waiting_end, std::array<int, 2> rings,
              std::uint64_t count) {
  auto page = SessionPage::attach(daemons_page.descriptor().duplicate());
  if (!page) return false;
  std::array<std::uint64_t, 2> seen{};
  bool right = true;
  auto first = AttachedRing::attach(Descriptor(rings[0]), ::geteuid());
  auto second = AttachedRing::attach(Descriptor(rings[1]), ::geteuid());
  if (!first || !second) return false;
  const Cursor begin{1, 0, 1};
  BasicRingReader<> readers[2] = {{first->view(), begin, page->pins(6)},
                                  {second->view(), begin, page->pins(7)}};
  while (seen[0] < count || seen[1] < count) {
    if (drain_doorbell(waiting_end) == Drained::hung_up) return false;
    for (std::size_t i = 0; i < 2; ++i) {
      readers[i].poll([&](const Record& record) { right = right && record.sequence == ++seen[i]; },
                      [&](const Gap& gap) { seen[i] += gap.count; }, 100);
    }
    if (seen[0] >= count && seen[1] >= count) break;
    if (!arm_doorbell<SystemAtomics>(*page->wake_flag(), readers)) continue;
    if (sleep_on_doorbell(waiting_end, std::nullopt) != Woken::rung) return false;
  }
  return right;
}

TEST(DoorbellProcess, NeverLeavesAClientOfTwoTopicsAsleep) {
  constexpr std::uint64_t count = 30'000;
  auto page = SessionPage::create(1, 2);
  auto bell = Doorbell::create();
  ASSERT_TRUE(page && bell);
  std::array<RingObject, 2> objects{make_ring("one"), make_ring("two")};
  std::array<int, 2> descriptors{};
  std::array<std::optional<RingWriter>, 2> writers;
  for (std::size_t i = 0; i < 2; ++i) {
    descriptors[i] = objects[i].read_only_descriptor()->release();
    writers[i].emplace(objects[i].memory(), objects[i].backing(), objects[i].first_sequence());
    const std::uint32_t line = subscription_line_first + static_cast<std::uint32_t>(i);
    ASSERT_TRUE(writers[i]->add_subscriber({page->pins(line), page->wake_flag(), bell->ringing_end().get()}));
  }
  const pid_t client = ::fork();
  if (client == 0) {
    ::alarm(120);  // left asleep: the end
    ::_exit(read_all(*page, bell->waiting_end().get(), descriptors, count) ? 0 : 1);
  }
  const std::array<std::byte, 64> payload{};
  // Once at least it is about to sleep: else it might never have to, where it gets a core to itself.
  while (page->wake_flag()->load(std::memory_order::acquire) == 0)
    ::sched_yield();
  for (std::uint64_t i = 0; i < count; ++i) {
    for (auto& writer : writers) {
      ASSERT_TRUE(writer->publish(payload, 1, 0));
      writer->ring();
      writer->prepare();
    }
    if (i % 16 == 0) ::sched_yield();
  }
  int status = 0;
  ASSERT_EQ(::waitpid(client, &status, 0), client);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_GT(writers[0]->counters().bells + writers[1]->counters().bells, 0U) << "it never slept";
}

/// From here on any system call but the end kills this process.
bool forbid_system_calls() {
  std::array<sock_filter, 4> filter{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  }};
  const sock_fprog program{filter.size(), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// How a process ends that publishes a hundred times, rings after each, and may make no system call.
int publish_without_system_calls(std::uint32_t flag) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto page = SessionPage::create(1, 0);
    auto bell = Doorbell::create();
    RingObject object = make_ring("quiet" + std::to_string(flag));
    RingWriter writer(object.memory(), object.backing(), object.first_sequence());
    if (!page || !bell) ::_exit(2);
    if (!writer.add_subscriber({page->pins(6), page->wake_flag(), bell->ringing_end().get()})) ::_exit(2);
    writer.prepare();
    page->wake_flag()->store(flag, std::memory_order::relaxed);
    const std::array<std::byte, 64> payload{};
    if (!forbid_system_calls()) ::_exit(3);
    for (int i = 0; i < 100; ++i) {
      if (!writer.publish(payload, 1, 0)) ::_exit(4);
      writer.ring();
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(DoorbellProcess, PublishingMakesNoSystemCallWhenNobodySleeps) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers make system calls of their own";
#endif
  EXPECT_EQ(publish_without_system_calls(0), 0);
  const int woke_somebody = publish_without_system_calls(1);
  EXPECT_TRUE(WIFSIGNALED(woke_somebody) && WTERMSIG(woke_somebody) == SIGSYS)
      << "the filter must see the one call that there is: " << woke_somebody;
}

TEST(DoorbellProcess, HangsUpWhenTheDaemonDiesThoughItsChildrenLive) {
  Descriptor waiting;
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  pid_t daemon = 0;
  {
    auto bell = Doorbell::create();
    ASSERT_TRUE(bell);
    daemon = ::fork();
    if (daemon == 0) {
      const pid_t grandchild = ::fork();
      if (grandchild == 0) {
        // A runner's child: whatever was not close-on-exec would live as long as this.
        ::execl("/bin/sh", "sh", "-c", "echo $$ >&\"$0\"; exec sleep 300", std::to_string(ready[1]).c_str(),
                nullptr);
        ::_exit(1);
      }
      for (;;)
        ::pause();
    }
    waiting = bell->waiting_end().duplicate();
  }
  std::array<char, 32> text{};
  ASSERT_GT(::read(ready[0], text.data(), text.size() - 1), 0);
  const pid_t grandchild = std::stoi(text.data());
  EXPECT_EQ(sleep_on_doorbell(waiting.get(), std::chrono::nanoseconds(0)), Woken::timeout)
      << "the daemon lives";
  ASSERT_EQ(::kill(daemon, SIGKILL), 0);
  ASSERT_EQ(::waitpid(daemon, nullptr, 0), daemon);
  EXPECT_EQ(sleep_on_doorbell(waiting.get(), std::nullopt), Woken::hung_up);
  EXPECT_EQ(drain_doorbell(waiting.get()), Drained::hung_up);
  EXPECT_EQ(::kill(grandchild, SIGKILL), 0) << "it was alive all the time";
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace ringside::shm
