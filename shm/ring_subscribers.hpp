// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "shm/atomics.hpp"
#include "shm/doorbell.hpp"
#include "shm/expected.hpp"

namespace ringside::shm {

/// What the writer knows of one subscription; the words lie in the subscriber's own session page.
template <class Atomics>
struct BasicSubscriber {
  using Word = typename Atomics::template atomic<std::uint64_t>;
  using Flag = typename Atomics::template atomic<std::uint32_t>;

  const Word* pins = nullptr;  // pins_per_subscription words; null: a copying reader
  Flag* wake_flag = nullptr;   // null: never woken
  int doorbell = -1;           // write end of the session's pipe; outlives the subscription
};

/// Names one subscription of one ring; its epoch keeps an old name from meaning the slot's next owner.
struct SubscriberId {
  std::uint32_t slot = 0;
  std::uint32_t epoch = 0;

  friend constexpr bool operator==(SubscriberId, SubscriberId) = default;
};

enum class SubscribeFault : std::uint8_t {
  no_slot,  // subscription_max subscriptions pin already: copy instead
};

/// The writer's private list of who reads: the pin words to scan at a roll, the flags to look at after a batch.
///
/// Threads:  the holder of the topic's writing role.
/// Progress: ring() and scan() are bounded by the number of subscriptions; ring() makes a system call for
///           each sleeper that it wakes.
/// Ordering: E2, E4 of ring_writer.hpp, E20, E21 of doorbell.hpp.
/// Trust:    words of a page that a client may scribble on: one load each into a local, only compared.
/// Memory:   grows in add() only.
template <class Atomics>
class BasicRingSubscribers {
 public:
  using Subscriber = BasicSubscriber<Atomics>;

  BasicRingSubscribers(std::uint32_t subscription_max, std::uint32_t pins_per_subscription)
      : pinning_max_(subscription_max), pins_per_subscription_(pins_per_subscription) {}

  /// From now on its pins count and its flag is looked at.
  [[nodiscard]] expected<SubscriberId, SubscribeFault> add(const Subscriber& subscriber) {
    if (subscriber.pins != nullptr && pinning_ == pinning_max_) return unexpected(SubscribeFault::no_slot);
    const auto slot = static_cast<std::uint32_t>(
        std::ranges::find_if(slots_, [](const Slot& each) { return !each.used; }) - slots_.begin());
    if (slot == slots_.size()) slots_.emplace_back();
    active_.reserve(slots_.size());
    slots_[slot].used = true;
    active_.push_back({subscriber, slot});
    if (subscriber.pins != nullptr) ++pinning_;
    return SubscriberId{slot, slots_[slot].epoch};
  }

  /// Its pins no longer count: requires that nobody reads under them any more. An old or foreign name does nothing.
  void remove(SubscriberId id) noexcept {
    if (id.slot >= slots_.size() || !slots_[id.slot].used || slots_[id.slot].epoch != id.epoch) return;
    slots_[id.slot] = {id.epoch + 1, false};
    const auto found = std::ranges::find(active_, id.slot, &Active::slot);
    if (found->subscriber.pins != nullptr) --pinning_;
    *found = active_.back();
    active_.pop_back();
  }

  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(active_.size()); }
  [[nodiscard]] std::uint32_t pinning() const noexcept { return pinning_; }

  /// Calls visit(generation) once for each pin word that is not 0.
  template <class Visit>
  void scan(Visit&& visit) const noexcept {
    for (const Active& each : active_) {
      if (each.subscriber.pins == nullptr) continue;
      for (std::uint32_t i = 0; i < pins_per_subscription_; ++i) {
        // E2: after the withdrawal: either this sees the pin, or who pinned sees the withdrawal.
        // E4: acquires the reads of those whose word is free again.
        const std::uint64_t pinned = each.subscriber.pins[i].load(std::memory_order::seq_cst);
        if (pinned != 0) visit(pinned);
      }
    }
  }

  /// Wakes who sleeps: calls bell(doorbell) once for each wake-up taken. Returns how many.
  template <class Bell>
  std::uint32_t ring(Bell&& bell) const noexcept {
    std::uint32_t woken = 0;
    if (active_.empty()) return woken;
    // E20: full fence between the commits of this batch and the looks at the flags; the waiter has one between
    // setting its flag and its last look at the commit words.
    Atomics::fence(std::memory_order::seq_cst);
    for (const Active& each : active_) {
      if (each.subscriber.wake_flag == nullptr || !take_wake_up(*each.subscriber.wake_flag)) continue;
      bell(each.subscriber.doorbell);
      ++woken;
    }
    return woken;
  }

 private:
  struct Slot {
    std::uint32_t epoch = 1;
    bool used = false;
  };
  struct Active {
    Subscriber subscriber;
    std::uint32_t slot;
  };

  std::vector<Active> active_;  // dense: what a roll and a ring walk
  std::vector<Slot> slots_;
  std::uint32_t pinning_ = 0;
  std::uint32_t pinning_max_;
  std::uint32_t pins_per_subscription_;
};

}  // namespace ringside::shm
