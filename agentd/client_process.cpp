// SPDX-License-Identifier: Apache-2.0
#include "agentd/client_process.hpp"

#include <utility>

namespace ringside::agentd {

ClientProcess::ClientProcess(boost::asio::io_context& conductor, const shm::Channel& channel)
    : watch_(conductor.get_executor()) {
  const auto credentials = channel.peer_credentials();
  if (!credentials) return;
  credentials_ = *credentials;
  auto process = channel.peer_process();
  known_ = true;
  // The number may have been given to another process before we asked for its descriptor, but not while the one that
  // connected still holds its end.
  if (!process || !channel.peer_is_open()) return;
  static_cast<void>(watch_.open(std::move(*process)));
}

ClientProcess::~ClientProcess() = default;

void ClientProcess::watch(std::function<void()> died) {
  if (can_be_watched()) watch_.wait(std::move(died));
}

}  // namespace ringside::agentd
