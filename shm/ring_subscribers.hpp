// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "shm/assert.hpp"
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
  int doorbell = -1;           // write end of the session's pipe, whose waiting end stays open; outlives this
  const Word* acknowledged = nullptr;  // the first sequence that it has not consumed; null: never reliable
  Word* evicted = nullptr;             // 1 once it is reliable no more; null: it is not told
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

/// The writer's private list of who reads: the pin words to scan at a roll, the flags to look at after a batch, and who is
/// owed every event.
///
/// Threads:  the holder of the topic's writing role.
/// Progress: ring() and scan() are bounded by the number of subscriptions; ring() makes a system call for
///           each sleeper that it wakes.
/// Ordering: E2, E4, E7 of ring_writer.hpp, E20, E21 of doorbell.hpp.
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
    active_.push_back({subscriber, slot, false, 0});
    if (subscriber.pins != nullptr) ++pinning_;
    return SubscriberId{slot, slots_[slot].epoch};
  }

  /// Its pins no longer count: requires that nobody reads under them any more. An old or foreign name does nothing.
  void remove(SubscriberId id) noexcept {
    if (id.slot >= slots_.size() || !slots_[id.slot].used || slots_[id.slot].epoch != id.epoch) return;
    slots_[id.slot] = {id.epoch + 1, false};
    const auto found = std::ranges::find(active_, id.slot, &Active::slot);
    if (found->subscriber.pins != nullptr) --pinning_;
    if (found->reliable) --reliable_;
    *found = active_.back();
    active_.pop_back();
  }

  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(active_.size()); }
  [[nodiscard]] std::uint32_t pinning() const noexcept { return pinning_; }

  // Reliable subscriptions. Sequences are compared by their distances: they may pass 2^63 and 2^64. `published` is
  // the next sequence of the ring.

  /// From now on it is owed every event from `next_sequence` on. Requires a living `id` with an acknowledged word.
  void make_reliable(SubscriberId id, std::uint64_t next_sequence) noexcept {
    const auto found = std::ranges::find(active_, id.slot, &Active::slot);
    RINGSIDE_ASSERT(found != active_.end() && found->subscriber.acknowledged != nullptr && !found->reliable);
    found->reliable = true;
    found->owed = next_sequence;
    ++reliable_;
  }
  [[nodiscard]] std::uint32_t reliable() const noexcept { return reliable_; }

  /// The first sequence that a reliable subscription has not acknowledged; nothing where there is none.
  [[nodiscard]] std::optional<std::uint64_t> first_owed(std::uint64_t published) noexcept {
    if (reliable_ == 0) return std::nullopt;
    std::uint64_t distance = 0;
    for (Active& each : active_) {
      if (!each.reliable) continue;
      look_at_acknowledged(each, published);
      distance = std::max(distance, published - each.owed);
    }
    return published - distance;
  }

  /// Those that are owed anything before `sequence` are reliable no more, and are told. Returns how many.
  std::uint32_t evict_before(std::uint64_t sequence, std::uint64_t published) noexcept {
    std::uint32_t evicted = 0;
    if (reliable_ == 0) return evicted;
    for (Active& each : active_) {
      if (!each.reliable) continue;
      look_at_acknowledged(each, published);
      if (published - each.owed <= published - sequence) continue;
      each.reliable = false;
      --reliable_;
      ++evicted;
      // relaxed: E7, by the withdrawal that follows.
      if (each.subscriber.evicted != nullptr) each.subscriber.evicted->store(1, std::memory_order::relaxed);
    }
    return evicted;
  }

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
    bool reliable;
    std::uint64_t owed;  // of a reliable one: everything from here on
  };

  /// Believes what its owner says only where it takes nothing back and is not ahead of the ring.
  static void look_at_acknowledged(Active& each, std::uint64_t published) noexcept {
    // relaxed: it frees nothing by itself, pins do that (E2, E4); a late look keeps a segment a little longer.
    const std::uint64_t said = each.subscriber.acknowledged->load(std::memory_order::relaxed);
    if (said - each.owed <= published - each.owed) each.owed = said;
  }

  std::vector<Active> active_;  // dense: what a roll and a ring walk
  std::vector<Slot> slots_;
  std::uint32_t pinning_ = 0;
  std::uint32_t reliable_ = 0;
  std::uint32_t pinning_max_;
  std::uint32_t pins_per_subscription_;
};

}  // namespace ringside::shm
