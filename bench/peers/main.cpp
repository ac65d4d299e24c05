// SPDX-License-Identifier: Apache-2.0
//
// ringside-peers: Ringside and what could be used instead, side by side on this machine.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/host.hpp"
#include "bench/peers/peer_list.hpp"
#include "bench/peers/peer_options.hpp"
#include "bench/peers/peer_rounds.hpp"
#include "bench/scratch_folder.hpp"

namespace {

using namespace ringside::bench;

/// Every wanted peer that can run here; says which cannot, and why.
std::vector<std::unique_ptr<Peer>> start_peers(const PeerOptions& options,
                                               const std::filesystem::path& scratch) {
  std::vector<std::unique_ptr<Peer>> peers;
  for (const PeerEntry& entry : all_peers()) {
    if (!options.wants_peer(entry.name)) continue;
    if (!entry.make) {
      fmt::print("{:<20} left out: built without {}; ./dev bench --peers installs that\n", entry.name,
                 entry.package);
      continue;
    }
    const PeerPlace place{.folder = scratch / entry.name, .cores = options.cores};
    std::filesystem::create_directory(place.folder);
    try {
      peers.push_back(entry.make(place));
      fmt::print("{:<20} {}\n", entry.name, peers.back()->configuration());
    } catch (const std::exception& error) {
      fmt::print("{:<20} left out: {}\n", entry.name, error.what());
    }
  }
  fmt::print("\n");
  std::fflush(stdout);  // what a measuring process has in its buffers may be written twice
  return peers;
}

int run(const PeerOptions& options) {
  std::ofstream json;
  if (!options.json_path.empty()) {
    json.open(options.json_path, std::ios::trunc);
    if (!json) {
      fmt::print(stderr, "ringside-peers: cannot write {}: is its folder there, and may you write to it?\n",
                 options.json_path);
      return 73;
    }
  }
  const ScratchFolder scratch;
  const std::vector<std::unique_ptr<Peer>> peers = start_peers(options, scratch.path());
  bool whole = true;
  const PeerSink sink = [&](const PeerResult& result) {
    fmt::print("{}\n", to_row(result));
    std::fflush(stdout);
    if (json.is_open()) json << to_json(result) << '\n' << std::flush;
    whole = whole && result.result.lost == 0 && result.result.torn == 0;
  };
  if (options.wants_bench("one_to_one_throughput")) one_to_one_throughput_beside_peers(options, peers, sink);
  if (options.wants_bench("ping_pong_latency")) ping_pong_latency_beside_peers(options, peers, sink);
  if (json.is_open() && !json.good()) {
    fmt::print(stderr, "ringside-peers: {} could not be written whole: is the disk full?\n",
               options.json_path);
    return 74;
  }
  if (!whole) fmt::print(stderr, "ringside-peers: events were lost or torn: these figures do not count\n");
  return whole ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  PeerOptions options;
  int exit_code = 0;
  if (!parse_peer_options(argc, argv, options, exit_code)) return exit_code;
  if (const std::string reason = unfit_to_measure(); !reason.empty()) {
    fmt::print(stderr, "ringside-peers: {}: build the release preset\n", reason);
    return 1;
  }
  fmt::print("{}\n", describe(read_host()));
  std::fflush(stdout);
  try {
    return run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "ringside-peers: {}\n", error.what());
    return 1;
  }
}
