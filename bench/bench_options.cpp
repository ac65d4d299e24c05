// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_options.hpp"

#include <algorithm>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "bench/host.hpp"

namespace ringside::bench {

namespace {

/// Beside this program, as in a build folder, or where it is installed, seen from here.
std::filesystem::path find_agentd() {
  const auto folder = std::filesystem::canonical("/proc/self/exe").parent_path();
  const auto beside = folder / "agentd";
  return std::filesystem::exists(beside) ? beside
                                         : (folder / RINGSIDE_BIN_FROM_LIBEXEC / "agentd").lexically_normal();
}

}  // namespace

bool BenchOptions::wants(const std::string& bench) const {
  return benches.empty() || std::ranges::find(benches, bench) != benches.end();
}

bool parse_options(int argc, char** argv, BenchOptions& options, int& exit_code) {
  CLI::App app("Measures Ringside between the raw limits of this machine.", "ringside-bench");
  bool smoke = false;
  app.add_option("--bench", options.benches,
                 "only these: one_to_one_throughput one_to_many_throughput ping_pong_latency "
                 "publish_to_handler_latency one_producer_throughput "
                 "eight_producers_throughput writer_cost wake_latency attach_latency start_agents presence");
  app.add_option("--size", options.sizes, "payload sizes, bytes")
      ->capture_default_str()
      ->check(CLI::Range(16, 32768));
  app.add_option("--readers", options.readers, "reader counts of one_to_many_throughput")
      ->capture_default_str();
  app.add_option("--cores", options.cores,
                 "cores to pin to, the writer's first (default: the first ones allowed)");
  app.add_option("--runs", options.runs, "interleaved runs of each figure; the median counts")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--messages", options.messages, "messages of a throughput run")->capture_default_str();
  app.add_option("--round-trips", options.round_trips, "round trips of a latency run")->capture_default_str();
  app.add_option("--agents", options.agents, "agents of start_agents")->capture_default_str();
  app.add_option("--viewers", options.viewers, "viewers of presence")->capture_default_str();
  app.add_option("--idle-ms", options.idle_ms, "how long start_agents watches its idle agents")
      ->capture_default_str()
      ->check(CLI::Range(1, 3'600'000));
  app.add_option("--json", options.json_path, "write a JSON line for each result to this file");
  app.add_option("--tables", options.tables,
                 "print the tables of docs/performance.md from these files of --json, and measure nothing");
  app.add_flag("--smoke", smoke,
               "every bench once, as small as it goes: shows that it runs, measures nothing");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 64;
    return false;
  }
  if (options.cores.empty()) options.cores = read_host().cores;
  options.agentd_path = find_agentd().string();
  if (smoke) {
    options.runs = 1;
    options.messages = 5'000;
    options.round_trips = 500;
    options.floor_round_trips = 500;
    options.agents = 5;
    options.viewers = 20;
    options.idle_ms = 20;
  }
  return true;
}

}  // namespace ringside::bench
