// SPDX-License-Identifier: Apache-2.0
#include "shm/doorbell.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace ringside::shm {
namespace {

using namespace std::chrono_literals;

/// A subscription as the arm protocol sees one: what is committed, and what was consumed.
struct Counted {
  std::atomic<std::uint64_t> committed{0};
  std::uint64_t consumed = 0;

  bool poll() {
    const std::uint64_t found = committed.load(std::memory_order::acquire);
    const bool news = found != consumed;
    consumed = found;
    return news;
  }
  [[nodiscard]] bool has_news() const { return committed.load(std::memory_order::acquire) != consumed; }
};

TEST(Doorbell, RingsAndDrains) {
  auto bell = Doorbell::create();
  ASSERT_TRUE(bell);
  const int waiting = bell->waiting_end().get();
  EXPECT_EQ(drain_doorbell(waiting), Drained::empty);
  EXPECT_EQ(sleep_on_doorbell(waiting, 0ns), Woken::timeout);
  ring_doorbell(bell->ringing_end().get());
  ring_doorbell(bell->ringing_end().get());
  EXPECT_EQ(sleep_on_doorbell(waiting, std::nullopt), Woken::rung);
  EXPECT_EQ(drain_doorbell(waiting), Drained::rung);
  EXPECT_EQ(drain_doorbell(waiting), Drained::empty);
}

TEST(Doorbell, BothEndsNeverBlockAndAreNotInherited) {
  auto bell = Doorbell::create();
  ASSERT_TRUE(bell);
  for (const int end : {bell->waiting_end().get(), bell->ringing_end().get()}) {
    EXPECT_EQ(::fcntl(end, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    EXPECT_EQ(::fcntl(end, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  }
}

TEST(Doorbell, ThatIsFullHasBeenRung) {
  auto bell = Doorbell::create();
  ASSERT_TRUE(bell);
  // The waiter may make its pipe small and its own end blocking; neither is the writer's concern.
  const int waiting = bell->waiting_end().get();
  ::fcntl(waiting, F_SETPIPE_SZ, 4096);
  ::fcntl(waiting, F_SETFL, 0);
  for (int i = 0; i < 10'000; ++i)
    ring_doorbell(bell->ringing_end().get());
  ::fcntl(waiting, F_SETFL, O_NONBLOCK);
  EXPECT_EQ(drain_doorbell(waiting), Drained::rung);
  EXPECT_EQ(drain_doorbell(waiting), Drained::empty);
}

TEST(Doorbell, OfAWaiterThatClosedItsEndCostsNoSignal) {
  auto bell = Doorbell::create();
  ASSERT_TRUE(bell);
  Descriptor clients = bell->waiting_end().duplicate();
  clients.reset();
  for (int i = 0; i < 100'000; ++i)
    ring_doorbell(bell->ringing_end().get());
}

TEST(Doorbell, TellsThatItsWriterIsGone) {
  Descriptor waiting;
  {
    auto bell = Doorbell::create();
    ASSERT_TRUE(bell);
    waiting = bell->waiting_end().duplicate();
    ring_doorbell(bell->ringing_end().get());
  }
  EXPECT_EQ(sleep_on_doorbell(waiting.get(), std::nullopt), Woken::rung) << "what was rung comes first";
  EXPECT_EQ(drain_doorbell(waiting.get()), Drained::rung);
  EXPECT_EQ(sleep_on_doorbell(waiting.get(), std::nullopt), Woken::hung_up);
  EXPECT_EQ(drain_doorbell(waiting.get()), Drained::hung_up);
}

TEST(Doorbell, WakesOnASignal) {
  auto bell = Doorbell::create();
  ASSERT_TRUE(bell);
  struct sigaction action {};
  action.sa_handler = [](int) {};
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  std::atomic<bool> woken{false};
  const pthread_t self = ::pthread_self();
  std::jthread signaller([&] {
    while (!woken.load(std::memory_order::relaxed)) {
      ::pthread_kill(self, SIGUSR1);
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(sleep_on_doorbell(bell->waiting_end().get(), std::nullopt), Woken::interrupted);
  woken.store(true, std::memory_order::relaxed);
  signaller.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(ArmDoorbell, RaisesTheFlagWhereThereIsNoNewsAndLowersItWhereThereIs) {
  std::atomic<std::uint32_t> flag{0};
  std::array<Counted, 2> topics;
  EXPECT_TRUE(arm_doorbell<SystemAtomics>(flag, topics));
  EXPECT_EQ(flag.load(std::memory_order::relaxed), 1U);
  EXPECT_TRUE(take_wake_up(flag));
  EXPECT_FALSE(take_wake_up(flag)) << "one ring for each sleep";
  topics[1].committed.store(1, std::memory_order::release);
  EXPECT_FALSE(arm_doorbell<SystemAtomics>(flag, topics));
  EXPECT_EQ(flag.load(std::memory_order::relaxed), 0U) << "nobody sleeps: nobody need ring";
  EXPECT_TRUE(arm_doorbell<SystemAtomics>(flag, [] { return false; }));
  disarm_doorbell(flag);
  EXPECT_FALSE(take_wake_up(flag));
}

TEST(ArmDoorbell, BelievesNoFlagThatAClientScribbled) {
  std::atomic<std::uint32_t> flag{0xdead};
  EXPECT_FALSE(take_wake_up(flag));
  EXPECT_EQ(flag.load(std::memory_order::relaxed), 0U);
}

TEST(ArmDoorbell, NeverLeavesAWaiterAsleep) {
  constexpr std::uint64_t commits = 20'000;
  auto bell = Doorbell::create();
  ASSERT_TRUE(bell);
  std::atomic<std::uint32_t> flag{0};
  std::array<Counted, 3> topics;
  std::atomic<std::uint64_t> rings{0};
  std::vector<std::jthread> writers;
  for (Counted& topic : topics) {
    writers.emplace_back([&] {
      for (std::uint64_t i = 1; i <= commits; ++i) {
        topic.committed.store(i, std::memory_order::release);
        std::atomic_thread_fence(std::memory_order::seq_cst);
        if (take_wake_up(flag)) {
          rings.fetch_add(1, std::memory_order::relaxed);
          ring_doorbell(bell->ringing_end().get());
        }
        if (i % 64 == 0) std::this_thread::yield();
      }
    });
  }
  std::uint64_t sleeps = 0;
  const auto all_consumed = [&] {
    return std::ranges::all_of(topics, [](const Counted& each) { return each.consumed == commits; });
  };
  while (true) {
    drain_doorbell(bell->waiting_end().get());
    for (Counted& topic : topics)
      topic.poll();
    if (all_consumed()) break;
    if (!arm_doorbell<SystemAtomics>(flag, topics)) continue;
    ++sleeps;
    ASSERT_EQ(sleep_on_doorbell(bell->waiting_end().get(), std::nullopt), Woken::rung);
  }
  writers.clear();
  EXPECT_GT(sleeps, 0U);
  EXPECT_LE(rings.load(std::memory_order::relaxed), 3 * commits);
}

}  // namespace
}  // namespace ringside::shm
