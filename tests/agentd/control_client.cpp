// SPDX-License-Identifier: Apache-2.0
#include "tests/agentd/control_client.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <stdexcept>

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "schema/control_codec.hpp"
#include "shm/ring_layout.hpp"

namespace ringside::agentd {

namespace {

/// A hang ends the test; nothing here is expected to take a hundredth of it.
constexpr std::chrono::seconds watchdog{60};

std::uint64_t random_id() {
  std::random_device random;
  return (std::uint64_t{random()} << 32U) | random();
}

shm::Channel connect_to(const std::string& socket) {
  auto channel = shm::Channel::connect(socket, watchdog);
  if (!channel) throw std::runtime_error("no connection to " + socket);
  return std::move(*channel);
}

}  // namespace

std::string Reply::text() const {
  if (const auto* error = as<control::ErrorT>()) {
    return std::string(control::EnumNameErrorCode(error->code)) + ": " + error->message;
  }
  return control::EnumNameReplyBody(reply.body.type);
}

std::optional<control::ErrorCode> Reply::error() const {
  const auto* error = as<control::ErrorT>();
  return error == nullptr ? std::nullopt : std::optional(error->code);
}

ControlClient::ControlClient(const std::string& socket) : channel_(connect_to(socket)) {}

void ControlClient::require(bool condition, const std::string& otherwise) {
  if (!condition) throw std::runtime_error(otherwise);
}

void ControlClient::hello(std::uint64_t client_id) {
  control::HelloT hello;
  hello.protocol_version = schema::protocol_version;
  hello.layout_version = shm::ring_layout_version;
  hello.layout_fingerprint = shm::ring_fingerprint();
  hello.client_id_high = client_id;
  hello.client_id_low = 1;
  hello.client_name = "test";
  const Reply reply = ask(std::move(hello));
  require(reply.as<control::HelloReplyT>() != nullptr, reply.text());
}

void ControlClient::greet() {
  hello(random_id());
  Reply attached = ask(control::AttachT{});
  require(attached.as<control::AttachReplyT>() != nullptr && attached.descriptors.size() == 2,
          attached.text());
  auto page = shm::SessionPage::attach(std::move(attached.descriptors[0]));
  require(page.has_value(), "the session page cannot be attached");
  page_.emplace(std::move(*page));
  doorbell_ = std::move(attached.descriptors[1]);
}

void ControlClient::send(const control::RequestT& request) {
  const auto frame = schema::encode(request);
  require(frame.has_value(), "the request is too large");
  require(send_raw(*frame) == shm::SendStatus::sent, "the request was not sent");
}

shm::SendStatus ControlClient::send_raw(std::span<const std::byte> frame, std::span<const int> descriptors) {
  return channel_.send(frame, descriptors).status;
}

void ControlClient::wait_until_readable() {
  pollfd ready{channel_.descriptor().get(), POLLIN, 0};
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(watchdog).count();
  require(::poll(&ready, 1, static_cast<int>(patience)) == 1, "agentd says nothing");
}

Reply ControlClient::hear() {
  struct alignas(schema::frame_alignment) Frame {
    std::array<std::byte, schema::frame_size_max> bytes;
  };
  const auto frame = std::make_unique<Frame>();
  for (;;) {
    shm::Received received = channel_.receive(frame->bytes, shm::channel_descriptors_max);
    if (received.status == shm::ReceiveStatus::would_block) {
      wait_until_readable();
      continue;
    }
    require(received.status == shm::ReceiveStatus::frame, "agentd has hung up");
    const auto reply = schema::decode_reply(std::span(frame->bytes).first(received.size));
    require(reply.has_value(), "agentd says what is no reply");
    Reply heard;
    (*reply)->UnPackTo(&heard.reply);
    for (std::size_t i = 0; i < received.descriptor_count; ++i) {
      heard.descriptors.push_back(std::move(received.descriptors[i]));
    }
    return heard;
  }
}

bool ControlClient::hears_the_end() {
  std::vector<std::byte> frame(schema::frame_size_max);
  for (;;) {
    const shm::Received received = channel_.receive(frame, shm::channel_descriptors_max);
    if (received.status == shm::ReceiveStatus::closed) return true;
    if (received.status == shm::ReceiveStatus::would_block) {
      wait_until_readable();
    } else if (received.status != shm::ReceiveStatus::frame) {
      return true;
    }
  }
}

namespace {

shm::AttachedRing attach(Reply& subscribed) {
  if (subscribed.as<control::SubscribeReplyT>() == nullptr || subscribed.descriptors.size() != 1) {
    throw std::runtime_error("not subscribed: " + subscribed.text());
  }
  auto ring = shm::AttachedRing::attach(std::move(subscribed.descriptors[0]), ::geteuid());
  if (!ring)
    throw std::runtime_error("the ring cannot be attached: " + std::string(shm::describe(ring.error())));
  return std::move(*ring);
}

shm::Cursor cursor_of(const Reply& subscribed) {
  const auto* reply = subscribed.as<control::SubscribeReplyT>();
  return {reply->generation, reply->offset, reply->next_sequence};
}

}  // namespace

TopicFollower::TopicFollower(Reply subscribed)
    : ring_(attach(subscribed)), reader_(ring_.view(), cursor_of(subscribed)) {}

TopicFollower::Seen TopicFollower::next() {
  const auto give_up = std::chrono::steady_clock::now() + watchdog;
  while (std::chrono::steady_clock::now() < give_up) {
    const shm::Next found = reader_.next();
    if (found.kind == shm::Next::Kind::gap) throw std::runtime_error("a gap");
    if (found.kind == shm::Next::Kind::record) {
      return {found.record.sequence,
              std::unique_ptr<events::EventT>(events::GetEvent(found.record.payload)->UnPack())};
    }
    ::sched_yield();
  }
  throw std::runtime_error("no event comes");
}

std::vector<TopicFollower::Seen> TopicFollower::until(events::Payload kind) {
  std::vector<Seen> seen;
  do {
    seen.push_back(next());
  } while (seen.back().event->payload.type != kind);
  return seen;
}

control::SubscribeT subscribe_to(std::string topic, control::From from, std::uint64_t sequence) {
  control::SubscribeT subscribe;
  subscribe.topic = std::move(topic);
  subscribe.from = from;
  subscribe.sequence = sequence;
  return subscribe;
}

std::vector<std::uint8_t> custom_event(const std::string& name, std::size_t data_size) {
  events::CustomT custom;
  custom.name = name;
  custom.data.resize(data_size, 'x');
  events::EventT event;
  event.payload.Set(std::move(custom));
  const schema::EventBuffer packed = schema::pack(event);
  std::vector<std::uint8_t> bytes(packed.bytes().size());
  std::transform(packed.bytes().begin(), packed.bytes().end(), bytes.begin(),
                 [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  return bytes;
}

control::PublishT publish_of(const std::string& agent_id,
                             const std::vector<std::vector<std::uint8_t>>& events) {
  control::PublishT publish;
  publish.agent_id = agent_id;
  for (const auto& bytes : events) {
    auto event = std::make_unique<control::EncodedEventT>();
    event->bytes = bytes;
    publish.events.push_back(std::move(event));
  }
  return publish;
}

control::StartT start_idle(const std::string& agent_id) {
  control::ExecOptionsT exec;
  exec.argv = {"sh", "-c", "while read -r line; do case $line in *stop*) exit 0;; esac; done"};
  control::StartT start;
  start.agent_id = agent_id;
  start.runner.Set(std::move(exec));
  start.stay_idle = true;
  return start;
}

}  // namespace ringside::agentd
