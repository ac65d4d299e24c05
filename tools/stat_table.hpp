// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <ringside/stats.hpp>

namespace ringside::tools {

/// Topics in rows: their sums, or, from the second look on, what a second has brought.
class StatTable {
 public:
  enum class Order { by_name, by_rate };

  /// `rates`: events and bytes are those of a second, once there are two looks to compare.
  explicit StatTable(bool rates) : rates_(rates) {}

  void look(const std::vector<TopicStat>& topics,
            std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

  /// The heading, and up to `rows` of the topics of the last look.
  void append(std::string& out, Order order, std::size_t rows) const;

  /// Over all topics of the last look.
  [[nodiscard]] double events_per_s() const noexcept;
  [[nodiscard]] double bytes_per_s() const noexcept;
  [[nodiscard]] std::uint64_t backed_bytes() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }

 private:
  struct Row {
    TopicStat stat;
    double events_per_s = 0;
    double bytes_per_s = 0;
  };

  bool rates_;
  bool compared_ = false;  // the rows have rates
  std::chrono::steady_clock::time_point looked_at_;
  std::map<std::string, Row, std::less<>> rows_;
};

/// Three digits and a unit of thousands: `812`, `1.25 k`, `14.1 M`.
std::string short_number(double number);

}  // namespace ringside::tools
