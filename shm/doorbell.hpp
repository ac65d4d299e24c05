// SPDX-License-Identifier: Apache-2.0
//
// The doorbell of a session: a pipe on which a client sleeps until one of its topics has news.
//
// Threads   : any number of writers ring; one thread of the session waits (a second is refused before it comes here).
// Progress  : nobody waits but the waiter. Where nobody sleeps a writer pays a load of the flag, no system call.
// Ordering  : E20: a commit, a full fence, a load of the flag by the writer; a store of 1 to the flag, a full fence, a
//             load of the next commit word by the waiter. One of the two sees the other.
//             E21: the flag is taken by exchange, so that of several writers one rings for each sleep; who finds 0
//             knows that a byte is, or will be, in the pipe, or that nobody sleeps.
// Loss      : a full pipe has been rung already. A ring too many is allowed, a ring too few is not.
// Crash     : hang-up of the waiting end: agentd is gone. A writer that dies between taking the flag and ringing closes
//             the pipe by its death, which wakes the waiter as well.
// Trust     : agentd never reads the pipe, and keeps a waiting end of its own, so that a client which closed
//             its end costs no SIGPIPE. The client's end is another open file description than the one that
//             agentd writes to: no flag set there makes the write block. A client that holds its flag at 1
//             costs one refused write a batch.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <ranges>
#include <utility>

#include "shm/atomics.hpp"
#include "shm/descriptor.hpp"
#include "shm/expected.hpp"

namespace ringside::shm {

/// Both ends, as agentd holds them.
class Doorbell {
 public:
  /// A new pipe, both ends O_NONBLOCK and close-on-exec; the error is an errno.
  static expected<Doorbell, int> create() noexcept;

  /// For the client: to drain, and to sleep on.
  [[nodiscard]] const Descriptor& waiting_end() const noexcept { return waiting_end_; }
  /// For the writers; valid until the subscribers that use it are removed.
  [[nodiscard]] const Descriptor& ringing_end() const noexcept { return ringing_end_; }

 private:
  Doorbell(Descriptor waiting_end, Descriptor ringing_end) noexcept
      : waiting_end_(std::move(waiting_end)), ringing_end_(std::move(ringing_end)) {}

  Descriptor waiting_end_;
  Descriptor ringing_end_;
};

/// Wakes the waiter: one byte, never waits. Requires a pipe with O_NONBLOCK.
/// For the writer that took the flag (E21).
void ring_doorbell(int ringing_end) noexcept;

/// Writer, after a full fence (E20) that follows its commits: true = this writer took the wake-up and must ring.
template <class Flag>
[[nodiscard]] bool take_wake_up(Flag& flag) noexcept {
  // relaxed: the caller's full fence orders it after the commits (E20).
  if (flag.load(std::memory_order::relaxed) == 0) return false;
  return flag.exchange(0, std::memory_order::acq_rel) == 1;  // E21
}

enum class Drained {
  empty,    ///< nobody had rung
  rung,     ///< somebody had
  hung_up,  ///< agentd is gone
};

/// Waiter: empties the pipe. To be done before polling, or the ring for what comes
/// after the poll may be eaten.
Drained drain_doorbell(int waiting_end) noexcept;

/// Waiter, after `drain_doorbell` and a poll of every subscription: true = nothing came in between and the
/// descriptor will become readable when something does; false = poll again. `any_news` compares every
/// subscription's next commit word with what was consumed.
template <class Atomics, class Flag, std::predicate AnyNews>
[[nodiscard]] bool arm_doorbell(Flag& flag, AnyNews&& any_news) {
  // relaxed: the fence below orders it before the looks (E20); a writer takes it by exchange (E21).
  flag.store(1, std::memory_order::relaxed);
  Atomics::fence(std::memory_order::seq_cst);  // E20
  if (!any_news()) return true;
  // relaxed: takes back what nobody needs to see; a writer that was faster has rung once too often.
  flag.store(0, std::memory_order::relaxed);
  return false;
}

/// The same over a range of subscriptions, each with `has_news()`.
template <class Atomics, class Flag, std::ranges::input_range Subscriptions>
[[nodiscard]] bool arm_doorbell(Flag& flag, Subscriptions&& subscriptions) {
  return arm_doorbell<Atomics>(flag, [&subscriptions] {
    for (auto&& subscription : subscriptions) {
      if (subscription.has_news()) return true;
    }
    return false;
  });
}

/// Waiter: will not sleep after all. A writer that was faster has rung once too often.
template <class Flag>
void disarm_doorbell(Flag& flag) noexcept {
  // relaxed: spares a writer the ring, orders nothing.
  flag.store(0, std::memory_order::relaxed);
}

enum class Woken { rung, timeout, interrupted, hung_up };

/// Waiter, after `arm_doorbell` gave true: sleeps until the bell rings; no `timeout` = for ever.
/// `interrupted`: a signal was handled.
Woken sleep_on_doorbell(int waiting_end, std::optional<std::chrono::nanoseconds> timeout) noexcept;

}  // namespace ringside::shm
