// SPDX-License-Identifier: Apache-2.0
//
// Question: with many viewers on one topic, how long does one more take to come, one to leave, and a list of all?
//
// agentd is a process of its own, and neither it nor the client is pinned. One client tracks all the viewers, each under a
// key of its own with a meta of two pairs, while a subscription of the topic has every change published as a diff. "join" is
// each `track`, from the first viewer to the last, "leave" each `untrack`, "list" a `presence_list` of all of them. One at
// a time; every time is kept. Beside each, in the same run: a request that does nothing (`touch`).
#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <ringside/client.hpp>

#include "bench/agentd_process.hpp"
#include "bench/host.hpp"
#include "bench/line_limit.hpp"
#include "bench/process_benches.hpp"
#include "bench/request_times.hpp"

namespace ringside::bench {
namespace {

constexpr std::string_view room = "conversation:bench";
constexpr std::uint32_t lists = 20;
constexpr std::uint32_t touches_max = 1000;

struct PresenceRun {
  PairedRun join;
  PairedRun leave;
  PairedRun list;
};

PairedRun beside(const Result& touch, std::string subject, LatencySamples::Percentiles latency) {
  PairedRun run{touch, touch};
  run.ours.subject = std::move(subject);
  run.ours.latency = latency;
  return run;
}

PresenceRun run_once(const BenchOptions& options) {
  const std::uint32_t viewers = options.viewers;
  const double before = line_floor_ns(options);
  pin_to_cores(options.cores);
  AgentdProcess agentd(options, fmt::format("[limits]\npresences_per_session = {}\n", viewers));
  Client client = agentd.connect();
  if (const auto started = client.start("touched", agentd.idle_agent()); !started)
    throw std::runtime_error(started.error().message);
  const auto reader = client.subscribe(room);
  if (!reader) throw std::runtime_error(reader.error().message);

  Result touch{.bench = "presence", .subject = "touch"};
  touch.readers = viewers;
  touch.latency =
      time_requests(std::min(viewers, touches_max), [&](std::uint32_t) { return client.touch("touched"); });
  std::vector<Tracking> present;
  present.reserve(viewers);
  const auto join = time_requests(viewers, [&](std::uint32_t i) -> expected<void, RequestError> {
    auto tracked = client.track(room, fmt::format("viewer-{}", i), {{"user_name", "Ada"}, {"tab", "1"}});
    if (!tracked) return unexpected(std::move(tracked.error()));
    present.push_back(std::move(*tracked));
    return {};
  });
  const auto list = time_requests(lists, [&](std::uint32_t) {
    auto all = client.presence_list(room);
    if (all && all->viewers.size() != viewers) throw std::runtime_error("the list is not whole");
    return all;
  });
  const auto leave = time_requests(viewers, [&](std::uint32_t i) { return present[i].untrack(); });
  agentd.stop();
  PresenceRun run{beside(touch, "join", join), beside(touch, "leave", leave), beside(touch, "list", list)};
  const double after = line_floor_ns(options);
  for (PairedRun* each : {&run.join, &run.leave, &run.list})
    each->set_floors(before, after);
  return run;
}

}  // namespace

void presence_latency(const BenchOptions& options, const ResultSink& sink) {
  std::vector<PairedRun> join;
  std::vector<PairedRun> leave;
  std::vector<PairedRun> list;
  for (std::uint32_t i = 0; i < options.runs; ++i) {
    PresenceRun run = run_once(options);
    join.push_back(std::move(run.join));
    leave.push_back(std::move(run.leave));
    list.push_back(std::move(run.list));
  }
  for (const auto* runs : {&join, &leave, &list}) {
    for (const Result& result : settle(*runs))
      sink(result);
  }
}

}  // namespace ringside::bench
