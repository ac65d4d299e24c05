// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <set>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agentd/client.hpp"
#include "agentd/heartbeat_judge.hpp"

namespace ringside::agentd {

/// Looks at the heartbeat of every client that tracks something, twice a second; where nobody does, at nothing.
/// Threads: the conductor only.
class HeartbeatRounds {
 public:
  static constexpr std::chrono::milliseconds interval{500};

  /// `gone` is called for a client that has been silent for too long. It may stop the watching of any client.
  HeartbeatRounds(boost::asio::io_context& conductor, std::function<void(Client&)> gone)
      : timer_(conductor), gone_(std::move(gone)) {}

  /// From here on the client is judged; what it did before does not count. Requires that it is attached.
  void watch(Client& client);
  void forget(Client& client) {
    watched_.erase(&client);
    stale_.erase(&client);
  }

  /// Those that do not move and are not gone yet.
  [[nodiscard]] const std::set<Client*>& stale() const noexcept { return stale_; }

 private:
  void wait();
  void hold_round();

  boost::asio::steady_timer timer_;
  std::function<void(Client&)> gone_;
  HeartbeatJudge judge_;
  std::set<Client*> watched_;
  std::set<Client*> stale_;
  bool waiting_ = false;
};

}  // namespace ringside::agentd
