// SPDX-License-Identifier: Apache-2.0
//
// Peer: nng, a pair over ipc. nng's PUB drops where a subscriber is slow and has no option against it (nng_pub(7)); a
// pair waits (nng_pair(7)), and brought more events than PUSH to PULL, which waits too.
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>

#include "bench/peers/peer_list.hpp"
#include "bench/ring_fixture.hpp"

namespace ringside::bench {
namespace {

constexpr int buffered_events = 1024;

void check(int rc, const char* call) {
  if (rc != 0) throw std::runtime_error(fmt::format("{}: {}", call, nng_strerror(rc)));
}

class NngSocket {
 public:
  NngSocket() { check(nng_pair0_open(&socket_), "nng_pair0_open"); }
  ~NngSocket() { nng_close(socket_); }
  NngSocket(const NngSocket&) = delete;
  NngSocket& operator=(const NngSocket&) = delete;

  [[nodiscard]] nng_socket get() const { return socket_; }

 private:
  nng_socket socket_ = NNG_SOCKET_INITIALIZER;
};

class NngSender final : public Sender {
 public:
  NngSender(const std::string& url, Waiting waiting) : waiting_(waiting) {
    check(nng_socket_set_int(socket_.get(), NNG_OPT_SENDBUF, buffered_events), "NNG_OPT_SENDBUF");
    check(nng_listen(socket_.get(), url.c_str(), nullptr, 0), "nng_listen");
  }

  std::byte* claim(std::uint32_t size) override {
    check(nng_msg_alloc(&message_, size), "nng_msg_alloc");
    return static_cast<std::byte*>(nng_msg_body(message_));
  }

  void commit() override {
    for (;;) {
      const int rc = nng_sendmsg(socket_.get(), message_, waiting_.busy ? NNG_FLAG_NONBLOCK : 0);
      if (rc == 0) return;
      if (rc != NNG_EAGAIN) check(rc, "nng_sendmsg");
      waiting_.look_again();
    }
  }

 private:
  NngSocket socket_;
  Waiting waiting_;
  nng_msg* message_ = nullptr;
};

class NngReceiver final : public Receiver {
 public:
  NngReceiver(const std::string& url, Waiting waiting) : waiting_(waiting) {
    check(nng_socket_set_int(socket_.get(), NNG_OPT_RECVBUF, buffered_events), "NNG_OPT_RECVBUF");
    check(nng_dial(socket_.get(), url.c_str(), nullptr, 0), "nng_dial");
  }
  ~NngReceiver() override { nng_msg_free(message_); }
  NngReceiver(const NngReceiver&) = delete;
  NngReceiver& operator=(const NngReceiver&) = delete;

  std::span<const std::byte> receive() override {
    nng_msg_free(std::exchange(message_, nullptr));
    for (;;) {
      const int rc = nng_recvmsg(socket_.get(), &message_, waiting_.busy ? NNG_FLAG_NONBLOCK : 0);
      if (rc == 0) break;
      if (rc != NNG_EAGAIN) check(rc, "nng_recvmsg");
      waiting_.look_again();
    }
    return {static_cast<const std::byte*>(nng_msg_body(message_)), nng_msg_len(message_)};
  }

 private:
  NngSocket socket_;
  Waiting waiting_;
  nng_msg* message_ = nullptr;
};

class NngChannel final : public Channel {
 public:
  NngChannel(const std::filesystem::path& folder, Waiting waiting)
      : url_("ipc://" + folder.string() + fresh_ring_name()), waiting_(waiting) {}

  std::unique_ptr<Sender> open_sender() override { return std::make_unique<NngSender>(url_, waiting_); }
  std::unique_ptr<Receiver> open_receiver() override { return std::make_unique<NngReceiver>(url_, waiting_); }

 private:
  std::string url_;
  Waiting waiting_;
};

class Nng final : public Peer {
 public:
  explicit Nng(const PeerPlace& place) : folder_(place.folder) {}

  [[nodiscard]] std::string name() const override { return "nng"; }
  [[nodiscard]] std::string configuration() const override {
    return "PAIR over ipc (PUB cannot but drop), NNG_OPT_SENDBUF and NNG_OPT_RECVBUF 1024, nng_msg "
           "filled in place; "
           "busy: NNG_FLAG_NONBLOCK";
  }
  std::unique_ptr<Channel> make_channel(std::uint32_t, Waiting waiting) override {
    waiting.crowded = true;  // its threads need the cores too
    return std::make_unique<NngChannel>(folder_, waiting);
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace

std::unique_ptr<Peer> make_nng(const PeerPlace& place) {
  return std::make_unique<Nng>(place);
}

}  // namespace ringside::bench
