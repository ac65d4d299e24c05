// SPDX-License-Identifier: Apache-2.0
#include "shm/channel.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "shm/socket_address.hpp"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77  // Linux 6.5
#endif

namespace ringside::shm {

namespace {

/// Room for a frame's descriptors and its sender. What does not fit is closed by the kernel and flagged.
struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(channel_descriptors_max * sizeof(int))> bytes;
};

/// Non-blocking, every frame with its sender, and buffers that hold the largest frame.
bool prepare_socket(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return false;
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return false;
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) return false;
  const int room = static_cast<int>(channel_frame_size_max) * 2;
  static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room));  // the default mostly does
  return true;
}

/// Takes every descriptor of one control message: up to `allowed` into `received`, the others are closed here.
/// False: there was one too many.
bool take_descriptors(const cmsghdr& header, std::size_t allowed, Received& received) noexcept {
  const std::size_t count = (header.cmsg_len - CMSG_LEN(0)) / sizeof(int);
  bool all_taken = true;
  for (std::size_t i = 0; i < count; ++i) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(&header) + i * sizeof(int), sizeof fd);
    Descriptor descriptor(fd);
    if (received.descriptor_count < allowed) {
      received.descriptors[received.descriptor_count++] = std::move(descriptor);
    } else {
      all_taken = false;
    }
  }
  return all_taken;
}

/// The control messages of one frame. False: too many descriptors.
bool take_control(msghdr& message, std::size_t allowed, Received& received) noexcept {
  bool accepted = (message.msg_flags & MSG_CTRUNC) == 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_RIGHTS) {
      accepted = take_descriptors(*header, allowed, received) && accepted;
    } else if (header->cmsg_type == SCM_CREDENTIALS && header->cmsg_len >= CMSG_LEN(sizeof(ucred))) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
      received.credentials = PeerCredentials{sender.pid, sender.uid, sender.gid};
    }
  }
  return accepted;
}

Received refused(ReceiveStatus status, int error_number = 0) noexcept {
  Received received{};
  received.status = status;
  received.error_number = error_number;
  return received;
}

Channel::ConnectFault fault_of_connect(int error_number) noexcept {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Channel::ConnectFault::no_socket;
    case ECONNREFUSED:
    case EPROTOTYPE:
      return Channel::ConnectFault::refused;
    case EACCES:
    case EPERM:
      return Channel::ConnectFault::not_allowed;
    case EAGAIN:
      return Channel::ConnectFault::timed_out;
    default:
      return Channel::ConnectFault::failed;
  }
}

tl::unexpected<Channel::ConnectError> connect_failed(int error_number) noexcept {
  return unexpected(Channel::ConnectError{fault_of_connect(error_number), error_number});
}

}  // namespace

expected<Channel, Channel::ConnectError> Channel::connect(const std::string& path,
                                                          std::chrono::milliseconds timeout) noexcept {
  const auto address = SocketAddress::of(path);
  if (!address) return unexpected(ConnectError{ConnectFault::path_too_long, ENAMETOOLONG});
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return connect_failed(errno);
  // Blocking for this one call: a full backlog is waited for, for this long (0 would mean for ever).
  const auto wait = std::max(timeout, std::chrono::milliseconds(1));
  const timeval limit{static_cast<time_t>(wait.count() / 1000),
                      static_cast<suseconds_t>(wait.count() % 1000 * 1000)};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0)
    return connect_failed(errno);
  int result = 0;
  do {
    result = ::connect(socket.get(), address->get(), address->size());
  } while (result != 0 && errno == EINTR);
  if (result != 0) return connect_failed(errno);
  if (!prepare_socket(socket.get())) return connect_failed(errno);
  return Channel(std::move(socket));
}

expected<std::pair<Channel, Channel>, int> Channel::pair() noexcept {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return unexpected(int{errno});
  Descriptor first(ends[0]);
  Descriptor second(ends[1]);
  if (!prepare_socket(first.get()) || !prepare_socket(second.get())) return unexpected(int{errno});
  return std::pair(Channel(std::move(first)), Channel(std::move(second)));
}

