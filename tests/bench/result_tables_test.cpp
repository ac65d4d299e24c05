// SPDX-License-Identifier: Apache-2.0
#include "bench/result_tables.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace ringside::bench {
namespace {

ResultLine throughput(std::string regime, std::uint64_t size, double rate, double limit, double ratio) {
  ResultLine line{.bench = "one_to_one_throughput", .subject = "ringside", .regime = std::move(regime)};
  line.size = size;
  line.msgs_per_s = rate;
  line.limit = limit;
  line.ratio = ratio;
  return line;
}

ResultLine peer(std::string subject, std::uint64_t size, double p50) {
  ResultLine line{.bench = "ping_pong_latency", .subject = std::move(subject), .regime = "near"};
  line.size = size;
  line.p50_ns = p50;
  return line;
}

TEST(ResultTables, ShowsTheFiguresOfALineAsTheyAre) {
  // A ratio that is not the quotient: it is the median of the ratios run by run.
  EXPECT_EQ(result_tables({{throughput("near", 32, 33e6, 118e6, 0.29)}}),
            "| lossless, one to one | regime | `copy`, M/s | Ringside, M/s | ratio |\n"
            "|---|---|---|---|---|\n"
            "| 32 B | near | 118 | 33.0 | 0.29 |\n");
}

TEST(ResultTables, OrdersByRegimeAndLetsTheLaterOfTwoLinesCount) {
  const std::string tables =
      result_tables({{throughput("far", 32, 1e6, 9e6, 0.1), throughput("near", 32, 2e6, 9e6, 0.2)},
                     {throughput("near", 32, 3e6, 9e6, 0.3)}});
  EXPECT_EQ(tables.substr(tables.find("| 32 B")),
            "| 32 B | near | 9.00 | 3.00 | 0.30 |\n"
            "| 32 B | far | 9.00 | 1.00 | 0.10 |\n");
}

TEST(ResultTables, LeavesNoBenchOutThatItDoesNotKnow) {
  ResultLine line{.bench = "to_come", .subject = "ringside", .regime = "none"};
  line.cost_ns = 12'345;
  line.limit = 10'000;
  line.ratio = 1.23;
  EXPECT_EQ(result_tables({{line}}),
            "| to_come | regime | limit | figure | ratio |\n"
            "|---|---|---|---|---|\n"
            "| ringside, 0 B | none | 10,000 | 12,345 | 1.23 |\n");
}

TEST(ResultTables, PutsPeersIntoRowsAndSizesIntoColumns) {
  ResultLine busy = peer("pipe", 128, 5'000);
  busy.configuration = "one byte stream";
  busy.waiting = "busy";
  busy.ringside_advantage = 40;
  ResultLine blocking = busy;
  blocking.waiting = "blocking";
  blocking.counts = false;
  const std::vector<ResultLine> peers = {peer("ringside", 32, 100), peer("ringside", 128, 125), busy,
                                         blocking};
  // Ringside's own file does not stand beside them: it is from other runs.
  EXPECT_EQ(result_tables({{peer("ringside", 32, 77)}, peers}),
            "| ping_pong_latency, near | 32 B, p50, ns | 128 B, p50, ns |\n"
            "|---|---|---|\n"
            "| ringside | 100 | 125 |\n"
            "| pipe |  | 5,000 (40.0x) |\n"
            "\n"
            "- pipe: one byte stream\n");
}

TEST(ResultTables, NothingMeasuredIsNoTable) {
  EXPECT_EQ(result_tables({{}}), "");
}

TEST(PerformancePage, ShowsTheTablesOfItsFigures) {
  const std::filesystem::path docs = RINGSIDE_SOURCE_DIR "/docs";
  const auto lines = read_result_file(docs / "performance.jsonl");
  ASSERT_TRUE(lines) << lines.error();
  std::ifstream file(docs / "performance.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(page.find("<!-- tables: begin -->\n\n" + result_tables({*lines}) + "\n<!-- tables: end -->"),
            std::string::npos)
      << "print them anew: ./dev bench --tables docs/performance.jsonl";
}

}  // namespace
}  // namespace ringside::bench
