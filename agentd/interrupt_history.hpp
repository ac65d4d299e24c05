// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ringside::agentd {

/// What became of an interrupt.
enum class InterruptFate : std::uint8_t {
  waiting,
  answered,    ///< or dismissed: somebody has decided it
  superseded,  ///< a user message came instead
};

/// The interrupts of one life, by their ids, which no two of them share.
/// Memory: the last `remembered_max` are known; one that is older is as unknown as one that never was.
class InterruptHistory {
 public:
  static constexpr std::size_t remembered_max = 1'000;

  [[nodiscard]] std::optional<InterruptFate> fate(std::string_view id) const noexcept {
    for (const auto& [known, fate] : raised_)
      if (known == id) return fate;
    return std::nullopt;
  }

  /// Requires an id that is not known.
  void raise(std::string id) {
    if (raised_.size() == remembered_max) raised_.pop_front();
    raised_.emplace_back(std::move(id), InterruptFate::waiting);
  }

  /// Of the last one that was raised.
  void settle(InterruptFate fate) { raised_.back().second = fate; }

 private:
  std::deque<std::pair<std::string, InterruptFate>> raised_;
};

}  // namespace ringside::agentd