expected<Channel, int> Channel::adopt(Descriptor socket) noexcept {
  if (!is_seqpacket_socket(socket.get())) return unexpected(int{EPROTOTYPE});
  if (!prepare_socket(socket.get())) return unexpected(int{errno});
  return Channel(std::move(socket));
}

Sent Channel::send(std::span<const std::byte> frame, std::span<const int> descriptors) noexcept {
  if (frame.size() > channel_frame_size_max || descriptors.size() > channel_descriptors_max) {
    return {SendStatus::too_large, EMSGSIZE};
  }
  // sendmsg only reads what it is given.
  iovec part{const_cast<std::byte*>(frame.data()), frame.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t result = 0;
  do {
    result = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (result < 0 && errno == EINTR);
  if (result >= 0) return {SendStatus::sent};
  switch (errno) {
    case EAGAIN:
      return {SendStatus::would_block, EAGAIN};
    case EMSGSIZE:
      return {SendStatus::too_large, EMSGSIZE};
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
      return {SendStatus::closed, errno};
    default:
      return {SendStatus::failed, errno};
  }
}

Received Channel::receive(std::span<std::byte> buffer, std::size_t descriptors_allowed) noexcept {
  iovec part{buffer.data(), buffer.size()};
  Control control;  // the kernel says how much of it it has written
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t result = 0;
  do {
    result = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (result < 0 && errno == EINTR);
  if (result < 0) {
    if (errno == EAGAIN) return refused(ReceiveStatus::would_block);
    if (errno == ECONNRESET || errno == ENOTCONN) return refused(ReceiveStatus::closed);
    return refused(ReceiveStatus::failed, errno);
  }

  Received received{};
  const bool accepted =
      take_control(message, std::min(descriptors_allowed, channel_descriptors_max), received);
  if (!accepted) return refused(ReceiveStatus::descriptors_refused);
  if ((message.msg_flags & MSG_TRUNC) != 0) return refused(ReceiveStatus::too_large);
  // Every frame has a sender, also an empty one; the end of file has none.
  if (result == 0 && !received.credentials) return refused(ReceiveStatus::closed);
  received.status = ReceiveStatus::frame;
  received.size = static_cast<std::size_t>(result);
  return received;
}

expected<PeerCredentials, int> Channel::peer_credentials() const noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return unexpected(int{errno});
  return PeerCredentials{peer.pid, peer.uid, peer.gid};
}

expected<std::vector<gid_t>, int> Channel::peer_groups() const {
  std::vector<gid_t> groups(64);
  for (;;) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const int result = ::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
    if (result != 0 && errno != ERANGE) return unexpected(int{errno});
    groups.resize(size / sizeof(gid_t));  // ERANGE: as many as there are
    if (result == 0) return groups;
  }
}

expected<Descriptor, int> Channel::peer_process() const noexcept {
  int fd = -1;
  socklen_t size = sizeof fd;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0) return Descriptor(fd);
  if (errno != ENOPROTOOPT) return unexpected(int{errno});

  const auto peer = peer_credentials();
  if (!peer) return unexpected(int{peer.error()});
  if (peer->pid <= 0) return unexpected(int{ESRCH});
  Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, peer->pid, 0)));
  if (!process) return unexpected(int{errno});
  // The number may have been given to another process: not while the peer still has its end open.
  if (!peer_is_open()) return unexpected(int{ESRCH});
  return process;
}

bool Channel::peer_is_open() const noexcept {
  pollfd looked_at{socket_.get(), POLLRDHUP, 0};
  return ::poll(&looked_at, 1, 0) >= 0 &&
         (looked_at.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) == 0;
}

void Channel::shut_down() noexcept {
  static_cast<void>(::shutdown(socket_.get(), SHUT_RDWR));
}

std::string_view describe(Channel::ConnectFault fault) noexcept {
  switch (fault) {
    case Channel::ConnectFault::no_socket:
      return "there is no such socket";
    case Channel::ConnectFault::refused:
      return "nobody listens there";
    case Channel::ConnectFault::not_allowed:
      return "the socket may not be used by this user";
    case Channel::ConnectFault::timed_out:
      return "the listener does not accept";
    case Channel::ConnectFault::path_too_long:
      return "the path is too long for a socket";
    case Channel::ConnectFault::failed:
      return "the connection failed";
  }
  return "unknown";
}

}  // namespace ringside::shm
