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
    case Regime::none:
      return "none";
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
  if (higher == 0) return Regime::none;
  if (std::abs(floor_ns_before - floor_ns_after) > agreement_max * higher) return Regime::mixed;
  return higher <= near_ns_max ? Regime::near : Regime::far;
}

double Result::figure() const {
  if (messages_per_s) return *messages_per_s;
  return latency ? static_cast<double>(latency->p50) : cost_ns.value();
}

void PairedRun::set_floors(double before, double after) {
  for (Result* const result : {&limit, &ours}) {
    result->floor_ns_before = before;
    result->floor_ns_after = after;
  }
}

namespace {

Result median_of(std::vector<Result> runs) {
  std::ranges::sort(runs, {}, &Result::figure);
  Result median = runs[runs.size() / 2];
  median.runs = static_cast<std::uint32_t>(runs.size());
  return median;
}

}  // namespace

std::vector<Result> settle(const std::vector<PairedRun>& runs) {
  std::vector<Result> settled;
  for (const Regime regime : {Regime::none, Regime::near, Regime::far, Regime::mixed}) {
    if (regime == Regime::mixed && !settled.empty()) break;
    std::vector<Result> limits;
    std::vector<Result> ours;
    std::vector<double> ratios;
    for (const PairedRun& run : runs) {
      if (run.ours.regime() != regime) continue;
      limits.push_back(run.limit);
      ours.push_back(run.ours);
      ratios.push_back(run.ours.figure() / run.limit.figure());
    }
    if (ratios.empty() || (regime != Regime::mixed && 5 * ratios.size() < runs.size())) continue;
    std::ranges::sort(ratios);
    settled.push_back(median_of(std::move(limits)));
    const double limit = settled.back().figure();
    settled.push_back(median_of(std::move(ours)));
    settled.back().limit = limit;
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
  std::string json = fmt::format(R"({{"bench":"{}","subject":"{}","size":{},"readers":{})", result.bench,
                                 result.subject, result.size, result.readers);
  const auto add = [&json](std::string_view key, const auto& value) {
    if (value) json += fmt::format(R"(,"{}":{})", key, *value);
  };
  const auto add_rounded = [&json](std::string_view key, std::optional<double> value, int digits) {
    if (value) json += fmt::format(R"(,"{}":{:.{}f})", key, *value, digits);
  };
  add_rounded("msgs_per_s", result.messages_per_s, 0);
  if (result.latency) {
    json += fmt::format(R"(,"p50_ns":{},"p99_ns":{},"p999_ns":{},"max_ns":{})", result.latency->p50,
                        result.latency->p99, result.latency->p999, result.latency->max);
  }
  add_rounded("cost_ns", result.cost_ns, 2);
  add_rounded("more_ns_per_reader", result.more_ns_per_reader, 3);
  add("agents", result.agents);
  add("shared_bytes_per_agent", result.shared_bytes_per_agent);
  add("private_bytes_per_agent", result.private_bytes_per_agent);
  add("cpu_ns_per_start", result.cpu_ns_per_start);
  add("idle_cpu_ns_per_s", result.idle_cpu_ns_per_s);
  add_rounded("limit", result.limit, 2);
  add_rounded("ratio", result.ratio, 3);
  return json +
         fmt::format(R"(,"runs":{},"lost":{},"torn":{},"floor_ns_before":{:.1f},"floor_ns_after":{:.1f},)"
                     R"("regime":"{}"}})",
                     result.runs, result.lost, result.torn, result.floor_ns_before, result.floor_ns_after,
                     name(result.regime()));
}

std::string to_row(const Result& result) {
  std::string figures;
  if (result.messages_per_s) figures = fmt::format("{:>10.2f} M/s", *result.messages_per_s / 1e6);
  if (result.latency) {
    figures = fmt::format("p50 {:>6} p99 {:>7} p99.9 {:>8} max {:>9} ns", result.latency->p50,
                          result.latency->p99, result.latency->p999, result.latency->max);
  }
  if (result.cost_ns) figures = fmt::format("{:>10.2f} ns", *result.cost_ns);
  if (result.more_ns_per_reader) figures += fmt::format(", {:.2f} more a reader", *result.more_ns_per_reader);
  if (result.ratio) figures += fmt::format(" = {:.2f} of the limit", *result.ratio);
  if (result.shared_bytes_per_agent) {
    figures += fmt::format(
        " {} agents: shared {} private {} B each, agentd's CPU {:.1f} us a start, idle {:.1f} us/s",
        *result.agents, *result.shared_bytes_per_agent, *result.private_bytes_per_agent,
        static_cast<double>(*result.cpu_ns_per_start) / 1e3,
        static_cast<double>(*result.idle_cpu_ns_per_s) / 1e3);
  }
  return fmt::format(
      "{:<27} {:<9} {:>5} B {:>3} readers {:<50} lost {} torn {} floor {:.0f}/{:.0f} {}, {} runs",
      result.bench, result.subject, result.size, result.readers, figures, result.lost, result.torn,
      result.floor_ns_before, result.floor_ns_after, name(result.regime()), result.runs);
}

}  // namespace ringside::bench
