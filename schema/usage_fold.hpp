// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "events_generated.h"

namespace ringside::schema {

/// Sums over the model calls of one life. A sum that would overflow stays at the largest number there is.
/// Threads: one at a time.
/// Memory:  the first `extras_max` of the provider's counters that are whole numbers, with keys of at most
///          `key_size_max` bytes.
class UsageFold {
 public:
  using Extras = std::map<std::string, std::uint64_t, std::less<>>;

  static constexpr std::size_t extras_max = 64;
  static constexpr std::size_t key_size_max = 128;

  void add(const events::LlmTokenUsage& usage);
  void restore(const events::UsageTotals& totals);

  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }
  [[nodiscard]] std::uint64_t input() const noexcept { return input_; }
  [[nodiscard]] std::uint64_t output() const noexcept { return output_; }
  [[nodiscard]] const Extras& extras() const noexcept { return extras_; }
  /// As encoded, at most.
  [[nodiscard]] std::size_t size() const noexcept { return (key_size_max + 64) * extras_.size(); }

 private:
  void add_extra(std::string_view key, std::string_view value);

  std::uint64_t calls_ = 0;
  std::uint64_t input_ = 0;
  std::uint64_t output_ = 0;
  Extras extras_;
};

}  // namespace ringside::schema
