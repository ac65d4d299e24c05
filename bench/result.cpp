// SPDX-License-Identifier: Apache-2.0
#include "bench/result.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace ringside::bench {
namespace {

constexpr double agreement_max = 0.15;
constexpr double near_ns_max = 150;

std::string_view name(Regime regime) {
  switch (regime) {
    case Regime::near:
      return "near";
    case Regime::far:
      return "far";
    case Regime::mixed:
      return "mixed";
  }
  return "";
}

}  // namespace

Regime Result::regime() const {
  const double higher = std::max(floor_ns_before, floor_ns_after);
  if (std::abs(floor_ns_before - floor_ns_after) > agreement_max * higher) return Regime::mixed;
  return higher <= near_ns_max ? Regime::near : Regime::far;
}

Result median_of(std::vector<Result> runs) {
  std::ranges::sort(runs, {}, [](const Result& run) {
    return run.messages_per_s ? *run.messages_per_s : static_cast<double>(run.latency->p50);
  });
  Result median = runs[runs.size() / 2];
  median.lost = median.torn = 0;
  for (const Result& run : runs) {
    median.lost += run.lost;
    median.torn += run.torn;
  }
  return median;
}

std::string to_json(const Result& result) {
  std::string figures;
  if (result.messages_per_s) figures = fmt::format(R"("msgs_per_s":{:.0f})", *result.messages_per_s);
  if (result.latency) {
    figures = fmt::format(R"("p50_ns":{},"p99_ns":{},"p999_ns":{},"max_ns":{})", result.latency->p50,
                          result.latency->p99, result.latency->p999, result.latency->max);
  }
  return fmt::format(R"({{"bench":"{}","subject":"{}","size":{},"readers":{},{},"lost":{},"torn":{},)"
                     R"("floor_ns_before":{:.1f},"floor_ns_after":{:.1f},"regime":"{}"}})",
                     result.bench, result.subject, result.size, result.readers, figures, result.lost,
                     result.torn, result.floor_ns_before, result.floor_ns_after, name(result.regime()));
}

std::string to_row(const Result& result) {
  std::string figures;
  if (result.messages_per_s) figures = fmt::format("{:>10.2f} M/s", *result.messages_per_s / 1e6);
  if (result.latency) {
    figures = fmt::format("p50 {:>6} p99 {:>7} p99.9 {:>8} max {:>9} ns", result.latency->p50,
                          result.latency->p99, result.latency->p999, result.latency->max);
  }
  if (result.shared_bytes_per_agent) {
    figures += fmt::format(" shared {} private {} B/agent", *result.shared_bytes_per_agent,
                           *result.private_bytes_per_agent);
  }
  return fmt::format("{:<27} {:<9} {:>5} B {:>3} readers {:<50} lost {} torn {} floor {:.0f}/{:.0f} {}",
                     result.bench, result.subject, result.size, result.readers, figures, result.lost,
                     result.torn, result.floor_ns_before, result.floor_ns_after, name(result.regime()));
}

}  // namespace ringside::bench
