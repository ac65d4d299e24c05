// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/peer_options.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "bench/host.hpp"
#include "bench/peers/peer_list.hpp"

namespace ringside::bench {
namespace {

bool is_wanted(const std::vector<std::string>& wanted, const std::string& name) {
  return wanted.empty() || std::ranges::find(wanted, name) != wanted.end();
}

std::vector<std::string> peer_names() {
  std::vector<std::string> names;
  for (const PeerEntry& peer : all_peers())
    names.push_back(peer.name);
  return names;
}

}  // namespace

bool PeerOptions::wants_bench(const std::string& bench) const {
  return is_wanted(benches, bench);
}

bool PeerOptions::wants_peer(const std::string& peer) const {
  return is_wanted(peers, peer);
}

BenchOptions PeerOptions::of_one_run(std::uint32_t size, std::uint64_t events) const {
  BenchOptions options;
  options.sizes = {size};
  options.cores = cores;
  options.runs = 1;
  options.messages = events;
  options.round_trips = static_cast<std::uint32_t>(events);
  return options;
}

bool parse_peer_options(int argc, char** argv, PeerOptions& options, int& exit_code) {
  CLI::App app("Measures Ringside beside its peers: the same payload, the same cores, interleaved runs.",
               "ringside-peers");
  bool smoke = false;
  std::vector<std::uint32_t> sizes;
  app.add_option("--bench", options.benches, "only these")
      ->check(CLI::IsMember({"one_to_one_throughput", "ping_pong_latency"}));
  app.add_option("--peer", options.peers, "only these, beside Ringside")->check(CLI::IsMember(peer_names()));
  app.add_option("--size", sizes, "payload sizes, bytes (default: 64 128 512 1024, for latency 32 128)")
      ->check(CLI::Range(16, 32768));
  app.add_option("--cores", options.cores,
                 "cores to pin to, the writer's first (default: the first ones allowed)");
  app.add_option("--runs", options.runs, "interleaved runs of each figure; the median counts")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--run-ms", options.run_ms, "how long each run is about")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app.add_option("--json", options.json_path, "write a JSON line for each result to this file");
  app.add_flag("--smoke", smoke,
               "every peer once, as small as it goes: shows that it runs, measures nothing");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 64;
    return false;
  }
  if (options.cores.empty()) options.cores = read_host().cores;
  if (!sizes.empty()) options.throughput_sizes = options.latency_sizes = sizes;
  if (smoke) {
    if (sizes.empty()) options.throughput_sizes = options.latency_sizes = {128};
    options.runs = 1;
    options.run_ms = 1;
  }
  return true;
}

}  // namespace ringside::bench
