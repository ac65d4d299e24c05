// SPDX-License-Identifier: Apache-2.0
//
// What a poll must not do: allocate, lock for ever, call the system.
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <ringside/client.hpp>
#include <ringside/subscription_set.hpp>

#include "tests/clientlib/child.hpp"
#include "tests/clientlib/fake_daemon.hpp"

namespace {

thread_local std::size_t allocations = 0;

void* count_and_allocate(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// Not inlined: where g++ sees one half of a pair without the other it warns of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return count_and_allocate(size);
}
[[gnu::noinline]] void* operator new[](std::size_t size) {
  return count_and_allocate(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace ringside {
namespace {

using test::FakeDaemon;

constexpr std::size_t events_count = 20;  // some segments' worth

class PollCost : public ::testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(Subscription, PollCost, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "Copying" : "InPlace"; });

TEST_P(PollCost, NothingIsAllocated) {
  FakeDaemon daemon;
  Client client = Client::connect({.socket = daemon.socket()}).value();
  Subscription subscription = client.subscribe("topic", {.copying = GetParam()}).value();
  for (std::size_t i = 0; i < events_count; ++i)
    daemon.topic("topic").publish_text(std::string(300, 'a'));
  const std::size_t before = allocations;
  std::size_t count = 0;
  count += subscription.poll([](const Event&) {}, events_count / 2).events;
  for (const Event& event : subscription)
    count = event.sequence();
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(count, events_count);
}

TEST_P(PollCost, OfASetAllocatesNothing) {
  // Longer than a string keeps in itself.
  const std::vector<std::string> topics{"a topic with a name of some length: one",
                                        "a topic with a name of some length: two"};
  FakeDaemon daemon;
  Client client = Client::connect({.socket = daemon.socket()}).value();
  SubscriptionSet set(client, {.copying = GetParam()});
  ASSERT_TRUE(set.sync(topics).refused.empty());
  for (std::size_t i = 0; i < events_count; ++i)
    daemon.topic(topics[i % topics.size()]).publish_text(std::string(300, 'a'));
  const std::size_t before = allocations;
  std::size_t count = 0;
  while (const std::size_t events = set.poll([](std::string_view, const Event&) {}, 3))
    count += events;
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(count, events_count);
}

TEST_P(PollCost, TheSystemIsNotCalled) {
  FakeDaemon daemon;
  for (std::size_t i = 0; i < events_count; ++i)
    daemon.topic("topic").publish_text(std::string(300, 'a'));
  test::Child child([&daemon] {
    Client client = Client::connect({.socket = daemon.socket()}).value();
    Subscription subscription =
        client.subscribe("topic", {.from = From::oldest, .copying = GetParam()}).value();
    std::size_t count = 0;
    bool strict = true;
    std::thread reader([&] {
      // From here on any system call but read, write and exit ends this thread.
      strict = ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0;
      if (!strict) return;
      while (const std::size_t events = subscription.poll([](const Event&) {}).events)
        count += events;
      ::syscall(SYS_exit, 0);
    });
    reader.join();
    if (!strict) return 2;
    return count == events_count ? 0 : 3;
  });
  const int result = child.wait();
  if (result == 2) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace ringside
