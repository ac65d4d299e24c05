// SPDX-License-Identifier: Apache-2.0
//
// Peer: Boost.Interprocess message_queue, a queue of fixed places in shared memory under a mutex and two conditions.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <boost/interprocess/ipc/message_queue.hpp>

#include "bench/peers/peer_list.hpp"
#include "bench/ring_fixture.hpp"

namespace ringside::bench {
namespace {

using boost::interprocess::message_queue;

constexpr std::size_t queue_capacity = 1024;

class BoostQueueSender final : public Sender {
 public:
  BoostQueueSender(const std::string& name, std::uint32_t size, Waiting waiting)
      : queue_(boost::interprocess::open_only, name.c_str()), waiting_(waiting), event_(size) {}

  std::byte* claim(std::uint32_t size) override {
    claimed_ = size;
    return event_.data();
  }

  void commit() override {
    if (!waiting_.busy) {
      queue_.send(event_.data(), claimed_, 0);
      return;
    }
    while (!queue_.try_send(event_.data(), claimed_, 0))
      waiting_.look_again();
  }

 private:
  message_queue queue_;
  Waiting waiting_;
  std::vector<std::byte> event_;
  std::uint32_t claimed_ = 0;
};

class BoostQueueReceiver final : public Receiver {
 public:
  BoostQueueReceiver(const std::string& name, std::uint32_t size, Waiting waiting)
      : queue_(boost::interprocess::open_only, name.c_str()), waiting_(waiting), event_(size) {}

  std::span<const std::byte> receive() override {
    std::size_t size = 0;
    unsigned priority = 0;
    if (!waiting_.busy) {
      queue_.receive(event_.data(), event_.size(), size, priority);
    } else {
      while (!queue_.try_receive(event_.data(), event_.size(), size, priority))
        waiting_.look_again();
    }
    return {event_.data(), size};
  }

 private:
  message_queue queue_;
  Waiting waiting_;
  std::vector<std::byte> event_;
};

class BoostQueueChannel final : public Channel {
 public:
  BoostQueueChannel(std::uint32_t size, Waiting waiting)
      : name_(fresh_ring_name()), size_(size), waiting_(waiting) {
    message_queue(boost::interprocess::create_only, name_.c_str(), queue_capacity, size);
  }
  ~BoostQueueChannel() override { message_queue::remove(name_.c_str()); }
  BoostQueueChannel(const BoostQueueChannel&) = delete;
  BoostQueueChannel& operator=(const BoostQueueChannel&) = delete;

  std::unique_ptr<Sender> open_sender() override {
    return std::make_unique<BoostQueueSender>(name_, size_, waiting_);
  }
  std::unique_ptr<Receiver> open_receiver() override {
    return std::make_unique<BoostQueueReceiver>(name_, size_, waiting_);
  }

 private:
  std::string name_;
  std::uint32_t size_;
  Waiting waiting_;
};

class BoostMessageQueue final : public Peer {
 public:
  [[nodiscard]] std::string name() const override { return "boost_message_queue"; }
  [[nodiscard]] std::string configuration() const override {
    return "1024 places of the event's size, one priority; busy: try_send, try_receive";
  }
  std::unique_ptr<Channel> make_channel(std::uint32_t size, Waiting waiting) override {
    return std::make_unique<BoostQueueChannel>(size, waiting);
  }
};

}  // namespace

std::unique_ptr<Peer> make_boost_message_queue() {
  return std::make_unique<BoostMessageQueue>();
}

}  // namespace ringside::bench
