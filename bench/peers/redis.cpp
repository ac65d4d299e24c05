// SPDX-License-Identifier: Apache-2.0
//
// Peer: Redis pub/sub over a Unix socket. PUBLISHes of a batch are pipelined, as Redis' documentation advises; nothing
// is saved, and a subscriber that is behind is not cut off.
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sched.h>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "bench/peers/peer_daemon.hpp"
#include "bench/peers/peer_list.hpp"
#include "bench/ring_fixture.hpp"

namespace ringside::bench {
namespace {

using RedisReply = std::unique_ptr<redisReply, decltype([](redisReply* reply) { freeReplyObject(reply); })>;
using RedisContext =
    std::unique_ptr<redisContext, decltype([](redisContext* context) { redisFree(context); })>;

RedisContext connect_to(const std::string& socket) {
  RedisContext context(redisConnectUnix(socket.c_str()));
  if (!context) throw std::runtime_error("redisConnectUnix: out of memory");
  return context;
}

[[noreturn]] void fail(const RedisContext& context) {
  throw std::runtime_error(fmt::format("redis: {}", context->errstr));
}

class RedisSender final : public Sender {
 public:
  RedisSender(const std::string& socket, std::string topic, std::uint32_t size)
      : context_(connect_to(socket)), topic_(std::move(topic)), event_(size) {
    if (context_->err != 0) fail(context_);
  }

  std::byte* claim(std::uint32_t size) override {
    claimed_ = size;
    return event_.data();
  }

  void commit() override {
    const char* arguments[] = {"PUBLISH", topic_.c_str(), reinterpret_cast<const char*>(event_.data())};
    const std::size_t sizes[] = {7, topic_.size(), claimed_};
    if (redisAppendCommandArgv(context_.get(), 3, arguments, sizes) != REDIS_OK) fail(context_);
    ++unanswered_;
  }

  /// Writes the batch, then reads the answers that are due: those of the batch before.
  void flush() override {
    for (int done = 0; done == 0;) {
      if (redisBufferWrite(context_.get(), &done) != REDIS_OK) fail(context_);
    }
    for (; unanswered_ > batch_events; --unanswered_)
      read_answer();
  }

 private:
  void read_answer() {
    void* answer = nullptr;
    if (redisGetReply(context_.get(), &answer) != REDIS_OK) fail(context_);
    const RedisReply reply(static_cast<redisReply*>(answer));
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer != 1)
      throw std::runtime_error("redis: an event had no subscriber");
  }

  RedisContext context_;
  std::string topic_;
  std::vector<std::byte> event_;
  std::uint32_t claimed_ = 0;
  std::uint32_t unanswered_ = 0;
};

class RedisReceiver final : public Receiver {
 public:
  RedisReceiver(const std::string& socket, const std::string& topic, Waiting waiting)
      : context_(connect_to(socket)), waiting_(waiting) {
    if (context_->err != 0) fail(context_);
    reply_.reset(static_cast<redisReply*>(redisCommand(context_.get(), "SUBSCRIBE %s", topic.c_str())));
    if (!reply_) fail(context_);
    if (!waiting_.busy) return;
    context_->flags &= ~REDIS_BLOCK;  // redisBufferRead then takes EAGAIN for nothing yet
    fcntl(context_->fd, F_SETFL, O_NONBLOCK);
  }

  std::span<const std::byte> receive() override {
    void* message = nullptr;
    for (;;) {
      if (redisGetReplyFromReader(context_.get(), &message) != REDIS_OK) fail(context_);
      if (message != nullptr) break;
      if (waiting_.busy) waiting_.look_again();
      if (redisBufferRead(context_.get()) != REDIS_OK) fail(context_);
    }
    reply_.reset(static_cast<redisReply*>(message));
    if (reply_->type != REDIS_REPLY_ARRAY || reply_->elements != 3)
      throw std::runtime_error("redis: something that is no message on a subscribed connection");
    const redisReply& payload = *reply_->element[2];
    return {reinterpret_cast<const std::byte*>(payload.str), static_cast<std::size_t>(payload.len)};
  }

 private:
  RedisContext context_;
  Waiting waiting_;
  RedisReply reply_;
};

class RedisChannel final : public Channel {
 public:
  RedisChannel(std::string socket, std::uint32_t size, Waiting waiting)
      : socket_(std::move(socket)), topic_(fresh_ring_name()), size_(size), waiting_(waiting) {}

  std::unique_ptr<Sender> open_sender() override {
    return std::make_unique<RedisSender>(socket_, topic_, size_);
  }
  std::unique_ptr<Receiver> open_receiver() override {
    return std::make_unique<RedisReceiver>(socket_, topic_, waiting_);
  }

 private:
  std::string socket_;
  std::string topic_;
  std::uint32_t size_;
  Waiting waiting_;
};

class Redis final : public Peer {
 public:
  explicit Redis(const PeerPlace& place)
      : socket_(place.folder / "redis.sock"),
        daemon_({"redis-server", "--port", "0", "--unixsocket", socket_, "--dir", place.folder.string(),
                 "--save", "", "--appendonly", "no", "--client-output-buffer-limit", "pubsub 0 0 0"},
                place.cores, place.folder / "redis.log") {
    for (;;) {
      daemon_.must_run("is redis-server installed?");
      if (connect_to(socket_)->err == 0) break;
      sched_yield();
    }
  }

  [[nodiscard]] std::string name() const override { return "redis"; }
  [[nodiscard]] std::string configuration() const override {
    return "a redis-server on a Unix socket, nothing saved, client-output-buffer-limit pubsub 0 0 0, 64 "
           "PUBLISHes pipelined; "
           "busy: a receiver that polls its socket";
  }
  std::unique_ptr<Channel> make_channel(std::uint32_t size, Waiting waiting) override {
    waiting.crowded = true;  // redis-server needs a core too
    return std::make_unique<RedisChannel>(socket_, size, waiting);
  }

 private:
  std::string socket_;
  PeerDaemon daemon_;
};

}  // namespace

std::unique_ptr<Peer> make_redis(const PeerPlace& place) {
  return std::make_unique<Redis>(place);
}

}  // namespace ringside::bench
