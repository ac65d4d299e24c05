// SPDX-License-Identifier: Apache-2.0
//
// Question: how long until a client that subscribes has its first event in hand, connected already, and from nothing?
//
// agentd is a process of its own, and neither it nor the client is pinned. The topic has events, the client subscribes from
// the oldest and polls until its handler is called. "attach" is timed from before subscribe(), "connect and attach" from
// before connect(). Beside each, in the same run: a request that does nothing (`touch`). One at a time; every time is kept.
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ringside/client.hpp>

#include "bench/agentd_process.hpp"
#include "bench/host.hpp"
#include "bench/line_limit.hpp"
#include "bench/monotonic_clock.hpp"
#include "bench/process_benches.hpp"
#include "shm/pause_processor.hpp"

namespace ringside::bench {
namespace {

constexpr std::string_view agent = "attach";
constexpr std::uint32_t events_before = 10;

void start_agent_with_events(Client& client, const StartOptions& start) {
  if (const auto started = client.start(agent, start); !started)
    throw std::runtime_error(started.error().message);
  for (std::uint32_t i = 0; i < events_before; ++i) {
    events::CustomT custom;
    custom.name = "bench";
    custom.data.assign(128, static_cast<std::uint8_t>(i));
    events::EventT event;
    event.payload.Set(std::move(custom));
    if (const auto published = client.publish(agent, event); !published)
      throw std::runtime_error(published.error().message);
  }
}

/// Subscribes and returns when the handler has been called. The subscription ends behind the measured time.
std::uint64_t time_of_first_event(Client& client) {
  auto subscription = client.subscribe_agent(agent, {.from = From::oldest});
  if (!subscription) throw std::runtime_error(subscription.error().message);
  std::uint64_t handled = 0;
  while (handled == 0) {
    subscription->poll([&](const Event&) { handled = now_ns(); }, 1);
    if (handled == 0) shm::pause_processor();
  }
  return handled;
}

struct AttachRun {
  PairedRun attach;
  PairedRun connect;
};

AttachRun attach_once(const BenchOptions& options) {
  const std::uint32_t count = options.round_trips / 100;
  LatencySamples touch(count);
  LatencySamples attach(count);
  LatencySamples connect(count);
  const double before = line_floor_ns(options);
  pin_to_cores(options.cores);
  AgentdProcess agentd(options, "");
  Client client = agentd.connect();
  start_agent_with_events(client, agentd.idle_agent());
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint64_t begin = now_ns();
    if (const auto touched = client.touch(agent); !touched) throw std::runtime_error(touched.error().message);
    touch.record(now_ns() - begin);
    begin = now_ns();
    attach.record(time_of_first_event(client) - begin);
    begin = now_ns();
    Client fresh = agentd.connect();
    connect.record(time_of_first_event(fresh) - begin);
  }
  agentd.stop();
  const Result limit{.bench = "attach_latency", .subject = "touch", .latency = touch.percentiles()};
  AttachRun run;
  run.attach = {limit, {.bench = "attach_latency", .subject = "attach", .latency = attach.percentiles()}};
  run.connect = {
      limit, {.bench = "attach_latency", .subject = "connect and attach", .latency = connect.percentiles()}};
  const double after = line_floor_ns(options);
  run.attach.set_floors(before, after);
  run.connect.set_floors(before, after);
  return run;
}

}  // namespace

void attach_latency(const BenchOptions& options, const ResultSink& sink) {
  std::vector<PairedRun> attach;
  std::vector<PairedRun> connect;
  for (std::uint32_t i = 0; i < options.runs; ++i) {
    AttachRun run = attach_once(options);
    attach.push_back(std::move(run.attach));
    connect.push_back(std::move(run.connect));
  }
  for (const auto* runs : {&attach, &connect}) {
    for (const Result& result : settle(*runs))
      sink(result);
  }
}

}  // namespace ringside::bench
