// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agentd/expected.hpp"

namespace ringside::bench {

/// A result as its line of JSON tells it (`to_json`), of ringside-bench or ringside-peers: what a table shows.
struct ResultLine {
  std::string bench;
  std::string subject;
  std::string regime;
  std::uint64_t size = 0;
  std::uint64_t readers = 0;
  std::string configuration = {};  ///< of a peer; empty for what is none
  std::string waiting = {};        ///< how a peer waits
  bool counts = true;              ///< false: the peer has a better figure, waiting in the other way

  std::optional<double> msgs_per_s = std::nullopt;
  std::optional<double> p50_ns = std::nullopt;
  std::optional<double> p99_ns = std::nullopt;
  std::optional<double> p999_ns = std::nullopt;
  std::optional<double> cost_ns = std::nullopt;
  std::optional<double> more_ns_per_reader = std::nullopt;
  std::optional<double> agents = std::nullopt;
  std::optional<double> shared_bytes_per_agent = std::nullopt;
  std::optional<double> private_bytes_per_agent = std::nullopt;
  std::optional<double> cpu_ns_per_start = std::nullopt;
  std::optional<double> idle_cpu_ns_per_s = std::nullopt;
  std::optional<double> limit = std::nullopt;
  std::optional<double> ratio = std::nullopt;
  std::optional<double> ringside_advantage = std::nullopt;
};

/// Reads one line; keys that we do not know are ignored. The error says what is wrong with it: no JSON, a key that is missing,
/// or one of another type.
agentd::expected<ResultLine, std::string> read_result_line(std::string_view json);

/// Reads a file of them; empty lines are ignored. The error names file and line.
agentd::expected<std::vector<ResultLine>, std::string> read_result_file(const std::filesystem::path& path);

}  // namespace ringside::bench
