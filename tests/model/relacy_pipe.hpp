// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "tests/model/relacy_atomics.hpp"

namespace ringside::model {

/// A doorbell's pipe, or as much of one as a waiter can tell: something is in it or nothing is. Like a pipe it never
/// shows an old state; it orders nothing else but a sleeper's waking. Nobody is woken without a ring.
class RelacyPipe {
 public:
  RelacyPipe() noexcept { token_.store(0, rl::mo_relaxed, {}); }

  void ring() noexcept {
    token_.exchange(1, rl::mo_relaxed, {});
    token_.wake(rl::ctx(), everybody, {});
  }
  void drain() noexcept { token_.exchange(0, rl::mo_relaxed, {}); }
  /// Returns at once if something is in it.
  void sleep() noexcept {
    bool rung = false;
    {
      const rl::preemption_disabler look_and_sleep(rl::ctx());
      rung = token_.fetch_add(0, rl::mo_relaxed, {}) != 0;  // a load could see an old value
    }
    if (!rung) token_.wait(rl::ctx(), false, false, {});
  }

 private:
  static constexpr int everybody = 100;

  rl::atomic<int> token_;
};

}  // namespace ringside::model
