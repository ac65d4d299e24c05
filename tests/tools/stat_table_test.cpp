// SPDX-License-Identifier: Apache-2.0
#include "tools/stat_table.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace ringside::tools {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

TopicStat stat_of(std::string topic, std::uint64_t events, std::string object = "/ring") {
  TopicStat stat;
  stat.topic = std::move(topic);
  stat.object_name = std::move(object);
  stat.counts.events = events;
  stat.counts.bytes = events * 100;
  return stat;
}

/// Of each line after the heading, its first word and its last.
std::vector<std::pair<std::string, std::string>> rows_of(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (std::size_t begin = text.find('\n') + 1; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end - begin);
    const std::size_t first = line.find_first_not_of(' ');
    rows.emplace_back(line.substr(first, line.find("  ", first) - first), line.substr(line.rfind(' ') + 1));
    begin = end + 1;
  }
  return rows;
}

TEST(StatTable, ShowsSumsAtTheFirstLookAndRatesFromTheSecondOn) {
  StatTable table(true);
  const steady_clock::time_point start{};
  table.look({stat_of("a", 1000)}, start);
  std::string first;
  table.append(first, StatTable::Order::by_name, 10);
  EXPECT_NE(first.find("EVENTS "), std::string::npos) << first;
  EXPECT_EQ(rows_of(first).at(0).first, "1.00 k");
  table.look({stat_of("a", 1500)}, start + 2s);
  std::string second;
  table.append(second, StatTable::Order::by_name, 10);
  EXPECT_NE(second.find("EVENTS/S"), std::string::npos) << second;
  EXPECT_EQ(rows_of(second).at(0).first, "250");
  EXPECT_EQ(table.bytes_per_s(), 25'000);
}

TEST(StatTable, CountsARingThatWasMadeAnewFromItsBeginning) {
  StatTable table(true);
  table.look({stat_of("a", 1000), stat_of("b", 10)}, {});
  table.look({stat_of("a", 3, "/another"), stat_of("b", 20)}, steady_clock::time_point{} + 1s);
  EXPECT_EQ(table.events_per_s(), 10);
}

TEST(StatTable, HasTheBusiestFirstWhereItIsAskedTo) {
  StatTable table(true);
  table.look({stat_of("a", 0), stat_of("b", 0), stat_of("c", 0)}, {});
  table.look({stat_of("a", 5), stat_of("b", 50), stat_of("c", 20)}, steady_clock::time_point{} + 1s);
  std::string text;
  table.append(text, StatTable::Order::by_rate, 2);
  const auto rows = rows_of(text);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].second, "b");
  EXPECT_EQ(rows[1].second, "c");
}

TEST(ShortNumber, HasThreeDigitsAndAUnit) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(999.4), "999");
  EXPECT_EQ(short_number(999.6), "1.00 k");
  EXPECT_EQ(short_number(12'345), "12.3 k");
  EXPECT_EQ(short_number(999'499), "999 k");
  EXPECT_EQ(short_number(2.5e9), "2.50 G");
}

}  // namespace
}  // namespace ringside::tools
