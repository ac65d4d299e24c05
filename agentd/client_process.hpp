// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <sys/types.h>

#include <boost/asio/io_context.hpp>

#include "agentd/process_watch.hpp"
#include "shm/channel.hpp"

namespace ringside::agentd {

/// The process at the other end of a connection: who it is, and when it has died.
///
/// Threads: the conductor only.
/// Trust:   all of it is the kernel's word. Death is told by a pidfd, which never comes to mean another process; where
///          the kernel gives none (a peer whose process namespace we cannot see into) death is never proven here.
class ClientProcess {
 public:
  /// Of the peer of `channel`. Requires that the connection is still open, or the process may not be found.
  ClientProcess(boost::asio::io_context& conductor, const shm::Channel& channel);
  ~ClientProcess();
  ClientProcess(const ClientProcess&) = delete;
  ClientProcess& operator=(const ClientProcess&) = delete;

  /// False where the kernel would not say who it is: then there is nobody to serve.
  [[nodiscard]] bool is_known() const noexcept { return known_; }
  /// Whether its death can be proven: only then may it pin.
  [[nodiscard]] bool can_be_watched() const noexcept { return watch_.is_open(); }
  [[nodiscard]] uid_t uid() const noexcept { return credentials_.uid; }
  [[nodiscard]] pid_t pid() const noexcept { return credentials_.pid; }

  /// Calls `died` once, as soon as the process has ended; a zombie has. Not after this was destroyed.
  void watch(std::function<void()> died);

 private:
  shm::PeerCredentials credentials_{};
  bool known_ = false;
  ProcessWatch watch_;
};

}  // namespace ringside::agentd
