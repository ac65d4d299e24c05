// SPDX-License-Identifier: Apache-2.0
#include "agentd/heartbeat_rounds.hpp"

#include <vector>

#include <time.h>

#include <spdlog/spdlog.h>

#include "agentd/clock.hpp"

namespace ringside::agentd {

void HeartbeatRounds::watch(Client& client) {
  client.heartbeat = HeartbeatJudge::attached(client.attachment->heartbeat(), read_clock_ns(CLOCK_MONOTONIC));
  watched_.insert(&client);
  if (!waiting_) wait();
}

void HeartbeatRounds::wait() {
  waiting_ = true;
  timer_.expires_after(interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    waiting_ = false;
    if (watched_.empty()) return;
    hold_round();
    if (!watched_.empty()) wait();
  });
}

void HeartbeatRounds::hold_round() {
  judge_.begin_round(read_clock_ns(CLOCK_MONOTONIC), read_clock_ns(CLOCK_BOOTTIME));
  const std::vector<Client*> round(watched_.begin(), watched_.end());
  for (Client* client : round) {
    if (watched_.count(client) == 0) continue;
    const auto changed = judge_.observe(client->heartbeat, client->attachment->heartbeat());
    if (!changed) continue;
    spdlog::info("client {} (process {}): {}", client->name, client->process->pid(),
                 *changed == Liveness::present ? "moves again"
                 : *changed == Liveness::stale
                     ? "does not move"
                     : "has not moved for too long: it no longer counts as a viewer");
    if (*changed == Liveness::stale) {
      stale_.insert(client);
    } else {
      stale_.erase(client);
    }
    if (*changed == Liveness::gone) gone_(*client);
  }
}

}  // namespace ringside::agentd
