// SPDX-License-Identifier: Apache-2.0
//
// Question: many agents at once in one agentd: how long does each start take, what memory do they keep resident, and what
// CPU does agentd take while they are all idle?
//
// agentd is a process of its own, and neither it nor the client is pinned. Each start is one request, answered before the
// next is sent; every time is kept. Beside it, in the same run: a request that does nothing (`touch`), which is what the
// way to agentd and back takes. Shared memory is what the rings have of /dev/shm, the rest is the growth of agentd's own
// memory. Idle CPU is what its threads ran in the seconds after the last start of the last run, one client attached.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include <fmt/format.h>

#include <ringside/client.hpp>

#include "bench/agentd_process.hpp"
#include "bench/host.hpp"
#include "bench/line_limit.hpp"
#include "bench/process_benches.hpp"
#include "bench/request_times.hpp"

namespace ringside::bench {
namespace {

/// Bytes that the objects of all namespaces have; the difference is what ours took.
std::uint64_t resident_in_shm() {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    struct stat found {};
    if (entry.path().filename().string().starts_with("ringside.") &&
        stat(entry.path().c_str(), &found) == 0) {
      bytes += static_cast<std::uint64_t>(found.st_blocks) * 512;
    }
  }
  return bytes;
}

/// ns of CPU in a second, over `period`.
std::uint64_t idle_cpu(const AgentdProcess& agentd, std::chrono::milliseconds period) {
  const std::uint64_t before = agentd.cpu_ns();
  std::this_thread::sleep_for(period);  // the period is what is measured
  return (agentd.cpu_ns() - before) * 1000 / static_cast<std::uint64_t>(period.count());
}

PairedRun start_once(const BenchOptions& options, std::optional<std::chrono::milliseconds> idle_period) {
  PairedRun run{{.bench = "start_agents", .subject = "touch"},
                {.bench = "start_agents", .subject = "ringside"}};
  const std::uint32_t agents = options.agents;
  const double before = line_floor_ns(options);
  pin_to_cores(options.cores);
  AgentdProcess agentd(options, fmt::format("[limits]\nagents = {}\ntopics = {}\n", agents + 1, agents + 16));
  Client client = agentd.connect();
  const StartOptions start = agentd.idle_agent();
  // The first agent has the recording read, and is not counted.
  if (const auto first = client.start("first", start); !first)
    throw std::runtime_error(first.error().message);
  run.limit.latency =
      time_requests(std::min(agents, 1000U), [&](std::uint32_t) { return client.touch("first"); });

  const std::uint64_t shared_before = resident_in_shm();
  const std::uint64_t private_before = agentd.resident_private();
  const std::uint64_t cpu_before = agentd.cpu_ns();
  run.ours.latency =
      time_requests(agents, [&](std::uint32_t i) { return client.start(fmt::format("agent-{}", i), start); });
  run.ours.agents = agents;
  run.ours.cpu_ns_per_start = (agentd.cpu_ns() - cpu_before) / agents;
  run.ours.shared_bytes_per_agent = (resident_in_shm() - shared_before) / agents;
  run.ours.private_bytes_per_agent = (agentd.resident_private() - private_before) / agents;
  if (idle_period) run.ours.idle_cpu_ns_per_s = idle_cpu(agentd, *idle_period);
  agentd.stop();
  run.set_floors(before, line_floor_ns(options));
  return run;
}

}  // namespace

void start_agents(const BenchOptions& options, const ResultSink& sink) {
  std::vector<PairedRun> runs;
  for (std::uint32_t run = 1; run < options.runs; ++run)
    runs.push_back(start_once(options, std::nullopt));
  runs.push_back(start_once(options, std::chrono::milliseconds(options.idle_ms)));
  for (Result& result : settle(runs)) {
    if (result.agents) result.idle_cpu_ns_per_s = runs.back().ours.idle_cpu_ns_per_s;
    sink(result);
  }
}

}  // namespace ringside::bench
