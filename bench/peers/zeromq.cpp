// SPDX-License-Identifier: Apache-2.0
//
// Peer: ZeroMQ PUB/SUB over ipc. ZMQ_XPUB_NODROP makes the publisher wait at its high-water mark where it would drop;
// XPUB is PUB that also sees its subscribers come (zmq_socket(3), zmq_setsockopt(3)).
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <zmq.h>

#include <fmt/format.h>

#include "bench/peers/peer_list.hpp"
#include "bench/ring_fixture.hpp"

namespace ringside::bench {
namespace {

void check(int rc, const char* call) {
  if (rc != 0) throw std::runtime_error(fmt::format("{}: {}", call, zmq_strerror(errno)));
}

/// A context and its one socket: with the default, one I/O thread.
class ZmqSocket {
 public:
  explicit ZmqSocket(int type) : context_(zmq_ctx_new()), socket_(zmq_socket(context_, type)) {
    if (socket_ == nullptr) throw std::runtime_error(fmt::format("zmq_socket: {}", zmq_strerror(errno)));
  }
  ~ZmqSocket() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  ZmqSocket(const ZmqSocket&) = delete;
  ZmqSocket& operator=(const ZmqSocket&) = delete;

  [[nodiscard]] void* get() const { return socket_; }

 private:
  void* context_;
  void* socket_;
};

class ZmqSender final : public Sender {
 public:
  ZmqSender(const std::string& endpoint, Waiting waiting) : waiting_(waiting) {
    const int no_drop = 1;
    check(zmq_setsockopt(socket_.get(), ZMQ_XPUB_NODROP, &no_drop, sizeof no_drop), "ZMQ_XPUB_NODROP");
    check(zmq_bind(socket_.get(), endpoint.c_str()), "zmq_bind");
  }

  void await_receiver() override {
    char subscription = 0;  // 1, and the empty prefix
    while (zmq_recv(socket_.get(), &subscription, 1, 0) < 0) {
      if (errno != EINTR) check(-1, "zmq_recv");
    }
  }

  std::byte* claim(std::uint32_t size) override {
    check(zmq_msg_init_size(&message_, size), "zmq_msg_init_size");
    return static_cast<std::byte*>(zmq_msg_data(&message_));
  }

  void commit() override {
    while (zmq_msg_send(&message_, socket_.get(), waiting_.busy ? ZMQ_DONTWAIT : 0) < 0) {
      if (errno == EAGAIN) {
        waiting_.look_again();
      } else if (errno != EINTR) {
        check(-1, "zmq_msg_send");
      }
    }
  }

 private:
  ZmqSocket socket_{ZMQ_XPUB};
  Waiting waiting_;
  zmq_msg_t message_{};
};

class ZmqReceiver final : public Receiver {
 public:
  ZmqReceiver(const std::string& endpoint, Waiting waiting) : waiting_(waiting) {
    check(zmq_setsockopt(socket_.get(), ZMQ_SUBSCRIBE, "", 0), "ZMQ_SUBSCRIBE");
    check(zmq_connect(socket_.get(), endpoint.c_str()), "zmq_connect");
    check(zmq_msg_init(&message_), "zmq_msg_init");
  }
  ~ZmqReceiver() override { zmq_msg_close(&message_); }
  ZmqReceiver(const ZmqReceiver&) = delete;
  ZmqReceiver& operator=(const ZmqReceiver&) = delete;

  std::span<const std::byte> receive() override {
    while (zmq_msg_recv(&message_, socket_.get(), waiting_.busy ? ZMQ_DONTWAIT : 0) < 0) {
      if (errno == EAGAIN) {
        waiting_.look_again();
      } else if (errno != EINTR) {
        check(-1, "zmq_msg_recv");
      }
    }
    return {static_cast<const std::byte*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
  }

 private:
  ZmqSocket socket_{ZMQ_SUB};
  Waiting waiting_;
  zmq_msg_t message_{};
};

class ZmqChannel final : public Channel {
 public:
  ZmqChannel(const std::filesystem::path& folder, Waiting waiting)
      : endpoint_("ipc://" + folder.string() + fresh_ring_name()), waiting_(waiting) {}

  std::unique_ptr<Sender> open_sender() override { return std::make_unique<ZmqSender>(endpoint_, waiting_); }
  std::unique_ptr<Receiver> open_receiver() override {
    return std::make_unique<ZmqReceiver>(endpoint_, waiting_);
  }

 private:
  std::string endpoint_;
  Waiting waiting_;
};

class ZeroMq final : public Peer {
 public:
  explicit ZeroMq(const PeerPlace& place) : folder_(place.folder) {}

  [[nodiscard]] std::string name() const override { return "zeromq"; }
  [[nodiscard]] std::string configuration() const override {
    return "XPUB to SUB over ipc, ZMQ_XPUB_NODROP, high-water marks of 1000 and one I/O thread (the "
           "defaults), zmq_msg filled "
           "in place; busy: ZMQ_DONTWAIT";
  }
  std::unique_ptr<Channel> make_channel(std::uint32_t, Waiting waiting) override {
    waiting.crowded = true;  // its I/O threads need the cores too
    return std::make_unique<ZmqChannel>(folder_, waiting);
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace

std::unique_ptr<Peer> make_zeromq(const PeerPlace& place) {
  return std::make_unique<ZeroMq>(place);
}

}  // namespace ringside::bench
