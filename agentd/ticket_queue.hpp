// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <unordered_map>
#include <utility>

#include <concurrentqueue.h>

namespace ringside::agentd {

/// Small blocks: most topics see a handful of events at a time, and there are thousands of topics.
struct TicketQueueTraits : moodycamel::ConcurrentQueueDefaultTraits {
  static constexpr std::size_t BLOCK_SIZE = 16;
  static constexpr std::size_t EXPLICIT_INITIAL_INDEX_SIZE = 4;
  static constexpr std::size_t INITIAL_IMPLICIT_PRODUCER_HASH_SIZE = 0;
};

/// From many threads to whoever holds the writing role: moodycamel's queue, made when it is first needed, each thread
/// with a token of its own.
///
/// Threads  : `enqueue` and `empty` from any, `dequeue` by the holder of the role.
/// Progress : lock-free.
/// Ordering : E24: what was enqueued before (in the sense of happens-before) is found by `dequeue` and seen by `empty`.
///            Nothing else is promised; the tickets order.
/// Memory   : nothing until the first `enqueue`. A thread's token keeps the memory of a queue that is gone until that
///            thread makes its next token, or ends.
template <class Node, class Traits = TicketQueueTraits>
class TicketQueue {
 public:
  TicketQueue() = default;
  TicketQueue(const TicketQueue&) = delete;
  TicketQueue& operator=(const TicketQueue&) = delete;
  TicketQueue(TicketQueue&&) = delete;
  TicketQueue& operator=(TicketQueue&&) = delete;
  ~TicketQueue() { delete held_.load(std::memory_order::relaxed); }  // relaxed: nobody else is left

  /// False: no memory; the node is the caller's still.
  [[nodiscard]] bool enqueue(Node* node) noexcept {
    Held* const held = made();
    if (held == nullptr) return false;
    const moodycamel::ProducerToken* const token = own_token(*held);
    return token != nullptr && held->queue->enqueue(*token, node);
  }

  /// Up to `count` nodes in no particular order; the number that came.
  std::size_t dequeue(Node** nodes, std::size_t count) noexcept {
    Held* const held = held_.load(std::memory_order::acquire);  // E24
    return held == nullptr ? 0 : held->queue->try_dequeue_bulk(nodes, count);
  }

  [[nodiscard]] bool empty() const noexcept {
    const Held* const held = held_.load(std::memory_order::acquire);  // E24
    return held == nullptr || held->queue->size_approx() == 0;
  }

 private:
  using Queue = moodycamel::ConcurrentQueue<Node*, Traits>;

  struct Held {
    std::shared_ptr<Queue> queue = std::make_shared<Queue>(0);
    std::shared_ptr<char> alive = std::make_shared<char>();
  };

  struct Token {
    std::shared_ptr<Queue> queue;  // before the token, which is given back to it
    std::weak_ptr<char> alive;
    moodycamel::ProducerToken token;
  };

  Held* made() noexcept {
    Held* held = held_.load(std::memory_order::acquire);  // E24
    if (held != nullptr) return held;
    std::unique_ptr<Held> fresh;
    try {
      fresh = std::make_unique<Held>();
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
    // E24: whoever sees the pointer sees the queue behind it.
    if (held_.compare_exchange_strong(held, fresh.get(), std::memory_order::acq_rel,
                                      std::memory_order::acquire)) {
      held = fresh.release();
    }
    return held;
  }

  static const moodycamel::ProducerToken* own_token(const Held& held) noexcept {
    static thread_local std::unordered_map<const void*, Token> tokens;
    const void* const key = held.queue.get();
    auto found = tokens.find(key);
    if (found == tokens.end()) {
      try {
        std::erase_if(tokens, [](const auto& entry) { return entry.second.alive.expired(); });
        found = tokens.try_emplace(key, Token{held.queue, held.alive, moodycamel::ProducerToken(*held.queue)})
                    .first;
      } catch (const std::bad_alloc&) {
        return nullptr;
      }
    }
    if (found->second.token.valid()) return &found->second.token;
    tokens.erase(found);
    return nullptr;
  }

  std::atomic<Held*> held_{nullptr};
};

}  // namespace ringside::agentd
