// SPDX-License-Identifier: Apache-2.0
#include "tools/stat_table.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "tools/visible_text.hpp"

namespace ringside::tools {

void StatTable::look(const std::vector<TopicStat>& topics, std::chrono::steady_clock::time_point now) {
  const std::chrono::duration<double> passed = now - std::exchange(looked_at_, now);
  const auto before = std::exchange(rows_, {});
  for (const TopicStat& stat : topics) {
    Row row{stat};
    const auto known = before.find(stat.topic);
    // A ring that was made anew since then counts from its beginning.
    if (known != before.end() && known->second.stat.object_name == stat.object_name && passed.count() > 0) {
      const RingCounts& then = known->second.stat.counts;
      row.events_per_s = static_cast<double>(stat.counts.events - then.events) / passed.count();
      row.bytes_per_s = static_cast<double>(stat.counts.bytes - then.bytes) / passed.count();
    }
    rows_.emplace(stat.topic, std::move(row));
  }
  compared_ = rates_ && !before.empty();
}

void StatTable::append(std::string& out, Order order, std::size_t rows) const {
  std::vector<const Row*> sorted;
  for (const auto& [name, row] : rows_)
    sorted.push_back(&row);
  if (order == Order::by_rate) {
    std::ranges::stable_sort(sorted,
                             [](const Row* a, const Row* b) { return a->events_per_s > b->events_per_s; });
  }
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "{:>10}  {:>10}  {:>7}  {:>8}  {:>9}  {:>7}  {:>8}  {:>12}  {}\n",
                 compared_ ? "EVENTS/S" : "EVENTS", compared_ ? "BYTES/S" : "BYTES", "READERS", "WAKES",
                 "SHARED", "EVICTED", "NO SPACE", "NEXT", "TOPIC");
  for (std::size_t i = 0; i < std::min(rows, sorted.size()); ++i) {
    const Row& row = *sorted[i];
    const RingCounts& counts = row.stat.counts;
    fmt::format_to(to, "{:>10}  {:>10}  {:>7}  {:>8}  {:>9}  {:>7}  {:>8}  {:>12}  {}{}\n",
                   short_number(compared_ ? row.events_per_s : static_cast<double>(counts.events)),
                   short_number(compared_ ? row.bytes_per_s : static_cast<double>(counts.bytes)),
                   counts.subscribers, short_number(static_cast<double>(counts.wakes)),
                   short_number(static_cast<double>(counts.backed_bytes)), counts.evicted, counts.no_space,
                   row.stat.next_sequence, one_line(row.stat.topic), row.stat.stalled ? "  (stalled)" : "");
  }
}

double StatTable::events_per_s() const noexcept {
  double sum = 0;
  for (const auto& [name, row] : rows_)
    sum += row.events_per_s;
  return sum;
}

double StatTable::bytes_per_s() const noexcept {
  double sum = 0;
  for (const auto& [name, row] : rows_)
    sum += row.bytes_per_s;
  return sum;
}

std::uint64_t StatTable::backed_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [name, row] : rows_)
    sum += row.stat.counts.backed_bytes;
  return sum;
}

std::string short_number(double number) {
  constexpr std::array<std::string_view, 5> units{"", " k", " M", " G", " T"};
  std::size_t unit = 0;
  while (number >= 999.5 && unit + 1 < units.size()) {
    number /= 1000;
    ++unit;
  }
  if (unit == 0) return fmt::format("{:.0f}", number);
  return fmt::format("{:.{}f}{}", number, number < 9.995 ? 2 : number < 99.95 ? 1 : 0, units[unit]);
}

}  // namespace ringside::tools
