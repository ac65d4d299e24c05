// SPDX-License-Identifier: Apache-2.0
//
// The control channel: frames with descriptors, over SOCK_SEQPACKET sockets of the host.
//
// Threads   : one sender and one receiver at a time.
// Progress  : nothing waits but `connect`, which is told how long. No call ever raises SIGPIPE.
// Ordering  : frames arrive whole and in the order sent.
// Loss      : none while both live. A frame that is refused is gone: drop the peer.
// Trust     : a received frame is at most what the caller's buffer and limits allow; what exceeds them is refused
//             before anything is allocated, and no descriptor that came along stays open. Credentials are the
//             kernel's word, not the peer's.
// Memory    : the kernel's socket buffers; nothing of ours.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "shm/descriptor.hpp"
#include "shm/expected.hpp"

namespace ringside::shm {

inline constexpr std::size_t channel_frame_size_max = std::size_t{64} * 1024;
/// No frame of ours carries more.
inline constexpr std::size_t channel_descriptors_max = 4;

struct PeerCredentials {
  pid_t pid;  ///< 0 where the peer lives in a process namespace that we cannot see into
  uid_t uid;
  gid_t gid;
};

enum class SendStatus {
  sent,
  would_block,  ///< the peer does not read; try again when the descriptor is writable
  too_large,    ///< more than `channel_frame_size_max`, or than the kernel takes
  closed,       ///< the peer is gone
  failed,       ///< errno says why
};

struct Sent {
  SendStatus status;
  int error_number = 0;
};

enum class ReceiveStatus {
  frame,                ///< size, descriptors and credentials are those of one frame, which may be empty
  would_block,          ///< nothing there
  closed,               ///< the peer has closed or died, and everything it sent has been received
  too_large,            ///< the frame exceeds the buffer: drop the peer
  descriptors_refused,  ///< more descriptors than allowed, or none left to this process: drop the peer
  failed,               ///< errno says why
};

struct Received {
  ReceiveStatus status;
  std::size_t size = 0;
  std::array<Descriptor, channel_descriptors_max> descriptors;
  std::size_t descriptor_count = 0;
  std::optional<PeerCredentials> credentials;  ///< of the process that sent this very frame
  int error_number = 0;
};

/// One end of a connection. The descriptor is non-blocking and close-on-exec.
class Channel {
 public:
  enum class ConnectFault {
    no_socket,      ///< nothing has that name
    refused,        ///< nobody listens there
    not_allowed,    ///< the rights of socket or folder
    timed_out,      ///< the listener does not come to accepting
    path_too_long,  ///< more than a socket's name may hold
    failed,         ///< errno says why
  };
  struct ConnectError {
    ConnectFault fault;
    int error_number = 0;
  };

  static expected<Channel, ConnectError> connect(const std::string& path,
                                                 std::chrono::milliseconds timeout) noexcept;

  /// Two connected ends, for tests and for children; the error is an errno.
  static expected<std::pair<Channel, Channel>, int> pair() noexcept;

  /// Takes over a connected SOCK_SEQPACKET socket: an accepted one, or an inherited one.
  /// The error is an errno.
  static expected<Channel, int> adopt(Descriptor socket) noexcept;

  [[nodiscard]] Sent send(std::span<const std::byte> frame, std::span<const int> descriptors = {}) noexcept;

  /// One frame. `descriptors_allowed` is at most `channel_descriptors_max`; agentd allows none.
  [[nodiscard]] Received receive(std::span<std::byte> buffer, std::size_t descriptors_allowed = 0) noexcept;

  /// Who connected (a client asking this about agentd learns who called listen: see `Received::credentials`).
  [[nodiscard]] expected<PeerCredentials, int> peer_credentials() const noexcept;
  /// Supplementary groups of who connected.
  [[nodiscard]] expected<std::vector<gid_t>, int> peer_groups() const;
  /// A pidfd of who connected: readable when the process has ended.
  /// ESRCH: it is gone already, or cannot be seen.
  [[nodiscard]] expected<Descriptor, int> peer_process() const noexcept;

  /// Whether the other end still exists; what it sent before may still wait here.
  [[nodiscard]] bool peer_is_open() const noexcept;

  /// Ends both directions at once: the peer reads `closed`.
  void shut_down() noexcept;

  [[nodiscard]] const Descriptor& descriptor() const noexcept { return socket_; }

 private:
  explicit Channel(Descriptor socket) noexcept : socket_(std::move(socket)) {}

  Descriptor socket_;
};

std::string_view describe(Channel::ConnectFault fault) noexcept;

/// The listening end. It removes the name that it made, if that name is still its own.
class ChannelListener {
 public:
  enum class ListenFault {
    occupied,        ///< something that is no socket has that name: left alone
    not_allowed,     ///< the rights of the folder
    no_folder,       ///< the folder is not there
    path_too_long,   ///< more than a socket's name may hold
    not_a_listener,  ///< adopt: not a listening SOCK_SEQPACKET socket
    failed,          ///< errno says why
  };
  struct ListenError {
    ListenFault fault;
    int error_number = 0;
  };

  /// Makes a socket of that name with exactly these rights, under any umask. Requires that the caller holds
  /// the lock of the namespace: a socket left there by a dead daemon is replaced.
  static expected<ChannelListener, ListenError> listen(const std::string& path, mode_t mode, int backlog);

  /// Takes over a listening socket that a service manager passed; its name stays when we go.
  static expected<ChannelListener, ListenError> adopt(Descriptor socket) noexcept;

  enum class AcceptFault {
    would_block,         ///< nobody knocks
    out_of_descriptors,  ///< EMFILE, ENFILE, ENOBUFS, ENOMEM: pause accepting, or the caller spins
    failed,              ///< errno says why; the next one may go well
  };
  struct AcceptError {
    AcceptFault fault;
    int error_number = 0;
  };

  expected<Channel, AcceptError> accept() noexcept;

  [[nodiscard]] const Descriptor& descriptor() const noexcept { return socket_; }

  ChannelListener(ChannelListener&& other) noexcept;
  ChannelListener& operator=(ChannelListener&& other) noexcept;
  ChannelListener(const ChannelListener&) = delete;
  ChannelListener& operator=(const ChannelListener&) = delete;
  ~ChannelListener();

 private:
  ChannelListener(Descriptor socket, std::string path, dev_t device, ino_t inode) noexcept;

  void remove_name() noexcept;

  Descriptor socket_;
  std::string path_;  // empty: not ours to remove
  dev_t device_;
  ino_t inode_;
};

std::string_view describe(ChannelListener::ListenFault fault) noexcept;

}  // namespace ringside::shm
