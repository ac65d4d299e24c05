// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <new>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/channel.hpp"
#include "shm/socket_address.hpp"

namespace ringside::shm {

namespace {

using ListenFault = ChannelListener::ListenFault;
using ListenError = ChannelListener::ListenError;

tl::unexpected<ListenError> listen_failed(int error_number) noexcept {
  switch (error_number) {
    case EACCES:
    case EPERM:
    case EROFS:
      return unexpected(ListenError{ListenFault::not_allowed, error_number});
    case ENOENT:
    case ENOTDIR:
      return unexpected(ListenError{ListenFault::no_folder, error_number});
    case EADDRINUSE:
      return unexpected(ListenError{ListenFault::occupied, error_number});
    default:
      return unexpected(ListenError{ListenFault::failed, error_number});
  }
}

/// Removes the socket that a dead daemon left. False, with errno, where something else has that name.
bool clear_name(const std::string& path) noexcept {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return errno == ENOENT;
  if (!S_ISSOCK(status.st_mode)) {
    errno = EADDRINUSE;
    return false;
  }
  return ::unlink(path.c_str()) == 0 || errno == ENOENT;
}

}  // namespace

ChannelListener::ChannelListener(Descriptor socket, std::string path, dev_t device, ino_t inode) noexcept
    : socket_(std::move(socket)), path_(std::move(path)), device_(device), inode_(inode) {}

ChannelListener::ChannelListener(ChannelListener&& other) noexcept
    : socket_(std::move(other.socket_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

ChannelListener& ChannelListener::operator=(ChannelListener&& other) noexcept {
  if (this != &other) {
    remove_name();
    socket_ = std::move(other.socket_);
    path_ = std::exchange(other.path_, {});
    device_ = other.device_;
    inode_ = other.inode_;
  }
  return *this;
}

ChannelListener::~ChannelListener() {
  remove_name();
}

void ChannelListener::remove_name() noexcept {
  if (path_.empty()) return;
  struct stat status {};
  const bool ours =
      ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
  if (ours) ::unlink(path_.c_str());
  path_.clear();
}

expected<ChannelListener, ListenError> ChannelListener::listen(const std::string& path, mode_t mode,
                                                               int backlog) {
  const auto address = SocketAddress::of(path);
  if (!address) return unexpected(ListenError{ListenFault::path_too_long, ENAMETOOLONG});
  if (!clear_name(path)) return listen_failed(errno);
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return listen_failed(errno);
  // The name is born with the rights that the socket has now, less the umask; nobody can come in between with more.
  if (::fchmod(socket.get(), mode) != 0) return listen_failed(errno);
  if (::bind(socket.get(), address->get(), address->size()) != 0) return listen_failed(errno);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return listen_failed(errno);
  ChannelListener made(std::move(socket), path, status.st_dev, status.st_ino);
  // What the umask took away.
  if (::chmod(path.c_str(), mode) != 0 || ::lstat(path.c_str(), &status) != 0) return listen_failed(errno);
  if (!S_ISSOCK(status.st_mode) || status.st_ino != made.inode_ || (status.st_mode & 07777) != mode) {
    return listen_failed(EADDRINUSE);
  }
  const int on = 1;
  static_cast<void>(::setsockopt(made.socket_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
  if (::listen(made.socket_.get(), backlog) != 0) return listen_failed(errno);
  return made;
}

expected<ChannelListener, ListenError> ChannelListener::adopt(Descriptor socket) noexcept {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (!is_seqpacket_socket(socket.get()) ||
      ::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
    return unexpected(ListenError{ListenFault::not_a_listener, 0});
  }
  const int flags = ::fcntl(socket.get(), F_GETFL);
  const int on = 1;
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0 ||
      ::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return listen_failed(errno);
  }
  return ChannelListener(std::move(socket), {}, 0, 0);
}

expected<Channel, ChannelListener::AcceptError> ChannelListener::accept() noexcept {
  int fd = -1;
  do {
    fd = ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd < 0) {
    switch (errno) {
      case EAGAIN:
        return unexpected(AcceptError{AcceptFault::would_block, EAGAIN});
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        return unexpected(AcceptError{AcceptFault::out_of_descriptors, errno});
      default:
        return unexpected(AcceptError{AcceptFault::failed, errno});
    }
  }
  auto channel = Channel::adopt(Descriptor(fd));
  if (!channel) return unexpected(AcceptError{AcceptFault::failed, channel.error()});
  return std::move(*channel);
}

std::string_view describe(ListenFault fault) noexcept {
  switch (fault) {
    case ListenFault::occupied:
      return "something that is no socket of ours has that name";
    case ListenFault::not_allowed:
      return "the folder may not be written to";
    case ListenFault::no_folder:
      return "the folder is not there";
    case ListenFault::path_too_long:
      return "the path is too long for a socket";
    case ListenFault::not_a_listener:
      return "the descriptor is not a listening socket for sequenced packets";
    case ListenFault::failed:
      return "the socket could not be made";
  }
  return "unknown";
}

}  // namespace ringside::shm
