// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

#include "agentd/writing_role.hpp"

namespace ringside::agentd {

/// What producers of a role under test say.
struct Said : TicketNode {
  Said(std::uint32_t who, std::uint32_t what) : thread(who), number(what) {}
  std::uint32_t thread;
  std::uint32_t number;
};

/// Writes down what is delivered; plain memory, so that a sanitizer sees two holders at once.
struct Listener {
  void begin_drain() noexcept { ++drains; }
  void deliver(std::unique_ptr<Said> said) noexcept {
    if (on_delivery) on_delivery(*said);
    heard.push_back({said->ticket, said->thread, said->number});
    delivered.fetch_add(1, std::memory_order::relaxed);
  }
  void end_drain() noexcept {
    if (on_end_drain) on_end_drain();
  }
  bool hand_over() noexcept {
    hand_overs.fetch_add(1, std::memory_order::relaxed);
    return on_hand_over && on_hand_over();
  }

  struct Heard {
    std::uint64_t ticket;
    std::uint32_t thread;
    std::uint32_t number;
  };
  std::vector<Heard> heard;
  std::uint64_t drains = 0;
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<int> hand_overs{0};
  std::function<void(const Said&)> on_delivery;
  std::function<bool()> on_hand_over;
  std::function<void()> on_end_drain;
};

using Role = WritingRole<Said, Listener>;

/// Another thread, inside the delivery of the first ticket, until it is let go. The listener's own on_delivery is called before.
template <class HeldBy>
class HeldRole {
 public:
  /// Returns when the role is held.
  HeldRole(Listener& listener, HeldBy& role) {
    listener.on_delivery = [this, before = std::move(listener.on_delivery)](const Said& said) {
      if (before) before(said);
      if (said.ticket != 0) return;
      held_.release();
      go_on_.acquire();
    };
    holder_ = std::jthread([&role] { role.submit(std::make_unique<Said>(0, 0)); });
    id_ = holder_.get_id();
    held_.acquire();
  }

  /// Returns when the thread has left.
  void let_go() {
    go_on_.release();
    holder_.join();
  }

  [[nodiscard]] std::thread::id id() const noexcept { return id_; }

 private:
  std::binary_semaphore held_{0};
  std::binary_semaphore go_on_{0};
  std::thread::id id_;
  std::jthread holder_;
};

}  // namespace ringside::agentd
