// SPDX-License-Identifier: Apache-2.0
#include "shm/socket_address.hpp"

#include <algorithm>

namespace ringside::shm {

namespace {

int option(int fd, int name) noexcept {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

}  // namespace

std::optional<SocketAddress> SocketAddress::of(const std::string& path) noexcept {
  SocketAddress made;
  made.address_.sun_family = AF_UNIX;
  // The last byte stays 0.
  if (path.empty() || path.size() >= sizeof made.address_.sun_path) return std::nullopt;
  if (path.find('\0') != std::string::npos) return std::nullopt;
  std::ranges::copy(path, made.address_.sun_path);
  return made;
}

const sockaddr* SocketAddress::get() const noexcept {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address_));
}

bool is_seqpacket_socket(int fd) noexcept {
  return option(fd, SO_DOMAIN) == AF_UNIX && option(fd, SO_TYPE) == SOCK_SEQPACKET;
}

}  // namespace ringside::shm
