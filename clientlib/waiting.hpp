// SPDX-License-Identifier: Apache-2.0
//
// Sleeping until there is news, or until agentd is gone.
//
// Threads   one waits at a time; a second is told so. (`arm` and an external loop count as one waiter: they and `wait`
//           may take turns, and must not overlap.)
// Progress  news, the end of agentd and a signal each end the sleep at once.
// Ordering  shm/doorbell.hpp's E20: the flag is raised, then every next commit word is looked at, then it sleeps.
// Crash     hang-up of the pipe, or the event that the background thread raises when the socket hangs up.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <mutex>
#include <optional>

#include <ringside/subscription.hpp>

#include "clientlib/connection.hpp"
#include "shm/doorbell.hpp"

namespace ringside::detail {

class Waiting {
 public:
  Waiting(Connection& connection, std::atomic<std::uint32_t>& flag, int doorbell);

  /// Epoll's, over doorbell and gone event: what an external loop watches. -1: there was no descriptor for it.
  int fd() const noexcept { return watched_.get(); }

  /// Sleeps until `any_news`; negative: without end.
  template <std::predicate AnyNews>
  WaitResult wait(std::chrono::nanoseconds timeout, AnyNews&& any_news) {
    const std::unique_lock turn(turn_, std::try_to_lock);
    if (!turn) return WaitResult::wait_busy;
    const auto deadline = deadline_after(timeout);
    for (;;) {
      if (any_news()) return WaitResult::event;
      if (connection_.gone()) return WaitResult::daemon_gone;
      drain();
      if (!shm::arm_doorbell<shm::SystemAtomics>(flag_, any_news)) return WaitResult::event;
      const auto result = sleep(deadline);
      shm::disarm_doorbell(flag_);
      if (result) return *result == WaitResult::timeout && any_news() ? WaitResult::event : *result;
    }
  }

  /// True: sleep on `fd`. False: poll first.
  template <std::predicate AnyNews>
  bool arm(AnyNews&& any_news) {
    const std::unique_lock turn(turn_, std::try_to_lock);
    if (!turn || connection_.gone()) return false;
    drain();
    return shm::arm_doorbell<shm::SystemAtomics>(flag_, any_news);
  }

 private:
  using Clock = std::chrono::steady_clock;

  static std::optional<Clock::time_point> deadline_after(std::chrono::nanoseconds timeout) noexcept;
  void drain() noexcept;
  /// Nothing: awake, look again.
  std::optional<WaitResult> sleep(std::optional<Clock::time_point> deadline) noexcept;

  Connection& connection_;
  std::atomic<std::uint32_t>& flag_;
  int doorbell_;
  shm::Descriptor watched_;
  std::mutex turn_;
};

}  // namespace ringside::detail
