// SPDX-License-Identifier: Apache-2.0
//
// Peer: Eclipse iceoryx 2.0, loaned chunks in shared memory. WAIT_FOR_CONSUMER and BLOCK_PRODUCER make the publisher
// wait where it would discard. Its RouDi has fixed names on a host: where another one runs, this peer is left out.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <sched.h>

#include <iceoryx_hoofs/log/logmanager.hpp>
#include <iceoryx_posh/popo/untyped_publisher.hpp>
#include <iceoryx_posh/popo/untyped_subscriber.hpp>
#include <iceoryx_posh/popo/wait_set.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>

#include "bench/peers/peer_daemon.hpp"
#include "bench/peers/peer_list.hpp"
#include "bench/ring_fixture.hpp"

namespace ringside::bench {
namespace {

namespace cxx = iox::cxx;

/// Chunks for the sizes of the bench; a queue has 256 places, what a publisher holds comes on top.
constexpr const char* roudi_config = R"([general]
version = 1

[[segment]]

[[segment.mempool]]
size = 64
count = 2000

[[segment.mempool]]
size = 128
count = 2000

[[segment.mempool]]
size = 512
count = 2000

[[segment.mempool]]
size = 1024
count = 2000

[[segment.mempool]]
size = 32768
count = 2000
)";

/// Registers this process with RouDi, under the first name that it asks for. Only a process that was forked from none
/// that is registered can.
void join_roudi(const std::string& name) {
  static bool joined = false;
  if (std::exchange(joined, true)) return;
  iox::log::LogManager::GetLogManager().SetDefaultLogLevel(iox::log::LogLevel::kOff,
                                                           iox::log::LogLevelOutput::kHideLogLevel);
  iox::runtime::PoshRuntime::initRuntime(iox::RuntimeName_t(cxx::TruncateToCapacity, name));
}

std::string fresh_name() {
  return fresh_ring_name().substr(1);
}

iox::capro::ServiceDescription service_of(const std::string& topic) {
  return {"ringside", "bench", iox::capro::IdString_t(cxx::TruncateToCapacity, topic)};
}

class IceoryxSender final : public Sender {
 public:
  explicit IceoryxSender(const std::string& topic) : publisher_(service_of(topic), options()) {}

  void await_receiver() override {
    while (!publisher_.hasSubscribers())
      sched_yield();
  }

  std::byte* claim(std::uint32_t size) override {
    const auto loaned = publisher_.loan(size);
    if (loaned.has_error()) throw std::runtime_error("iceoryx: no chunk to be loaned");
    chunk_ = loaned.value();
    return static_cast<std::byte*>(chunk_);
  }

  void commit() override { publisher_.publish(chunk_); }

 private:
  static iox::popo::PublisherOptions options() {
    iox::popo::PublisherOptions options;
    options.subscriberTooSlowPolicy = iox::popo::ConsumerTooSlowPolicy::WAIT_FOR_CONSUMER;
    return options;
  }

  iox::popo::UntypedPublisher publisher_;
  void* chunk_ = nullptr;
};

class IceoryxReceiver final : public Receiver {
 public:
  IceoryxReceiver(const std::string& topic, std::uint32_t size, Waiting waiting)
      : subscriber_(service_of(topic), options()), size_(size), waiting_(waiting) {
    if (waiting_.busy) return;
    wait_set_.emplace();
    if (wait_set_->attachState(subscriber_, iox::popo::SubscriberState::HAS_DATA).has_error())
      throw std::runtime_error("iceoryx: a wait set without a place");
  }
  ~IceoryxReceiver() override {
    if (chunk_ != nullptr) subscriber_.release(chunk_);
  }
  IceoryxReceiver(const IceoryxReceiver&) = delete;
  IceoryxReceiver& operator=(const IceoryxReceiver&) = delete;

  std::span<const std::byte> receive() override {
    if (chunk_ != nullptr) subscriber_.release(chunk_);
    for (;;) {
      const auto taken = subscriber_.take();
      if (!taken.has_error()) {
        chunk_ = taken.value();
        return {static_cast<const std::byte*>(chunk_), size_};
      }
      if (wait_set_) {
        wait_set_->wait();
      } else {
        waiting_.look_again();
      }
    }
  }

 private:
  static iox::popo::SubscriberOptions options() {
    iox::popo::SubscriberOptions options;
    options.queueFullPolicy = iox::popo::QueueFullPolicy::BLOCK_PRODUCER;
    return options;
  }

  iox::popo::UntypedSubscriber subscriber_;
  std::uint32_t size_;
  Waiting waiting_;
  std::optional<iox::popo::WaitSet<>> wait_set_;
  const void* chunk_ = nullptr;
};

class IceoryxChannel final : public Channel {
 public:
  IceoryxChannel(std::uint32_t size, Waiting waiting)
      : topic_(fresh_name()), size_(size), waiting_(waiting) {}

  std::unique_ptr<Sender> open_sender() override {
    join_roudi(topic_ + ".sender");
    return std::make_unique<IceoryxSender>(topic_);
  }
  std::unique_ptr<Receiver> open_receiver() override {
    join_roudi(topic_ + ".receiver");
    return std::make_unique<IceoryxReceiver>(topic_, size_, waiting_);
  }

  /// RouDi hears of the end from the destructor of a static. At its own end it aborts over a process that went unheard.
  [[noreturn]] void leave() override { std::exit(0); }

 private:
  std::string topic_;
  std::uint32_t size_;
  Waiting waiting_;
};

std::filesystem::path written_config(const PeerPlace& place) {
  std::filesystem::path path = place.folder / "roudi.toml";
  std::ofstream(path) << roudi_config;
  return path;
}

class Iceoryx final : public Peer {
 public:
  explicit Iceoryx(const PeerPlace& place)
      : daemon_({"iox-roudi", "--log-level", "error", "--kill-delay", "1", "--config-file",
                 written_config(place).string()},
                place.cores, place.folder / "roudi.log") {
    while (!daemon_.has_said("RouDi is ready for clients")) {
      daemon_.must_run("is iceoryx installed, and does no other RouDi run on this host?");
      sched_yield();
    }
  }

  [[nodiscard]] std::string name() const override { return "iceoryx"; }
  [[nodiscard]] std::string configuration() const override {
    return "untyped loan and publish, WAIT_FOR_CONSUMER with BLOCK_PRODUCER, queue of 256 (its greatest), "
           "mempools of the "
           "sizes sent; busy: take() again, blocking: WaitSet";
  }
  std::unique_ptr<Channel> make_channel(std::uint32_t size, Waiting waiting) override {
    return std::make_unique<IceoryxChannel>(size, waiting);
  }

 private:
  PeerDaemon daemon_;
};

}  // namespace

std::unique_ptr<Peer> make_iceoryx(const PeerPlace& place) {
  return std::make_unique<Iceoryx>(place);
}

}  // namespace ringside::bench
