// SPDX-License-Identifier: Apache-2.0
//
// The bodies of writing_role.hpp.
#pragma once

#include "agentd/writing_role.hpp"

namespace ringside::agentd {

template <class Node, class Sink, class Atomics, class Queue, class Threads>
WritingRole<Node, Sink, Atomics, Queue, Threads>::~WritingRole() {
  Node* node = nullptr;
  while (queue_.dequeue(&node, 1) != 0)
    delete node;
  while (!waiting_.empty())
    delete waiting_.pop();
}

template <class Node, class Sink, class Atomics, class Queue, class Threads>
void WritingRole<Node, Sink, Atomics, Queue, Threads>::submit(std::unique_ptr<Node> node) noexcept {
  // relaxed: tickets order by their number alone, and one counter's modification order
  // agrees with happens-before.
  node->ticket = tickets_.fetch_add(1, std::memory_order::relaxed);
  if (held_by_this_thread()) {
    waiting_.push(node.release());  // the drain that we are inside of comes to it
    return;
  }
  wait_for_room(node->ticket);
  if (take()) {
    // In place: where nobody else writes, no queue is passed, and none is ever made.
    waiting_.push(node.release());
    work_as_holder();
    return;
  }
  if (queue_.enqueue(node.get())) {
    static_cast<void>(node.release());
  } else {
    keep_as_holder(std::move(node));
  }
  combine();
}

template <class Node, class Sink, class Atomics, class Queue, class Threads>
template <class Ready, class Deliver>
bool WritingRole<Node, Sink, Atomics, Queue, Threads>::deliver_in_place(Ready&& ready,
                                                                        Deliver&& deliver) noexcept {
  // relaxed: a hint, that spares the holder's line the exchange. Inside a delivery of ours it is taken, too.
  if (role_.load(std::memory_order::relaxed) != 0 || !take()) return false;
  if (!ready() || !take_next_ticket()) {
    work_as_holder();  // somebody may have found the role taken
    return false;
  }
  sink_.begin_drain();
  deliver();
  count_delivery();
  sink_.end_drain();
  give();
  if (!queue_.empty()) combine();
  return true;
}

/// The ticket that is delivered next, if nobody has it yet.
template <class Node, class Sink, class Atomics, class Queue, class Threads>
bool WritingRole<Node, Sink, Atomics, Queue, Threads>::take_next_ticket() noexcept {
  std::uint64_t ticket = next_;
  // relaxed: as in submit(); what was delivered before came with the role (E22).
  return tickets_.compare_exchange_strong(ticket, next_ + 1, std::memory_order::relaxed,
                                          std::memory_order::relaxed);
}

template <class Node, class Sink, class Atomics, class Queue, class Threads>
void WritingRole<Node, Sink, Atomics, Queue, Threads>::flush() noexcept {
  RINGSIDE_ASSERT(!held_by_this_thread());
  // relaxed: the caller's own tickets come before in program order; of others nothing is promised.
  const std::uint64_t target = tickets_.load(std::memory_order::relaxed);
  typename Threads::Wait wait;
  while (delivered_.load(std::memory_order::acquire) < target) {  // E23
    combine();
    wait.once();
  }
}

template <class Node, class Sink, class Atomics, class Queue, class Threads>
void WritingRole<Node, Sink, Atomics, Queue, Threads>::wait_for_room(std::uint64_t ticket) noexcept {
  // relaxed: was true once, and deliveries only grow.
  if (ticket - delivered_before_.load(std::memory_order::relaxed) < tickets_ahead_max) return;
  typename Threads::Wait wait;
  for (;;) {
    const std::uint64_t delivered = delivered_.load(std::memory_order::acquire);  // E23
    // relaxed: a hint, that saves the others the look at the holder's line.
    delivered_before_.store(delivered, std::memory_order::relaxed);
    if (ticket - delivered < tickets_ahead_max) return;
    combine();
    wait.once();
  }
}

template <class Node, class Sink, class Atomics, class Queue, class Threads>
bool WritingRole<Node, Sink, Atomics, Queue, Threads>::take() noexcept {
  if (role_.exchange(1, std::memory_order::acq_rel) != 0) return false;  // E22
  // relaxed: read by this thread only.
  holder_.store(Threads::current(), std::memory_order::relaxed);
  return true;
}

template <class Node, class Sink, class Atomics, class Queue, class Threads>
void WritingRole<Node, Sink, Atomics, Queue, Threads>::give() noexcept {
  // relaxed: as above.
  holder_.store(0, std::memory_order::relaxed);
  role_.exchange(0, std::memory_order::acq_rel);  // E22
}

template <class Node, class Sink, class Atomics, class Queue, class Threads>
void WritingRole<Node, Sink, Atomics, Queue, Threads>::keep_as_holder(std::unique_ptr<Node> node) noexcept {
  typename Threads::Wait wait;
  while (!take())
    wait.once();
  waiting_.push(node.release());
  give();
}

template <class Node, class Sink, class Atomics, class Queue, class Threads>
void WritingRole<Node, Sink, Atomics, Queue, Threads>::combine() noexcept {
  if (take()) work_as_holder();  // else its holder looks once more after giving, and sees what we left (E22)
}

template <class Node, class Sink, class Atomics, class Queue, class Threads>
void WritingRole<Node, Sink, Atomics, Queue, Threads>::work_as_holder() noexcept {
  do {
    DrainEnd end = drain();
    while (end == DrainEnd::nothing_left && waiting_.is_first(next_))
      end = drain();  // the end of a drain has submitted something
    give();
    if (end == DrainEnd::quota_used) {
      if (sink_.hand_over()) return;
    } else if (queue_.empty()) {
      return;
    }
  } while (take());
}

template <class Node, class Sink, class Atomics, class Queue, class Threads>
void WritingRole<Node, Sink, Atomics, Queue, Threads>::count_delivery() noexcept {
  ++next_;
  delivered_.store(next_, std::memory_order::release);  // E23
}

template <class Node, class Sink, class Atomics, class Queue, class Threads>
auto WritingRole<Node, Sink, Atomics, Queue, Threads>::drain() noexcept -> DrainEnd {
  DrainEnd end = DrainEnd::nothing_left;
  std::array<Node*, 32> taken;
  std::uint32_t deliveries = 0;
  sink_.begin_drain();
  for (;;) {
    const std::size_t count = queue_.dequeue(taken.data(), taken.size());
    for (std::size_t i = 0; i < count; ++i)
      waiting_.push(taken[i]);
    const std::uint32_t before = deliveries;
    while (waiting_.is_first(next_) && deliveries <= deliveries_for_others_max) {
      sink_.deliver(std::unique_ptr<Node>(waiting_.pop()));
      ++deliveries;
      count_delivery();
    }
    if (deliveries > deliveries_for_others_max) {
      end = DrainEnd::quota_used;
      break;
    }
    if (count == 0 && deliveries == before) break;
  }
  sink_.end_drain();
  return end;
}

}  // namespace ringside::agentd
