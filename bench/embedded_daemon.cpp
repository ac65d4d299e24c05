// SPDX-License-Identifier: Apache-2.0
#include "bench/embedded_daemon.hpp"

#include <stop_token>
#include <string_view>
#include <utility>

#include <sched.h>

#include <spdlog/spdlog.h>

#include "agentd/config.hpp"

namespace ringside::bench {

namespace {

constexpr std::string_view topic_name = "bench:embedded";

template <class T, class E>
T or_throw(tl::expected<T, E>&& outcome) {
  if (!outcome) throw std::runtime_error(outcome.error().message);
  return std::move(*outcome);
}

std::unique_ptr<agentd::Daemon> listening(const DaemonPlace& place) {
  spdlog::set_level(spdlog::level::warn);
  agentd::Config config;
  config.socket = place.socket();
  return or_throw(agentd::Daemon::create(std::move(config)));
}

Client connected(const DaemonPlace& place) {
  // acquire: the topic is there and somebody answers.
  while (place.listens->load(std::memory_order::acquire) == 0)
    sched_yield();
  return or_throw(Client::connect({.socket = place.socket(), .namespace_name = {}, .name = "bench"}));
}

}  // namespace

EmbeddedDaemon::EmbeddedDaemon(const DaemonPlace& place)
    : daemon_(listening(place)),
      conductor_([this](const std::stop_token& asked) {
        const std::stop_callback stop(asked, [this] { daemon_->stop(); });
        daemon_->run();
      }),
      topic_(or_throw(daemon_->open_topic(std::string(topic_name)).get())) {
  // release: the topic is there and somebody answers.
  place.listens->store(1, std::memory_order::release);
}

EmbeddedDaemonClient::EmbeddedDaemonClient(const DaemonPlace& place)
    : client_(connected(place)),
      subscription_(or_throw(client_.subscribe(topic_name, {.from = From::latest}))) {}

schema::EventBuffer event_of(std::uint32_t size, std::uint8_t byte) {
  events::CustomT custom;
  custom.name = "bench";
  custom.data.assign(size, byte);
  events::EventT event;
  event.payload.Set(std::move(custom));
  return schema::pack(event);
}

}  // namespace ringside::bench
