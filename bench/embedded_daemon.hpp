// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <ringside/client.hpp>

#include "agentd/daemon.hpp"
#include "agentd/topic.hpp"
#include "bench/measured_child.hpp"
#include "bench/scratch_folder.hpp"
#include "schema/event_buffer.hpp"

namespace ringside::bench {

/// Where an EmbeddedDaemon and its client meet. Made before they fork.
struct DaemonPlace {
  ScratchFolder folder;
  SharedBlock<std::atomic<std::uint32_t>> listens;

  [[nodiscard]] std::string socket() const { return folder.path() / "control.sock"; }
};

/// The whole daemon in this process, with its socket and one topic: for what begins with a publish() on a thread inside
/// agentd and ends in a client.
///
/// Threads: one, which forks no more; agentd has its own beside it, on the cores that this one had when it made them.
class EmbeddedDaemon {
 public:
  /// Throws std::runtime_error where it cannot be started.
  explicit EmbeddedDaemon(const DaemonPlace& place);
  EmbeddedDaemon(const EmbeddedDaemon&) = delete;
  EmbeddedDaemon& operator=(const EmbeddedDaemon&) = delete;

  /// Throws std::runtime_error where the event is refused.
  void publish(const schema::EventBuffer& event) {
    if (!topic_->publish(event)) throw std::runtime_error("publish was refused");
  }

 private:
  std::unique_ptr<agentd::Daemon> daemon_;
  std::jthread conductor_;  // its end stops the daemon
  std::shared_ptr<agentd::Topic> topic_;
};

/// The client's end, in another process: connected and subscribed. Waits until the daemon listens.
class EmbeddedDaemonClient {
 public:
  /// Throws std::runtime_error where the daemon refuses.
  explicit EmbeddedDaemonClient(const DaemonPlace& place);

  [[nodiscard]] Subscription& subscription() { return subscription_; }

 private:
  Client client_;
  Subscription subscription_;
};

/// One for it to publish, whose `size` bytes of data are all `byte`.
schema::EventBuffer event_of(std::uint32_t size, std::uint8_t byte);

}  // namespace ringside::bench
