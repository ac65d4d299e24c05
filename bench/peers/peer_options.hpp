// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench_options.hpp"

namespace ringside::bench {

/// What the command line of ringside-peers asks for. Ringside is measured with the same, but for its longer runs: it
/// is done with a peer's in too few milliseconds to be timed.
struct PeerOptions {
  std::vector<std::string> benches;                                    ///< empty: all of them
  std::vector<std::string> peers;                                      ///< empty: all of them
  std::vector<std::uint32_t> throughput_sizes = {64, 128, 512, 1024};  ///< payload, bytes
  std::vector<std::uint32_t> latency_sizes = {32, 128};
  std::vector<int> cores;                ///< the first is the writer's
  std::uint32_t runs = 15;               ///< interleaved; the median counts
  std::uint64_t messages = 50'000;       ///< of a peer's throughput run
  std::uint32_t round_trips = 5'000;     ///< of a peer's latency run
  std::uint32_t ringside_runs_are = 10;  ///< times as long
  std::string json_path;

  [[nodiscard]] bool wants_bench(const std::string& bench) const;
  [[nodiscard]] bool wants_peer(const std::string& peer) const;

  /// The same for the benches of Ringside itself: one run, one size.
  [[nodiscard]] BenchOptions of_ringside(std::uint32_t size) const;
};

/// Parses the command line; on `--help` or an error it prints and returns the exit code through `exit_code`,
/// with false.
bool parse_peer_options(int argc, char** argv, PeerOptions& options, int& exit_code);

}  // namespace ringside::bench
