// SPDX-License-Identifier: Apache-2.0
#include "agentd/client_process.hpp"

#include <utility>

namespace ringside::agentd {

ClientProcess::ClientProcess(boost::asio::io_context& conductor, const shm::Channel& channel)
    : watch_(conductor) {
  const auto credentials = channel.peer_credentials();
  if (!credentials) return;
  credentials_ = *credentials;
  auto process = channel.peer_process();
  known_ = true;
  // The number may have been given to another process before we asked for its descriptor, but not while the one that
  // connected still holds its end.
  if (!process || !channel.peer_is_open()) return;
  boost::system::error_code refused;
  watch_.assign(process->get(), refused);
  if (!refused) static_cast<void>(process->release());
}

ClientProcess::~ClientProcess() = default;

void ClientProcess::watch(std::function<void()> died) {
  if (!can_be_watched()) return;
  watch_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [died = std::move(died)](const boost::system::error_code& error) {
                      if (!error) died();
                    });
}

}  // namespace ringside::agentd
