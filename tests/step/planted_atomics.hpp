// SPDX-License-Identifier: Apache-2.0
//
// The shipped writer and readers over atomics with a bug, which shows from `planted` on: what the harness
// must be seen to find.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "shm/atomics.hpp"
#include "shm/ring_layout.hpp"

namespace ringside::step {

/// Only in the forked process, and only in its region.
inline bool planted = false;

/// The commit word is stored before the payload is there.
struct CommitsEarly : shm::SystemAtomics {
  static inline std::uint64_t sequence = 0;  // of the event

  static void copy_in(std::byte* to, const std::byte* from, std::size_t size) noexcept {
    if (planted) {
      void* const place = to - shm::record_header_size;
      static_cast<std::atomic<std::uint64_t>*>(place)->store(
          shm::commit_word(sequence, static_cast<std::uint32_t>(size)), std::memory_order::release);
    }
    SystemAtomics::copy_in(to, from, size);
  }
};

/// An atomic word some of whose stores a policy does otherwise.
template <class Value, class Policy>
struct PlantedAtomic : std::atomic<Value> {
  void store(Value value, std::memory_order order) noexcept {
    if (!planted || !Policy::instead_of_store(*this, value, order)) std::atomic<Value>::store(value, order);
  }
};

/// The next commit word, and the first one of a segment, are not cleared.
struct ClearsNothing : shm::SystemAtomics {
  template <class Value>
  using atomic = PlantedAtomic<Value, ClearsNothing>;

  template <class Value>
  static bool instead_of_store(std::atomic<Value>&, Value value, std::memory_order order) noexcept {
    return value == 0 && order == std::memory_order::relaxed;
  }
};

/// They are cleared, but only behind the commit (or the opening) before which they should have been.
struct ClearsLate : shm::SystemAtomics {
  template <class Value>
  using atomic = PlantedAtomic<Value, ClearsLate>;

  template <class Value>
  static bool instead_of_store(std::atomic<Value>& word, Value value, std::memory_order order) noexcept {
    if (value == 0 && order == std::memory_order::relaxed && put_off_count < put_off.size()) {
      put_off[put_off_count++] = &word;
      return true;
    }
    if (order != std::memory_order::release) return false;
    word.store(value, order);
    for (; put_off_count > 0; --put_off_count) {
      static_cast<std::atomic<std::uint64_t>*>(put_off[put_off_count - 1])
          ->store(0, std::memory_order::relaxed);
    }
    return true;
  }

  static inline std::array<void*, 16> put_off{};
  static inline std::size_t put_off_count = 0;
};

/// The position of a keyframe is stored before its commit word.
struct NamesEarly : shm::SystemAtomics {
  template <class Value>
  using atomic = PlantedAtomic<Value, NamesEarly>;

  template <class Value>
  static bool instead_of_store(std::atomic<Value>& word, Value value, std::memory_order order) noexcept {
    if (order != std::memory_order::release) return false;
    if (shm::is_keyframe(value)) {
      put_off = &word;
      commit = value;
      return true;
    }
    if (put_off == nullptr) return false;
    word.store(value, order);
    static_cast<std::atomic<std::uint64_t>*>(std::exchange(put_off, nullptr))->store(commit, order);
    return true;
  }

  static inline void* put_off = nullptr;
  static inline std::uint64_t commit = 0;
};

/// The oldest segment is written again without having been withdrawn.
struct WithdrawsNothing : shm::SystemAtomics {
  template <class Value>
  using atomic = PlantedAtomic<Value, WithdrawsNothing>;

  template <class Value>
  static bool instead_of_store(std::atomic<Value>&, Value value, std::memory_order order) noexcept {
    return value == 0 && order == std::memory_order::seq_cst;
  }
};

/// A reader that reads in place without having pinned.
struct PinsNothing : shm::SystemAtomics {
  template <class Value>
  using atomic = PlantedAtomic<Value, PinsNothing>;

  template <class Value>
  static bool instead_of_store(std::atomic<Value>&, Value value, std::memory_order order) noexcept {
    return value != 0 && order == std::memory_order::seq_cst;
  }
};

/// A copying reader for which a generation is what it was when it was looked at first.
struct LooksOnce : shm::SystemAtomics {
  template <class Value>
  struct atomic : std::atomic<Value> {
    [[nodiscard]] Value load(std::memory_order order) const noexcept {
      const Value value = std::atomic<Value>::load(order);
      const bool second_look = order == std::memory_order::relaxed && std::exchange(fenced, false);
      if (planted && second_look) return generation;
      const bool is_commit_word = value == 0 || (value & shm::commit_committed) != 0;
      if (order == std::memory_order::acquire && !is_commit_word) generation = value;
      return value;
    }
  };
  static void fence(std::memory_order order) noexcept {
    fenced = order == std::memory_order::acquire;
    SystemAtomics::fence(order);
  }

  static inline std::uint64_t generation = 0;
  static inline bool fenced = false;
};

}  // namespace ringside::step
