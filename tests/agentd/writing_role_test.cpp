// SPDX-License-Identifier: Apache-2.0
#include "agentd/writing_role.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <semaphore>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/agentd/role_listener.hpp"

namespace ringside::agentd {
namespace {

/// Gives everything, but the latest first: the reorder buffer has to restore the order.
class ReversingQueue {
 public:
  [[nodiscard]] bool enqueue(Said* said) noexcept {
    const std::lock_guard lock(guard_);
    waiting_.push_back(said);
    return true;
  }
  std::size_t dequeue(Said** nodes, std::size_t) noexcept {
    const std::lock_guard lock(guard_);
    if (waiting_.empty()) return 0;
    *nodes = waiting_.back();
    waiting_.pop_back();
    return 1;
  }
  [[nodiscard]] bool empty() const noexcept {
    const std::lock_guard lock(guard_);
    return waiting_.empty();
  }

 private:
  mutable std::mutex guard_;
  std::vector<Said*> waiting_;
};

/// Lets moodycamel's queue run out of memory now and then.
struct PoorTraits : TicketQueueTraits {
  static inline std::atomic<std::uint32_t> refused{0};
  static inline std::atomic<std::uint32_t> asked{0};
  static inline std::atomic<bool> refuses_all{false};

  static void* malloc(std::size_t size) {
    const bool poor = refuses_all.load(std::memory_order::relaxed) ||
                      asked.fetch_add(1, std::memory_order::relaxed) % 3 != 0;
    if (poor) {
      refused.fetch_add(1, std::memory_order::relaxed);
      return nullptr;
    }
    return std::malloc(size);
  }
  static void free(void* memory) { std::free(memory); }
};

using ReversedRole = WritingRole<Said, Listener, shm::SystemAtomics, ReversingQueue>;
using PoorRole = WritingRole<Said, Listener, shm::SystemAtomics, TicketQueue<Said, PoorTraits>>;

constexpr std::uint32_t thread_count = 8;
constexpr std::uint32_t rounds = 10'000;

/// When a call began and returned, on one clock of all threads that only counts.
struct Call {
  std::uint64_t began = 0;
  std::uint64_t returned = 0;
};

template <class AnyRole>
void expect_causal_order(Listener& listener, AnyRole& role) {
  std::vector<std::vector<Call>> calls(thread_count, std::vector<Call>(rounds));
  std::atomic<std::uint64_t> clock{1};
  std::barrier start(thread_count);
  std::vector<std::jthread> threads;
  for (std::uint32_t t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      for (std::uint32_t i = 0; i < rounds; ++i) {
        calls[t][i].began = clock.fetch_add(1, std::memory_order::seq_cst);
        role.submit(std::make_unique<Said>(t, i));
        calls[t][i].returned = clock.fetch_add(1, std::memory_order::seq_cst);
        if (i % 8 == t) std::this_thread::yield();  // few processors, many threads: mix them
      }
    });
  }
  threads.clear();
  role.flush();

  ASSERT_EQ(listener.heard.size(), std::size_t{thread_count} * rounds);
  std::uint64_t latest_beginning = 0;
  std::vector<std::uint32_t> next(thread_count, 0);
  for (std::size_t i = 0; i < listener.heard.size(); ++i) {
    const auto& heard = listener.heard[i];
    ASSERT_EQ(heard.ticket, i) << "the order has a hole";
    ASSERT_EQ(heard.number, next[heard.thread]++) << "a thread's own order is broken";
    const Call& call = calls[heard.thread][heard.number];
    ASSERT_GT(call.returned, latest_beginning)
        << "something that was called after this had returned came before it";
    latest_beginning = std::max(latest_beginning, call.began);
  }
}

TEST(WritingRole, KeepsCausalOrderAcrossEightProducerThreads) {
  Listener listener;
  Role role(listener);
  expect_causal_order(listener, role);
}

TEST(WritingRole, DeliversEveryTicketInOrderWhereTheQueueHasNoMemory) {
  Listener listener;
  PoorRole role(listener);
  PoorTraits::refused.store(0, std::memory_order::relaxed);
  // The first delivery lasts until others have asked for memory often enough to be refused it.
  const std::uint32_t asked_before = PoorTraits::asked.load(std::memory_order::relaxed);
  listener.on_delivery = [&](const Said& said) {
    while (said.ticket == 0 && PoorTraits::asked.load(std::memory_order::relaxed) - asked_before < 3)
      std::this_thread::yield();
  };
  expect_causal_order(listener, role);
  EXPECT_GT(PoorTraits::refused.load(std::memory_order::relaxed), 0U) << "the queue never ran out of memory";
}

