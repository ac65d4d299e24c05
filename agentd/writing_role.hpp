// SPDX-License-Identifier: Apache-2.0
//
// The writing role: of all threads that have something for one topic, one at a time writes, for all of them.
//
// Threads   : `submit`, `deliver_in_place`, `flush` and `resume` from any number. The sink is called by one thread at a
//             time, whichever holds the role. A delivery may submit to its own role, and to no other.
// Progress  : combining, no thread of its own. A producer that finds the role free delivers in place; one that
//             finds it taken leaves its node and returns. It waits only `tickets_ahead_max` tickets ahead of the
//             deliveries, and, where no memory is left for the queue, for the role. A holder delivers
//             `deliveries_for_others_max` nodes beside its own, then hands over.
// Ordering  : total and causal: if submit(A) returned before submit(B) was called, on whatever threads, A is delivered
//             first. Tickets give the order, a reorder buffer restores it. What is delivered in place takes its ticket
//             as holder, and only the one that comes next: a compare-exchange finds that nobody else has it.
//             E22: the role is taken and given by exchange, both acquire and release, so that what one holder kept is
//             the next one's, and so that a producer who finds the role taken is seen by the holder's last look (a
//             failing compare-exchange writes nothing: an event could be left behind).
//             E23: who sees a ticket delivered sees what its delivery wrote.
// Loss      : none: a ticket taken is always delivered. Nothing after the ticket can fail.
// Memory    : three cache lines; the queue is made where two producers first meet (ticket_queue.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "agentd/reorder_buffer.hpp"
#include "agentd/role_threads.hpp"
#include "agentd/ticket_queue.hpp"
#include "shm/assert.hpp"
#include "shm/atomics.hpp"

namespace ringside::agentd {

/// `Node` derives from TicketNode. `Sink` is what the holder does, all of it noexcept:
///
///   void begin_drain();                          // the role was just taken
///   void deliver(std::unique_ptr<Node> node);    // the next in order
///   void end_drain();                            // the role is about to be given back
///   bool hand_over();                            // have another thread call resume(); false: nobody can
template <class Node, class Sink, class Atomics = shm::SystemAtomics, class Queue = TicketQueue<Node>,
          class Threads = SystemThreads>
class WritingRole {
 public:
  static constexpr std::uint64_t tickets_ahead_max = 4 * 1024;
  static constexpr std::uint32_t deliveries_for_others_max = 1024;

  explicit WritingRole(Sink& sink) noexcept : sink_(sink) {}
  WritingRole(const WritingRole&) = delete;
  WritingRole& operator=(const WritingRole&) = delete;
  WritingRole(WritingRole&&) = delete;
  WritingRole& operator=(WritingRole&&) = delete;
  /// Deletes what nobody delivered. Requires that no other call is or comes.
  ~WritingRole();

  /// Puts the node into the topic's order; it is delivered by this thread or another, now or soon.
  void submit(std::unique_ptr<Node> node) noexcept;

  /// As `submit`, without a node, where the role is free and nothing waits: `ready()` tells whether it can be
  /// done, then `deliver()` does it, both as the holder; neither submits. False: nothing was done, nothing has a place.
  template <class Ready, class Deliver>
  [[nodiscard]] bool deliver_in_place(Ready&& ready, Deliver&& deliver) noexcept;

  /// Waits until everything submitted so far, by anybody, is delivered. Not from inside a delivery.
  void flush() noexcept;

  /// A drain, whether or not something waits: goes on where a holder handed over, and lets the sink try again
  /// what it could not do. Does nothing where the role is taken.
  void resume() noexcept { combine(); }

  /// Whether the caller is inside a delivery of this role.
  [[nodiscard]] bool held_by_this_thread() const noexcept {
    // relaxed: only this thread stores its own identity there.
    return holder_.load(std::memory_order::relaxed) == Threads::current();
  }

 private:
  enum class DrainEnd { nothing_left, quota_used };

  [[nodiscard]] bool take() noexcept;
  void give() noexcept;
  void combine() noexcept;
  void work_as_holder() noexcept;
  [[nodiscard]] bool take_next_ticket() noexcept;
  DrainEnd drain() noexcept;
  void count_delivery() noexcept;
  void keep_as_holder(std::unique_ptr<Node> node) noexcept;
  void wait_for_room(std::uint64_t ticket) noexcept;

  template <class T>
  using Atomic = typename Atomics::template atomic<T>;

  Sink& sink_;
  Queue queue_;

  // Producers write these.
  alignas(shm::cache_line_size) Atomic<std::uint64_t> tickets_{0};
  Atomic<std::uint32_t> role_{0};
  Atomic<std::uintptr_t> holder_{0};
  Atomic<std::uint64_t> delivered_before_{0};  // what a producer last saw of delivered_

  // Only the holder of the role writes these, for each delivery.
  alignas(shm::cache_line_size) Atomic<std::uint64_t> delivered_{0};
  std::uint64_t next_ = 0;
  ReorderBuffer<Node> waiting_;
};

}  // namespace ringside::agentd

#include "agentd/writing_role_combining.hpp"
