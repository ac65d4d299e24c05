// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench_options.hpp"

namespace ringside::bench {

/// What the command line of ringside-peers asks for. Every run lasts about as long, whoever is measured: what disturbs
/// a machine disturbs long runs more often than short ones.
struct PeerOptions {
  std::vector<std::string> benches;                                    ///< empty: all of them
  std::vector<std::string> peers;                                      ///< empty: all of them
  std::vector<std::uint32_t> throughput_sizes = {64, 128, 512, 1024};  ///< payload, bytes
  std::vector<std::uint32_t> latency_sizes = {32, 128};
  std::vector<int> cores;     ///< the first is the writer's
  std::uint32_t runs = 15;    ///< interleaved; the median counts
  std::uint32_t run_ms = 30;  ///< how long a run is about
  std::string json_path;

  [[nodiscard]] bool wants_bench(const std::string& bench) const;
  [[nodiscard]] bool wants_peer(const std::string& peer) const;

  /// One run of one size with so many events, for the benches of Ringside and of the peers alike.
  [[nodiscard]] BenchOptions of_one_run(std::uint32_t size, std::uint64_t events) const;
};

/// Parses the command line; on `--help` or an error it prints and returns the exit code through `exit_code`,
/// with false.
bool parse_peer_options(int argc, char** argv, PeerOptions& options, int& exit_code);

}  // namespace ringside::bench
