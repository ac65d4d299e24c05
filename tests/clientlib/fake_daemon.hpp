// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "control_generated.h"
#include "schema/event_buffer.hpp"
#include "shm/channel.hpp"
#include "shm/doorbell.hpp"
#include "shm/ring_object.hpp"
#include "shm/ring_writer.hpp"
#include "shm/session_page.hpp"
#include "tests/clientlib/temporary_folder.hpp"

namespace ringside::test {

/// A topic as agentd has it: one ring, one writer. Threads: any.
class FakeTopic {
 public:
  FakeTopic(std::string_view name, const shm::RingGeometry& geometry);

  /// Publishes and rings; returns the sequence.
  std::uint64_t publish(const schema::EventBuffer& event, std::int64_t time_ns = 0);
  std::uint64_t publish_bytes(std::span<const std::byte> bytes, std::uint32_t kind, std::int64_t time_ns = 0);
  std::uint64_t publish_text(std::string_view text);

  shm::RingWriter& writer() noexcept { return writer_; }
  shm::RingObject& object() noexcept { return object_; }
  std::mutex& mutex() noexcept { return mutex_; }

 private:
  std::mutex mutex_;
  shm::RingObject object_;
  shm::RingWriter writer_;
};

/// A small agentd of the parts that the client library meets: honest unless a test tells it what to say.
class FakeDaemon {
 public:
  /// One request as it came, and what will be said to it.
  struct Call {
    const control::Request& request;
    control::ReplyT reply;
    std::vector<int> descriptors;
    bool silent = false;         ///< say nothing
    bool hang_up = false;        ///< close instead
    std::vector<std::byte> raw;  ///< say this instead of the reply, if not empty
  };
  using Answerer = std::function<void(Call&)>;

  explicit FakeDaemon(shm::RingGeometry geometry = {
                          .segment_size = 4096, .window_segments = 4, .subscription_max = 4});
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  const std::string& socket() const noexcept { return socket_; }
  const TemporaryFolder& folder() const noexcept { return folder_; }

  /// What is said to requests of this kind, after the honest answer was made (it can be looked at and changed).
  void answer(control::RequestBody kind, Answerer answerer);

  /// The topic, made when it is first named.
  FakeTopic& topic(const std::string& name);
  /// What subscribers of the topic are told: whether its agent runs.
  void set_running(bool running) { running_ = running; }

  /// How many requests of this kind came so far; and waiting until there are as many.
  std::size_t count(control::RequestBody kind) const;
  void wait_for(control::RequestBody kind, std::size_t count) const;

  /// The counter in the page of the client that attached last.
  std::uint64_t heartbeat() const;

  /// Dies: sockets and doorbells are closed, rings stay.
  void die();
  void close_sockets();
  void close_doorbells();

  /// Presence entries: topic -> key -> ref, without meta. Losing them is what a daemon does that saw no heartbeat.
  void lose_presence();
  std::uint64_t presence_ref(const std::string& topic, const std::string& key) const;

 private:
  struct Peer {
    shm::Channel channel;
    std::optional<shm::SessionPage> page;
    std::optional<shm::Doorbell> doorbell;
    std::uint32_t next_line = shm::subscription_line_first;
  };
  struct Granted {
    std::string topic;
    shm::SubscriberId subscriber;
  };

  void run();
  bool serve(Peer& peer);
  void answer_honestly(Peer& peer, Call& call);
  void attach(Peer& peer, Call& call);
  void subscribe(Peer& peer, Call& call);
  void unsubscribe(Call& call);
  void track(Call& call, const std::string& topic, const std::string& key, bool again);

  TemporaryFolder folder_;
  std::string socket_;
  shm::RingGeometry geometry_;
  shm::ChannelListener listener_;
  shm::Descriptor wake_;
  std::atomic<bool> running_{true};
  std::atomic<bool> stopping_{false};

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<control::RequestBody, Answerer> answerers_;
  std::map<control::RequestBody, std::size_t> counts_;
  std::map<std::string, std::unique_ptr<FakeTopic>> topics_;
  std::map<std::uint64_t, Granted> granted_;
  std::map<std::string, std::map<std::string, std::uint64_t>> presence_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<shm::Descriptor> sending_;
  std::uint64_t last_session_ = 0;
  std::uint64_t last_subscription_ = 0;
  std::uint64_t last_ref_ = 0;

  std::thread thread_;
};

/// An event of that text.
schema::EventBuffer text_event(std::string_view text);
/// The text of an event that `text_event` made.
std::string_view text_of(const events::Event& event);

}  // namespace ringside::test
