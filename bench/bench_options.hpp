// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ringside::bench {

/// What the command line asks for. Every run of one call uses the same cores.
struct BenchOptions {
  std::vector<std::string> benches;                         ///< empty: all of them
  std::vector<std::uint32_t> sizes = {32, 128, 512, 4096};  ///< payload, bytes
  std::vector<std::uint32_t> readers = {1, 4};              ///< of one_to_many_throughput
  std::vector<int> cores;                                   ///< the first is the writer's
  std::uint32_t runs = 31;                                  ///< short interleaved runs; the median counts
  std::uint64_t messages = 500'000;                         ///< of a throughput run
  std::uint32_t round_trips = 50'000;                       ///< of a latency run
  std::uint32_t floor_round_trips = 5'000;
  std::uint32_t agents = 1000;     ///< of start_agents
  std::uint32_t viewers = 10'000;  ///< of presence
  std::uint32_t idle_ms = 5000;    ///< for which start_agents leaves them alone
  std::string json_path;
  std::vector<std::string> tables;  ///< files of results to make tables of, instead of measuring
  std::string agentd_path;

  [[nodiscard]] int writer_core() const { return cores.front(); }
  /// Readers take the other cores in turn; with a single core they share the writer's.
  [[nodiscard]] int reader_core(std::size_t reader) const {
    return cores.size() == 1 ? cores.front() : cores[1 + reader % (cores.size() - 1)];
  }
  [[nodiscard]] bool wants(const std::string& bench) const;
};

/// Parses the command line; on `--help` or an error it prints and returns the exit code through `exit_code`,
/// with false.
bool parse_options(int argc, char** argv, BenchOptions& options, int& exit_code);

}  // namespace ringside::bench
