// SPDX-License-Identifier: Apache-2.0
//
// Question: a thousand agents at once in one agentd: how long does each start take, and what memory do they keep resident?
//
// agentd is a process of its own. Each start is one request, answered before the next is sent; every time is kept. The
// agents then stay idle. Shared memory is what their rings have of /dev/shm, the rest is the growth of agentd's own memory.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <ringside/client.hpp>

#include "bench/line_limit.hpp"
#include "bench/measured_child.hpp"
#include "bench/monotonic_clock.hpp"
#include "bench/process_benches.hpp"
#include "bench/scratch_folder.hpp"

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

/// Resident private memory of a process, bytes.
std::uint64_t resident_private(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stoull(line.substr(8)) * 1024;
  }
  return 0;
}

expected<Client, ConnectError> connect_when_up(MeasuredChild& agentd, const std::string& socket) {
  for (;;) {
    if (agentd.ended()) throw std::runtime_error("agentd ended before it listened");
    auto client = Client::connect({.socket = socket, .namespace_name = {}, .name = "bench"});
    if (client || (client.error().fault != ConnectFault::unreachable &&
                   client.error().fault != ConnectFault::no_socket))
      return client;
    sched_yield();
  }
}

}  // namespace

void start_agents(const BenchOptions& options, const ResultSink& sink) {
  Result result{.bench = "start_agents", .subject = "ringside", .size = 0, .readers = 0};
  const ScratchFolder folder;
  const std::string socket = folder.path() / "control.sock";
  const std::string config = folder.path() / "agentd.toml";
  std::ofstream(config) << fmt::format("log_level = \"warning\"\n[limits]\nagents = {}\ntopics = {}\n",
                                       options.agents + 1, options.agents + 16);
  result.floor_ns_before = line_floor_ns(options);
  MeasuredChild agentd(-1, [&] {
    execl(options.agentd_path.c_str(), "agentd", "--config", config.c_str(), "--socket", socket.c_str(),
          nullptr);
    throw std::runtime_error("cannot run " + options.agentd_path);
  });
  auto client = connect_when_up(agentd, socket);
  if (!client) throw std::runtime_error(client.error().message);
  const std::uint64_t shared_before = resident_in_shm();
  const std::uint64_t private_before = resident_private(agentd.pid());

  StartOptions start;
  start.inactivity = std::chrono::milliseconds(0);
  start.stay_idle = true;
  // They never run it: one event is enough, and needs nothing of the source tree.
  const std::string recording = folder.path() / "recording.jsonl";
  std::ofstream(recording) << R"({"kind":"custom","event":{"name":"bench"}})" << '\n';
  start.runner = ReplayRunner{.source = recording, .speed = 1};
  LatencySamples samples(options.agents);
  for (std::uint32_t i = 0; i < options.agents; ++i) {
    const std::uint64_t begin = now_ns();
    const auto started = client->start(fmt::format("agent-{}", i), start);
    if (!started) throw std::runtime_error(started.error().message);
    samples.record(now_ns() - begin);
  }
  result.latency = samples.percentiles();
  result.shared_bytes_per_agent = (resident_in_shm() - shared_before) / options.agents;
  result.private_bytes_per_agent = (resident_private(agentd.pid()) - private_before) / options.agents;
  result.floor_ns_after = line_floor_ns(options);
  sink(result);
  kill(agentd.pid(), SIGTERM);
  agentd.join();
}

}  // namespace ringside::bench
