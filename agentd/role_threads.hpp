// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

#include "shm/idle_strategy.hpp"

namespace ringside::agentd {

/// What a writing role needs of the threads that run it; a model checker has threads of its own.
struct SystemThreads {
  /// Who is calling: not 0, and nobody else's at the same time.
  static std::uintptr_t current() noexcept {
    static thread_local char here;
    return reinterpret_cast<std::uintptr_t>(&here);
  }

  /// Backs off while another thread gets on: spins, yields, then sleeps for moments.
  class Wait {
   public:
    void once() noexcept {
      if (!idle_.idle()) std::this_thread::sleep_for(std::chrono::microseconds(50));
    }

   private:
    shm::IdleStrategy idle_;
  };
};

}  // namespace ringside::agentd
