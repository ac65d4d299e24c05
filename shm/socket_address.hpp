// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>

namespace ringside::shm {

/// The name of a socket in the file system.
class SocketAddress {
 public:
  /// Nothing where the path is empty, too long (107 bytes fit), or holds a NUL.
  static std::optional<SocketAddress> of(const std::string& path) noexcept;

  [[nodiscard]] const sockaddr* get() const noexcept;
  [[nodiscard]] socklen_t size() const noexcept { return sizeof address_; }

 private:
  SocketAddress() noexcept = default;

  sockaddr_un address_{};
};

/// Whether this is a SOCK_SEQPACKET socket of the host.
bool is_seqpacket_socket(int fd) noexcept;

}  // namespace ringside::shm
