// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/latency_samples.hpp"

namespace ringside::bench {

/// How far the two cores of a run are from one another. Virtual machines move between *near* and *far* while
/// they run, so a run whose floors disagree by more than 15 % is *mixed* and compares with nothing. What one thread does
/// alone has no floor, and no regime.
enum class Regime { none, near, far, mixed };

/// One line of the results: a rate, percentiles or a cost, and the floors that frame it.
struct Result {
  std::string bench;
  std::string subject;     ///< what was measured: ringside, or the limit beside it, as the bench names it
  std::uint32_t size = 0;  ///< payload, bytes
  std::uint32_t readers = 0;
  std::optional<double> messages_per_s = std::nullopt;
  std::optional<LatencySamples::Percentiles> latency = std::nullopt;
  std::optional<double> cost_ns = std::nullopt;             ///< of one publish
  std::optional<double> more_ns_per_reader = std::nullopt;  ///< than with one reader, each further one
  std::optional<std::uint32_t> agents = std::nullopt;
  std::optional<std::uint64_t> shared_bytes_per_agent = std::nullopt;
  std::optional<std::uint64_t> private_bytes_per_agent = std::nullopt;
  std::optional<std::uint64_t> cpu_ns_per_start = std::nullopt;   ///< of agentd
  std::optional<std::uint64_t> idle_cpu_ns_per_s = std::nullopt;  ///< of agentd, when all its agents are idle
  std::optional<double> limit = std::nullopt;  ///< what is beside it: events a second, p50 or cost
  std::optional<double> ratio = std::nullopt;  ///< to the limit, the median of the ratios run by run
  std::uint32_t runs = 1;                      ///< that this is the median of
  std::uint64_t lost = 0;
  std::uint64_t torn = 0;
  double floor_ns_before = 0;  ///< one way of one cache line between two processes
  double floor_ns_after = 0;

  [[nodiscard]] Regime regime() const;
  /// What its runs are ordered by: events a second, p50 or cost.
  [[nodiscard]] double figure() const;
};

/// One run of a bench: the limit and Ringside, one right after the other between the same two floors.
struct PairedRun {
  Result limit;
  Result ours;

  /// Both stand between these.
  void set_floors(double before, double after);
};

/// Two results, limit and Ringside, for each regime that the runs found, *mixed* only where there was no other: each the run whose
/// figure is the median of that regime, and with Ringside's the median of the ratios run by run. What any of them lost or
/// tore counts. Regimes that fewer than a fifth of the runs had are left out.
std::vector<Result> settle(const std::vector<PairedRun>& runs);

/// `{"bench",...}` without a newline; strict JSON.
std::string to_json(const Result& result);

/// The same for a person, in columns.
std::string to_row(const Result& result);

}  // namespace ringside::bench
