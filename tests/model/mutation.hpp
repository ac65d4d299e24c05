// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

namespace ringside::model {

/// What a mutant does differently at its one place.
enum class Change : std::uint8_t {
  none,
  relaxed,  ///< the access with this order; a fence is left out
  acquire,
  release,
  acq_rel,
  skip,     ///< the store is left out
  split,    ///< the read-modify-write becomes a load and a store
  compare,  ///< the exchange becomes a compare-exchange that expects the other of 0 and 1
};

/// One weakened access of the shipped code. The headers stay as they are: each access of the model's atomics knows
/// the line it was written on, and the one that was named is done otherwise.
class Mutation {
 public:
  /// Mutates the one line of `file` (relative to the repository) that contains `text`. Throws std::runtime_error, so
  /// that no mutant outlives what it mutated: if no line or more than one does, or if there is no such change.
  void set(std::string file, std::string_view text, std::string_view change);

  /// What to do differently here.
  [[nodiscard]] Change at(const std::source_location& where) noexcept {
    if (where.line() != line_ || !std::string_view(where.file_name()).ends_with(file_)) return Change::none;
    reached_ = true;
    return change_;
  }
  /// Whether any schedule came to the mutated line.
  [[nodiscard]] bool reached() const noexcept { return reached_; }

 private:
  std::string file_;
  std::uint_least32_t line_ = 0;
  Change change_ = Change::none;
  bool reached_ = false;
};

/// The one of this run.
inline Mutation mutation;

[[nodiscard]] constexpr std::memory_order weakened(std::memory_order order, Change change) noexcept {
  switch (change) {
    case Change::relaxed:
      return std::memory_order::relaxed;
    case Change::acquire:
      return std::memory_order::acquire;
    case Change::release:
      return std::memory_order::release;
    case Change::acq_rel:
      return std::memory_order::acq_rel;
    default:
      return order;
  }
}

}  // namespace ringside::model
