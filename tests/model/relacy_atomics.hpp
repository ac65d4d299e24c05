// SPDX-License-Identifier: Apache-2.0
//
// The atomics policy under which the shipped algorithms run here: every access is a step of relacy's, which chooses
// who goes on and, among the values that the memory model allows, what a load sees.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <source_location>

#include "tests/model/mutation.hpp"
#include "tests/model/relacy.hpp"

namespace ringside::model {

[[nodiscard]] inline rl::debug_info info(const std::source_location& where) noexcept {
  return {where.function_name(), where.file_name(), static_cast<unsigned>(where.line())};
}

/// The model's own assertions.
inline void require(bool condition, const char* what,
                    std::source_location where = std::source_location::current()) noexcept {
  if (!condition) rl::ctx().fail_test(what, rl::test_result_user_assert_failed, info(where));
}

[[nodiscard]] constexpr rl::memory_order in_relacy(std::memory_order order) noexcept {
  switch (order) {
    case std::memory_order::relaxed:
      return rl::mo_relaxed;
    case std::memory_order::acquire:
      return rl::mo_acquire;
    case std::memory_order::release:
      return rl::mo_release;
    case std::memory_order::acq_rel:
      return rl::mo_acq_rel;
    default:
      return rl::mo_seq_cst;
  }
}

/// std::atomic, as far as the shipped code uses it. Each access has the line it stands on, for traces and mutants.
template <class T>
class Atomic {
  using Where = std::source_location;

 public:
  Atomic() noexcept : Atomic(T{}) {}
  Atomic(T value) noexcept { word_.store(value, rl::mo_relaxed, {}); }

  T load(std::memory_order order, Where where = Where::current()) const noexcept {
    if (quiet_) return T{};
    return word_.load(in_relacy(weakened(order, mutation.at(where))), info(where));
  }
  void store(T value, std::memory_order order, Where where = Where::current()) noexcept {
    if (quiet_) return;
    const Change change = mutation.at(where);
    if (change != Change::skip) word_.store(value, in_relacy(weakened(order, change)), info(where));
  }
  T exchange(T value, std::memory_order order, Where where = Where::current()) noexcept {
    const Change change = mutation.at(where);
    if (change == Change::split) {
      const T old = word_.load(rl::mo_acquire, info(where));
      word_.store(value, rl::mo_release, info(where));
      return old;
    }
    if (change == Change::compare) {
      T expected = value == T{0} ? T{1} : T{0};
      word_.compare_exchange(rl::bool_t<false>(), expected, value, rl::mo_acq_rel, rl::mo_acquire,
                             info(where));
      return expected;
    }
    return word_.exchange(value, in_relacy(weakened(order, change)), info(where));
  }
  T fetch_add(T value, std::memory_order order, Where where = Where::current()) noexcept {
    return word_.fetch_add(value, in_relacy(weakened(order, mutation.at(where))), info(where));
  }

  T fetch_or(T value, std::memory_order order, Where where = Where::current()) noexcept {
    const Change change = mutation.at(where);
    if (change == Change::split) {
      const T old = word_.load(rl::mo_acquire, info(where));
      word_.store(old | value, rl::mo_release, info(where));
      return old;
    }
    return word_.fetch_or(value, in_relacy(weakened(order, change)), info(where));
  }

  bool compare_exchange_strong(T& expected, T value, std::memory_order order, std::memory_order failure,
                               Where where = Where::current()) noexcept {
    const Change change = mutation.at(where);
    if (change == Change::split) {
      if (word_.load(rl::mo_acquire, info(where)) != expected) return false;
      word_.store(value, rl::mo_release, info(where));
      return true;
    }
    return word_.compare_exchange(rl::bool_t<false>(), expected, value, in_relacy(weakened(order, change)),
                                  in_relacy(failure), info(where));
  }
  /// Never fails without a cause: the loop around it would only go round once more.
  bool compare_exchange_weak(T& expected, T value, std::memory_order order, std::memory_order failure,
                             Where where = Where::current()) noexcept {
    return compare_exchange_strong(expected, value, order, failure, where);
  }

  /// From now on it is always 0 and no step: for words whose value says nothing.
  void make_quiet() noexcept { quiet_ = true; }

 private:
  rl::atomic<T> word_;
  bool quiet_ = false;
};

/// A plain variable: two accesses of it that nothing orders, one of them a store, are reported as a race.
template <class T>
class Plain {
  using Where = std::source_location;

 public:
  Plain() noexcept : Plain(T{}) {}
  Plain(T value) noexcept { store(value); }

  T load(Where where = Where::current()) const noexcept { return var_(info(where)).load(); }
  void store(T value, Where where = Where::current()) noexcept { var_(info(where)).store(value); }

 private:
  rl::var<T> var_;
};

/// What stands for the payload of a record that is read in place: the address that the shipped code hands about is
/// this one's.
using PlainPayload = Plain<std::uint64_t>;

struct RelacyAtomics {
  template <class T>
  using atomic = Atomic<T>;

  static void fence(std::memory_order order,
                    std::source_location where = std::source_location::current()) noexcept {
    const std::memory_order weaker = weakened(order, mutation.at(where));
    if (weaker != std::memory_order::relaxed) rl::atomic_thread_fence(in_relacy(weaker), info(where));
  }

  /// From a pinned payload into memory of the reader's own.
  static void copy_out(std::byte* to, const std::byte* from, std::size_t) noexcept {
    const std::uint64_t value = static_cast<const PlainPayload*>(static_cast<const void*>(from))->load();
    std::memcpy(to, &value, sizeof(value));
  }
};

}  // namespace ringside::model
