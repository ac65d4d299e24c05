// SPDX-License-Identifier: Apache-2.0
//
// Peer: an AF_UNIX SOCK_SEQPACKET pair (unix(7)). A batch is one sendmmsg; what has come is taken with one recvmmsg.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "bench/peers/peer_list.hpp"
#include "shm/descriptor.hpp"

namespace ringside::bench {
namespace {

constexpr int send_buffer_size = 1 << 20;  // the kernel takes what net.core.wmem_max allows of it

[[noreturn]] void fail(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

/// A batch of events of one size, as sendmmsg and recvmmsg want it.
struct PacketBatch {
  explicit PacketBatch(std::uint32_t size)
      : bytes(std::size_t{size} * batch_events), parts(batch_events), messages(batch_events) {
    for (std::size_t i = 0; i < batch_events; ++i) {
      parts[i] = {.iov_base = bytes.data() + i * size, .iov_len = size};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }

  std::vector<std::byte> bytes;
  std::vector<iovec> parts;
  std::vector<mmsghdr> messages;
};

class SeqpacketSender final : public Sender {
 public:
  SeqpacketSender(shm::Descriptor descriptor, std::uint32_t size, Waiting waiting)
      : descriptor_(std::move(descriptor)), waiting_(waiting), batch_(size) {}

  std::byte* claim(std::uint32_t size) override {
    batch_.parts[used_].iov_len = size;
    return static_cast<std::byte*>(batch_.parts[used_].iov_base);
  }

  void commit() override { ++used_; }

  void flush() override {
    for (unsigned sent = 0; sent < used_;) {
      const int n = sendmmsg(descriptor_.get(), batch_.messages.data() + sent, used_ - sent,
                             MSG_NOSIGNAL | (waiting_.busy ? MSG_DONTWAIT : 0));
      if (n >= 0) {
        sent += static_cast<unsigned>(n);
      } else if (errno == EAGAIN) {
        waiting_.look_again();
      } else if (errno != EINTR) {
        fail("sendmmsg");
      }
    }
    used_ = 0;
  }

 private:
  shm::Descriptor descriptor_;
  Waiting waiting_;
  PacketBatch batch_;
  unsigned used_ = 0;
};

class SeqpacketReceiver final : public Receiver {
 public:
  SeqpacketReceiver(shm::Descriptor descriptor, std::uint32_t size, Waiting waiting)
      : descriptor_(std::move(descriptor)), waiting_(waiting), batch_(size) {}

  std::span<const std::byte> receive() override {
    while (next_ == come_)
      receive_more();
    const auto* bytes = static_cast<const std::byte*>(batch_.parts[next_].iov_base);
    const unsigned size = batch_.messages[next_++].msg_len;
    if (size == 0) throw std::runtime_error("the socket's sender is gone");
    return {bytes, size};
  }

 private:
  void receive_more() {
    const int n = recvmmsg(descriptor_.get(), batch_.messages.data(), batch_events,
                           waiting_.busy ? MSG_DONTWAIT : MSG_WAITFORONE, nullptr);
    next_ = 0;
    come_ = n > 0 ? static_cast<unsigned>(n) : 0;
    if (n >= 0) return;
    if (errno == EAGAIN) {
      waiting_.look_again();
    } else if (errno != EINTR) {
      fail("recvmmsg");
    }
  }

  shm::Descriptor descriptor_;
  Waiting waiting_;
  PacketBatch batch_;
  unsigned next_ = 0;
  unsigned come_ = 0;
};

class SeqpacketChannel final : public Channel {
 public:
  SeqpacketChannel(std::uint32_t size, Waiting waiting) : size_(size), waiting_(waiting) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) fail("socketpair");
    receiving_ = shm::Descriptor(ends[0]);
    sending_ = shm::Descriptor(ends[1]);
    if (setsockopt(sending_.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer_size, sizeof send_buffer_size) != 0)
      fail("SO_SNDBUF");
  }

  std::unique_ptr<Sender> open_sender() override {
    receiving_ = shm::Descriptor();
    return std::make_unique<SeqpacketSender>(std::move(sending_), size_, waiting_);
  }

  std::unique_ptr<Receiver> open_receiver() override {
    sending_ = shm::Descriptor();
    return std::make_unique<SeqpacketReceiver>(std::move(receiving_), size_, waiting_);
  }

 private:
  std::uint32_t size_;
  Waiting waiting_;
  shm::Descriptor receiving_;
  shm::Descriptor sending_;
};

class Seqpacket final : public Peer {
 public:
  [[nodiscard]] std::string name() const override { return "seqpacket"; }
  [[nodiscard]] std::string configuration() const override {
    return "SO_SNDBUF 1 MiB asked for, a batch of 64 events in one sendmmsg, up to 64 in one recvmmsg; busy: "
           "MSG_DONTWAIT";
  }
  std::unique_ptr<Channel> make_channel(std::uint32_t size, Waiting waiting) override {
    return std::make_unique<SeqpacketChannel>(size, waiting);
  }
};

}  // namespace

std::unique_ptr<Peer> make_seqpacket() {
  return std::make_unique<Seqpacket>();
}

}  // namespace ringside::bench
