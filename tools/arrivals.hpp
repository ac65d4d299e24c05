// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

#include <ringside/subscription.hpp>

namespace ringside::tools {

/// An event as the first line of its handler saw it.
struct Arrival {
  std::uint64_t sequence = 0;
  std::chrono::steady_clock::time_point at;
  std::int64_t since_accepted_ns = 0;  ///< by the host's clock, which agentd stamps events with
};

/// Where the handler's thread leaves what came, and the publisher's waits for it.
class Arrivals {
 public:
  void came(const Arrival& arrival) {
    const std::lock_guard lock(mutex_);
    last_ = arrival;
    changed_.notify_one();
  }

  /// The subscription will hand out nothing more.
  void ended(SubscriptionState state) {
    const std::lock_guard lock(mutex_);
    end_ = state;
    changed_.notify_one();
  }

  /// The event of that sequence, or of a later one; nothing if the subscription ended or the time is over.
  std::optional<Arrival> wait(std::uint64_t sequence, std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [&] { return end_ || last_.sequence >= sequence; });
    if (last_.sequence < sequence) return std::nullopt;
    return last_;
  }

  [[nodiscard]] std::optional<SubscriptionState> end() {
    const std::lock_guard lock(mutex_);
    return end_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Arrival last_;
  std::optional<SubscriptionState> end_;
};

}  // namespace ringside::tools
