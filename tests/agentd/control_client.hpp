// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "control_generated.h"
#include "events_generated.h"
#include "schema/event_buffer.hpp"
#include "shm/attached_ring.hpp"
#include "shm/channel.hpp"
#include "shm/copying_reader.hpp"
#include "shm/session_page.hpp"

namespace ringside::agentd {

/// An answer, with the descriptors that came along.
struct Reply {
  control::ReplyT reply;
  std::vector<shm::Descriptor> descriptors;

  /// What was answered; nullptr if it was something else.
  template <class Body>
  const Body* as() const {
    return reply.body.type == control::ReplyBodyTraits<typename Body::TableType>::enum_value
               ? static_cast<const Body*>(reply.body.value)
               : nullptr;
  }
  [[nodiscard]] bool ok() const { return as<control::OkT>() != nullptr; }
  /// "code: message" of an error, else the name of the body.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::optional<control::ErrorCode> error() const;
};

/// The wire, and nothing on top: says what it is told to and hands out what comes back. Fails its test by an exception,
/// also where nothing comes for a minute.
class ControlClient {
 public:
  explicit ControlClient(const std::string& socket);

  /// Says hello and attaches.
  void greet();
  void hello(std::uint64_t client_id);

  template <class Body>
  std::uint64_t say(Body body) {
    control::RequestT request;
    request.id = ++last_request_;
    request.body.Set(std::move(body));
    send(request);
    return request.id;
  }
  template <class Body>
  Reply ask(Body body) {
    const std::uint64_t id = say(std::move(body));
    Reply reply = hear();
    require(reply.reply.id == id, "an answer to something else: " + reply.text());
    return reply;
  }

  /// Raw bytes and descriptors, for what no client of ours would say.
  shm::SendStatus send_raw(std::span<const std::byte> frame, std::span<const int> descriptors = {});
  Reply hear();
  /// True once agentd has hung up, whatever it said before.
  bool hears_the_end();

  shm::Channel& channel() { return channel_; }
  shm::SessionPage& page() { return *page_; }

 private:
  void send(const control::RequestT& request);
  static void require(bool condition, const std::string& otherwise);
  void wait_until_readable();

  shm::Channel channel_;
  std::optional<shm::SessionPage> page_;
  shm::Descriptor doorbell_;
  std::uint64_t last_request_ = 0;
};

/// Follows a topic by copying, from what `subscribe` answered.
class TopicFollower {
 public:
  explicit TopicFollower(Reply subscribed);

  /// The next event; waits for it.
  struct Seen {
    std::uint64_t sequence;
    std::unique_ptr<events::EventT> event;
  };
  Seen next();
  /// The events up to and with the first of this kind.
  std::vector<Seen> until(events::Payload kind);
  bool has_news() { return reader_.has_news(); }

 private:
  shm::AttachedRing ring_;
  shm::BasicCopyingReader<> reader_;
};

control::SubscribeT subscribe_to(std::string topic, control::From from = control::From::latest,
                                 std::uint64_t sequence = 0);
/// A `custom` event of that name, encoded, to be published.
std::vector<std::uint8_t> custom_event(const std::string& name, std::size_t data_size = 0);
control::PublishT publish_of(const std::string& agent_id,
                             const std::vector<std::vector<std::uint8_t>>& events);
/// An agent of the exec runner that does nothing until it is told to stop.
control::StartT start_idle(const std::string& agent_id);

}  // namespace ringside::agentd
