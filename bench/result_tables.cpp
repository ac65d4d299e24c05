// SPDX-License-Identifier: Apache-2.0
#include "bench/result_tables.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ringside::bench {
namespace {

using Lines = std::vector<ResultLine>;

// ---------------------------------------------------------------------------------------------------- cells

constexpr std::string_view nothing = "";

/// Three digits that count, thousands apart: 0.29, 33.0, 118, 12,345.
std::string number(std::optional<double> value, double unit = 1) {
  if (!value) return std::string(nothing);
  const double shown = *value / unit;
  const double size = std::abs(shown);
  if (size < 99.95) return fmt::format("{:.{}f}", shown, size < 9.995 ? 2 : 1);
  std::string digits = fmt::format("{:.0f}", shown);
  for (std::size_t at = digits.size(); at > 3 && digits[at - 4] != '-';)
    digits.insert(at -= 3, ",");
  return digits;
}

/// The same for what is whole.
std::string whole(std::optional<double> value) {
  if (!value || std::abs(*value) >= 100) return number(value);
  return fmt::format("{:.0f}", *value);
}

std::string ratio(std::optional<double> value) {
  return value ? fmt::format("{:.2f}", *value) : std::string(nothing);
}

std::string of_size(const ResultLine& line) {
  return fmt::format("{} B", line.size);
}

std::optional<double> figure(const ResultLine& line) {
  if (line.msgs_per_s) return line.msgs_per_s;
  return line.p50_ns ? line.p50_ns : line.cost_ns;
}

constexpr double million = 1e6;
constexpr double us = 1e3;
constexpr double kib = 1024;

// ---------------------------------------------------------------------------------------------------- tables

struct Column {
  std::string heading;
  std::function<std::string(const ResultLine&)> cell;
};

struct Table {
  std::string_view bench;
  std::vector<Column> columns;
};

Column regime_column() {
  return {"regime", [](const ResultLine& line) { return line.regime; }};
}

Column ratio_column() {
  return {"ratio", [](const ResultLine& line) { return ratio(line.ratio); }};
}

/// A column of one figure, in a unit.
Column column(std::string heading, std::optional<double> ResultLine::*figure, double unit = 1) {
  return {std::move(heading), [figure, unit](const ResultLine& line) { return number(line.*figure, unit); }};
}

/// A column of what is whole: nanoseconds, agents.
Column whole_column(std::string heading, std::optional<double> ResultLine::*figure) {
  return {std::move(heading), [figure](const ResultLine& line) { return whole(line.*figure); }};
}

Table throughput_table(std::string_view bench, Column first, std::string limit) {
  return {bench,
          {std::move(first), regime_column(), column(limit + ", M/s", &ResultLine::limit, million),
           column("Ringside, M/s", &ResultLine::msgs_per_s, million), ratio_column()}};
}

Table latency_table(std::string_view bench, std::string first) {
  return {bench,
          {{std::move(first), of_size},
           regime_column(),
           whole_column("bare line p50, ns", &ResultLine::limit),
           whole_column("p50", &ResultLine::p50_ns),
           whole_column("p99", &ResultLine::p99_ns),
           whole_column("p99.9", &ResultLine::p999_ns),
           ratio_column()}};
}

Table wake_table(std::string_view bench, Column first, std::string limit) {
  return {bench,
          {std::move(first), regime_column(), column(limit + " p50, us", &ResultLine::limit, us),
           column("p50, us", &ResultLine::p50_ns, us), column("p99, us", &ResultLine::p99_ns, us),
           ratio_column()}};
}

std::vector<Table> own_tables() {
  const auto subject = [](const ResultLine& line) { return line.subject; };
  const auto size_and_readers = [](const ResultLine& line) {
    return fmt::format("{} B, {} {}", line.size, line.readers, line.readers == 1 ? "reader" : "readers");
  };
  const auto viewers = [](const ResultLine& line) {
    return fmt::format("{}, {} viewers", line.subject, whole(static_cast<double>(line.readers)));
  };
  return {
      throughput_table("one_to_one_throughput", {"lossless, one to one", of_size}, "`copy`"),
      throughput_table("one_to_many_throughput", {"lossless, one to many", size_and_readers}, "`copy`"),
      latency_table("ping_pong_latency", "one way"),
      latency_table("publish_to_handler_latency", "`publish()` in agentd to the client's handler"),
      {"writer_cost",
       {{"writer's cost of an event of 128 B", subject},
        {"readers", [](const ResultLine& line) { return std::to_string(line.readers); }},
        column("with one reader, ns", &ResultLine::limit),
        column("ns", &ResultLine::cost_ns),
        ratio_column(),
        column("ns more a reader", &ResultLine::more_ns_per_reader)}},
      wake_table("wake_latency", {"a sleeper woken", of_size}, "bare pipe"),
      wake_table("attach_latency", {"to the first event", subject}, "`touch`"),
      wake_table("presence", {"many viewers", viewers}, "`touch`"),
      {"start_agents",
       {whole_column("agents", &ResultLine::agents), regime_column(),
        column("`touch` p50, us", &ResultLine::limit, us), column("start p50, us", &ResultLine::p50_ns, us),
        column("p99", &ResultLine::p99_ns, us),
        column("agentd's CPU, us a start", &ResultLine::cpu_ns_per_start, us),
        column("shared, KiB each", &ResultLine::shared_bytes_per_agent, kib),
        column("private, KiB each", &ResultLine::private_bytes_per_agent, kib),
        column("idle CPU, us/s", &ResultLine::idle_cpu_ns_per_s, us)}},
  };
}

/// For a bench that this file does not know: nothing that was measured is left out.
Table plain_table(std::string_view bench) {
  return {bench,
          {{std::string(bench),
            [](const ResultLine& line) { return fmt::format("{}, {} B", line.subject, line.size); }},
           regime_column(),
           column("limit", &ResultLine::limit),
           {"figure", [](const ResultLine& line) { return number(figure(line)); }},
           ratio_column()}};
}

std::string row(const std::vector<std::string>& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string heading(const std::vector<std::string>& cells) {
  std::string drawn = row(cells) + '|';
  for (std::size_t i = 0; i < cells.size(); ++i)
    drawn += "---|";
  return drawn + '\n';
}

int order_of(std::string_view regime) {
  constexpr std::array<std::string_view, 4> regimes = {"none", "near", "far", "mixed"};
  return static_cast<int>(std::ranges::find(regimes, regime) - regimes.begin());
}

std::string draw(const Table& table, const Lines& lines) {
  Lines shown;
  // The limits stand in the lines of what is beside them.
  std::ranges::copy_if(lines, std::back_inserter(shown),
                       [&](const ResultLine& line) { return line.bench == table.bench && line.ratio; });
  if (shown.empty()) return "";
  std::ranges::stable_sort(shown, {}, [](const ResultLine& line) { return order_of(line.regime); });
  std::vector<std::string> cells;
  for (const Column& each : table.columns)
    cells.push_back(each.heading);
  std::string drawn = heading(cells);
  for (const ResultLine& line : shown) {
    cells.clear();
    for (const Column& each : table.columns)
      cells.push_back(each.cell(line));
    drawn += row(cells);
  }
  return drawn + '\n';
}

// ---------------------------------------------------------------------------------------------------- peers

std::string peer_cell(const Lines& lines, std::string_view subject, std::uint64_t size) {
  const auto found = std::ranges::find_if(lines, [&](const ResultLine& line) {
    return line.subject == subject && line.size == size && line.counts;
  });
  if (found == lines.end()) return std::string(nothing);
  const std::string shown = found->msgs_per_s ? number(found->msgs_per_s, million) : whole(found->p50_ns);
  if (!found->ringside_advantage) return shown;
  return fmt::format("{} ({}x)", shown, number(found->ringside_advantage));
}

/// Of one bench and one regime: subjects are rows, sizes are columns.
std::string draw_peers(const Lines& lines) {
  std::vector<std::string> subjects;
  std::set<std::uint64_t> sizes;
  std::set<std::string> configurations;
  for (const ResultLine& line : lines) {
    if (std::ranges::find(subjects, line.subject) == subjects.end()) subjects.push_back(line.subject);
    if (!line.configuration.empty() || line.subject == "ringside") sizes.insert(line.size);
    if (!line.configuration.empty())
      configurations.insert(fmt::format("- {}: {}", line.subject, line.configuration));
  }
  std::vector<std::string> cells = {fmt::format("{}, {}", lines.front().bench, lines.front().regime)};
  const std::string_view unit = lines.front().msgs_per_s ? "M/s" : "p50, ns";
  for (const std::uint64_t size : sizes)
    cells.push_back(fmt::format("{} B, {}", size, unit));
  std::string drawn = heading(cells);
  for (const std::string& subject : subjects) {
    cells = {subject};
    for (const std::uint64_t size : sizes)
      cells.push_back(peer_cell(lines, subject, size));
    drawn += row(cells);
  }
  return fmt::format("{}\n{}\n\n", drawn, fmt::join(configurations, "\n"));
}

// ---------------------------------------------------------------------------------------------------- lines

bool about_the_same(const ResultLine& one, const ResultLine& other) {
  return one.bench == other.bench && one.subject == other.subject && one.regime == other.regime &&
         one.size == other.size && one.readers == other.readers && one.agents == other.agents &&
         one.waiting == other.waiting;
}

void add(Lines& lines, const ResultLine& line) {
  const auto found =
      std::ranges::find_if(lines, [&](const ResultLine& each) { return about_the_same(each, line); });
  if (found == lines.end()) {
    lines.push_back(line);
  } else {
    *found = line;
  }
}

std::vector<std::string> benches_of(const Lines& lines) {
  std::vector<std::string> benches;
  for (const ResultLine& line : lines) {
    if (std::ranges::find(benches, line.bench) == benches.end()) benches.push_back(line.bench);
  }
  return benches;
}

}  // namespace

std::string result_tables(const std::vector<Lines>& files) {
  Lines own;
  Lines of_peers;
  for (const Lines& file : files) {
    const bool has_peers =
        std::ranges::any_of(file, [](const ResultLine& line) { return !line.configuration.empty(); });
    for (const ResultLine& line : file)
      add(has_peers ? of_peers : own, line);
  }
  std::string drawn;
  const std::vector<Table> known = own_tables();
  for (const Table& table : known)
    drawn += draw(table, own);
  for (const std::string& bench : benches_of(own)) {
    if (std::ranges::find(known, bench, &Table::bench) == known.end()) drawn += draw(plain_table(bench), own);
  }
  for (const std::string& bench : benches_of(of_peers)) {
    for (const std::string_view regime : {"near", "far", "mixed"}) {
      Lines together;
      std::ranges::copy_if(of_peers, std::back_inserter(together), [&](const ResultLine& line) {
        return line.bench == bench && line.regime == regime;
      });
      if (!together.empty()) drawn += draw_peers(together);
    }
  }
  if (!drawn.empty()) drawn.pop_back();  // the empty line behind the last table
  return drawn;
}

}  // namespace ringside::bench
