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

namespace {

double figure(const Result& result) {
  return result.messages_per_s ? *result.messages_per_s : static_cast<double>(result.latency->p50);
}

Result median_of(std::vector<Result> runs) {
  std::ranges::sort(runs, {}, figure);
  Result median = runs[runs.size() / 2];
  median.runs = static_cast<std::uint32_t>(runs.size());
  return median;
}

}  // namespace

std::vector<Result> settle(const std::vector<PairedRun>& runs) {
  std::vector<Result> settled;
  for (const Regime regime : {Regime::near, Regime::far, Regime::mixed}) {
    if (regime == Regime::mixed && !settled.empty()) break;
    std::vector<Result> limits;
    std::vector<Result> ours;
    std::vector<double> ratios;
    for (const PairedRun& run : runs) {
      if (run.ours.regime() != regime) continue;
      limits.push_back(run.limit);
      ours.push_back(run.ours);
      ratios.push_back(figure(run.ours) / figure(run.limit));
    }
    if (ratios.empty() || (regime != Regime::mixed && 5 * ratios.size() < runs.size())) continue;
    std::ranges::sort(ratios);
    settled.push_back(median_of(std::move(limits)));
    settled.push_back(median_of(std::move(ours)));
    settled.back().ratio = ratios[ratios.size() / 2];
  }
  std::uint64_t lost = 0;
  std::uint64_t torn = 0;
  for (const PairedRun& run : runs) {
    lost += run.ours.lost;
    torn += run.ours.torn;
  }
  for (Result& result : settled) {
    if (!result.ratio) continue;
    result.lost = lost;
    result.torn = torn;
  }
  return settled;
}

std::string to_json(const Result& result) {
  std::string figures;
  if (result.messages_per_s) figures = fmt::format(R"("msgs_per_s":{:.0f})", *result.messages_per_s);
  if (result.latency) {
    figures = fmt::format(R"("p50_ns":{},"p99_ns":{},"p999_ns":{},"max_ns":{})", result.latency->p50,
                          result.latency->p99, result.latency->p999, result.latency->max);
  }
  if (result.ratio) figures += fmt::format(R"(,"ratio":{:.3f})", *result.ratio);
  if (result.shared_bytes_per_agent) {
    figures += fmt::format(R"(,"shared_bytes_per_agent":{},"private_bytes_per_agent":{})",
                           *result.shared_bytes_per_agent, *result.private_bytes_per_agent);
  }
  return fmt::format(
      R"({{"bench":"{}","subject":"{}","size":{},"readers":{},{},"runs":{},"lost":{},"torn":{},)"
      R"("floor_ns_before":{:.1f},"floor_ns_after":{:.1f},"regime":"{}"}})",
      result.bench, result.subject, result.size, result.readers, figures, result.runs, result.lost,
      result.torn, result.floor_ns_before, result.floor_ns_after, name(result.regime()));
}

std::string to_row(const Result& result) {
  std::string figures;
  if (result.messages_per_s) figures = fmt::format("{:>10.2f} M/s", *result.messages_per_s / 1e6);
  if (result.latency) {
    figures = fmt::format("p50 {:>6} p99 {:>7} p99.9 {:>8} max {:>9} ns", result.latency->p50,
                          result.latency->p99, result.latency->p999, result.latency->max);
  }
  if (result.ratio) figures += fmt::format(" = {:.2f} of the limit", *result.ratio);
  if (result.shared_bytes_per_agent) {
    figures += fmt::format(" shared {} private {} B/agent", *result.shared_bytes_per_agent,
                           *result.private_bytes_per_agent);
  }
  return fmt::format(
      "{:<27} {:<9} {:>5} B {:>3} readers {:<50} lost {} torn {} floor {:.0f}/{:.0f} {}, {} runs",
      result.bench, result.subject, result.size, result.readers, figures, result.lost, result.torn,
      result.floor_ns_before, result.floor_ns_after, name(result.regime()), result.runs);
}

}  // namespace ringside::bench