TEST(WritingRole, DeliversAtOnceWhereThereIsNoMemoryForAQueueAtAll) {
  Listener listener;
  PoorTraits::refuses_all.store(true, std::memory_order::relaxed);
  {
    PoorRole role(listener);
    for (std::uint32_t i = 0; i < 100; ++i) {
      role.submit(std::make_unique<Said>(0, i));
      EXPECT_EQ(listener.heard.size(), i + 1);
    }
  }
  PoorTraits::refuses_all.store(false, std::memory_order::relaxed);
}

TEST(WritingRole, LeavesNothingBehindWhenItsProducersAreDone) {
  constexpr std::uint32_t producers = 3;
  constexpr std::uint64_t many = 5'000;
  Listener listener;
  Role role(listener);
  std::uint64_t wrong = 0;
  // No flush, nobody who comes later: what three concurrent calls left must have been seen by the last look of one.
  std::barrier round(producers, [&]() noexcept {
    if (listener.heard.size() % producers != 0) ++wrong;
  });
  std::vector<std::jthread> threads;
  for (std::uint32_t t = 0; t < producers; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < many; ++i) {
        role.submit(std::make_unique<Said>(t, i));
        round.arrive_and_wait();
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(listener.heard.size(), producers * many);
}

TEST(WritingRole, SeesWhatCameJustBeforeItGaveTheRoleBack) {
  Listener listener;
  Role role(listener);
  // Another thread comes between the holder's last take from the queue and the giving: it finds the role taken, and goes.
  listener.on_end_drain = [&] {
    if (listener.drains == 1) std::jthread([&] { role.submit(std::make_unique<Said>(1, 0)); }).join();
  };
  role.submit(std::make_unique<Said>(0, 0));
  ASSERT_EQ(listener.heard.size(), 2U) << "an event was left behind until somebody else comes";
  EXPECT_EQ(listener.heard.back().thread, 1U);
}

TEST(WritingRole, RestoresTheOrderOfAQueueThatHasNone) {
  constexpr std::uint32_t others = 500;
  Listener listener;
  ReversedRole role(listener);
  HeldRole held(listener, role);
  for (std::uint32_t i = 0; i < others; ++i)
    role.submit(std::make_unique<Said>(1, i));
  held.let_go();
  ASSERT_EQ(listener.heard.size(), 1U + others);
  for (std::size_t i = 0; i < listener.heard.size(); ++i)
    ASSERT_EQ(listener.heard[i].ticket, i);
}

TEST(WritingRole, KeepsCausalOrderOverAQueueThatHasNone) {
  Listener listener;
  ReversedRole role(listener);
  expect_causal_order(listener, role);
}

TEST(WritingRole, HandsOverWhatOthersKeepBringing) {
  constexpr std::uint32_t others = 3'000;
  Listener listener;
  Role role(listener);
  std::binary_semaphore handed_over(0);
  std::vector<std::thread::id> by;
  listener.on_delivery = [&](const Said&) { by.push_back(std::this_thread::get_id()); };
  listener.on_hand_over = [&] {
    handed_over.release();
    return true;
  };
  HeldRole held(listener, role);
  for (std::uint32_t i = 0; i < others; ++i)
    role.submit(std::make_unique<Said>(1, i));
  held.let_go();
  handed_over.acquire();
  EXPECT_EQ(std::ranges::count(by, held.id()), 1 + Role::deliveries_for_others_max);

  role.resume();
  role.resume();
  ASSERT_EQ(listener.heard.size(), 1U + others);
  EXPECT_EQ(std::ranges::count(by, held.id()), 1 + Role::deliveries_for_others_max);
  EXPECT_TRUE(std::ranges::is_sorted(listener.heard, {}, &Listener::Heard::ticket));
}

TEST(WritingRole, GoesOnByItselfWhereNobodyTakesOver) {
  constexpr std::uint32_t hand_overs = 3;
  constexpr std::uint32_t others = (hand_overs + 1) * Role::deliveries_for_others_max - 200;
  static_assert(others < Role::tickets_ahead_max);
  Listener listener;
  Role role(listener);
  HeldRole held(listener, role);
  for (std::uint32_t i = 0; i < others; ++i)
    role.submit(std::make_unique<Said>(1, i));
  held.let_go();
  EXPECT_EQ(listener.heard.size(), 1U + others);
  EXPECT_EQ(listener.hand_overs.load(std::memory_order::relaxed), static_cast<int>(hand_overs));
}

TEST(WritingRole, ProducersWaitWhereTheyAreTooFarAhead) {
  constexpr std::uint64_t ahead_max = Role::tickets_ahead_max;
  Listener listener;
  Role role(listener);
  HeldRole held(listener, role);
  std::atomic<std::uint64_t> returned{0};
  std::uint64_t too_far = 0;
  std::jthread second([&] {
    for (std::uint64_t ticket = 1; ticket < ahead_max + 1000; ++ticket) {
      role.submit(std::make_unique<Said>(1, 0));
      const std::uint64_t delivered = listener.delivered.load(std::memory_order::relaxed);
      if (ticket >= delivered + ahead_max) ++too_far;
      returned.store(ticket, std::memory_order::release);
    }
  });
  while (returned.load(std::memory_order::acquire) < ahead_max - 1)
    std::this_thread::yield();
  held.let_go();
  second.join();
  role.flush();
  EXPECT_EQ(too_far, 0U);
  EXPECT_EQ(listener.heard.size(), ahead_max + 1000);
}

TEST(WritingRole, ADeliveryMaySubmit) {
  Listener listener;
  Role role(listener);
  listener.on_delivery = [&](const Said& said) {
    EXPECT_TRUE(role.held_by_this_thread());
    if (said.number < 5) role.submit(std::make_unique<Said>(said.thread, said.number + 1));
  };
  EXPECT_FALSE(role.held_by_this_thread());
  role.submit(std::make_unique<Said>(7, 0));
  ASSERT_EQ(listener.heard.size(), 6U);
  EXPECT_EQ(listener.heard.back().number, 5U);
  EXPECT_FALSE(role.held_by_this_thread());
}

TEST(WritingRole, TheEndOfADrainMaySubmit) {
  Listener listener;
  Role role(listener);
  listener.on_end_drain = [&] {
    if (listener.drains == 1) role.submit(std::make_unique<Said>(0, 1));
  };
  role.submit(std::make_unique<Said>(0, 0));
  ASSERT_EQ(listener.heard.size(), 2U);
  EXPECT_EQ(listener.heard[1].number, 1U);
}

TEST(WritingRole, FlushWaitsForWhatWasSubmittedBefore) {
  Listener listener;
  Role role(listener);
  std::vector<std::jthread> threads;
  std::atomic<std::uint32_t> too_early{0};
  for (std::uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 500; ++i) {
        auto said = std::make_unique<Said>(t, i);
        role.submit(std::move(said));
        role.flush();
        // This thread alone has brought i + 1 by now.
        if (listener.delivered.load(std::memory_order::relaxed) < i + 1) {
          too_early.fetch_add(1, std::memory_order::relaxed);
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(too_early.load(std::memory_order::relaxed), 0U);
  EXPECT_EQ(listener.heard.size(), 2000U);
}

TEST(WritingRole, ThreadsMayEndBeforeTheRoleAndTheRoleBeforeThem) {
  Listener listener;
  auto role = std::make_unique<Role>(listener);
  for (std::uint32_t i = 0; i < 50; ++i)
    std::jthread([&] { role->submit(std::make_unique<Said>(0, i)); }).join();
  std::binary_semaphore submitted(0);
  std::binary_semaphore gone(0);
  std::jthread survivor([&] {
    role->submit(std::make_unique<Said>(0, 50));
    submitted.release();
    gone.acquire();
    // This thread's token of the dead role's queue must neither be used nor given back to freed memory.
    Listener other;
    Role next(other);
    next.submit(std::make_unique<Said>(0, 0));
    EXPECT_EQ(other.heard.size(), 1U);
  });
  submitted.acquire();
  role.reset();
  gone.release();
  survivor.join();
  EXPECT_EQ(listener.heard.size(), 51U);
}

}  // namespace
}  // namespace ringside::agentd
