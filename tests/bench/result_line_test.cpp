// SPDX-License-Identifier: Apache-2.0
#include "bench/result_line.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include <gtest/gtest.h>

#include "bench/result.hpp"

namespace ringside::bench {
namespace {

constexpr const char* smallest = R"({"bench":"b","subject":"s","regime":"near","size":32,"readers":1)";

std::string error_of(const std::string& json) {
  const auto line = read_result_line(json);
  return line ? "" : line.error();
}

TEST(ResultLine, ReadsEverythingThatAResultCanSay) {
  Result result{.bench = "b", .subject = "ringside", .size = 128, .readers = 16};
  result.messages_per_s = 31'000'000;
  result.latency = {.p50 = 1, .p99 = 2, .p999 = 3, .max = 4};
  result.cost_ns = 9.25;
  result.more_ns_per_reader = -0.125;
  result.agents = 10'000;
  result.shared_bytes_per_agent = 28'672;
  result.private_bytes_per_agent = 11'300;
  result.cpu_ns_per_start = 130'000;
  result.idle_cpu_ns_per_s = 0;
  result.limit = 75.5;
  result.ratio = 1.333;
  result.floor_ns_before = result.floor_ns_after = 75;
  const auto line = read_result_line(to_json(result));
  ASSERT_TRUE(line) << line.error();
  EXPECT_EQ(line->bench, "b");
  EXPECT_EQ(line->subject, "ringside");
  EXPECT_EQ(line->regime, "near");
  EXPECT_EQ(line->size, 128U);
  EXPECT_EQ(line->readers, 16U);
  EXPECT_EQ(line->configuration, "");
  EXPECT_EQ(line->msgs_per_s, 31e6);
  EXPECT_EQ(line->p50_ns, 1);
  EXPECT_EQ(line->p99_ns, 2);
  EXPECT_EQ(line->p999_ns, 3);
  EXPECT_EQ(line->cost_ns, 9.25);
  EXPECT_EQ(line->more_ns_per_reader, -0.125);
  EXPECT_EQ(line->agents, 10'000);
  EXPECT_EQ(line->shared_bytes_per_agent, 28'672);
  EXPECT_EQ(line->private_bytes_per_agent, 11'300);
  EXPECT_EQ(line->cpu_ns_per_start, 130'000);
  EXPECT_EQ(line->idle_cpu_ns_per_s, 0);
  EXPECT_EQ(line->limit, 75.5);
  EXPECT_EQ(line->ratio, 1.333);
}

TEST(ResultLine, ReadsWhatAResultLeavesOutAsAbsent) {
  const auto line = read_result_line(to_json({.bench = "b", .subject = "copy", .messages_per_s = 1.0}));
  ASSERT_TRUE(line) << line.error();
  EXPECT_EQ(line->regime, "none");
  EXPECT_FALSE(line->p50_ns);
  EXPECT_FALSE(line->ratio);
  EXPECT_TRUE(line->counts);
}

TEST(ResultLine, ReadsWhatAPeersLineAdds) {
  const auto line =
      read_result_line(std::string(smallest) + R"(,"ringside_advantage":2.5,"waiting":"busy","counts":false,)"
                                               R"("configuration":"inproc, HWM 1000"})");
  ASSERT_TRUE(line) << line.error();
  EXPECT_EQ(line->ringside_advantage, 2.5);
  EXPECT_EQ(line->waiting, "busy");
  EXPECT_FALSE(line->counts);
  EXPECT_EQ(line->configuration, "inproc, HWM 1000");
}

TEST(ResultLine, IgnoresKeysItDoesNotKnow) {
  EXPECT_EQ(error_of(std::string(smallest) + R"(,"to come":{"of":["any","kind"]},"runs":15})"), "");
}

TEST(ResultLine, RefusesWhatIsMalformed) {
  EXPECT_EQ(error_of(smallest), "it is no JSON object");
  EXPECT_EQ(error_of("[1]"), "it is no JSON object");
  EXPECT_EQ(error_of(R"({"bench":"b","regime":"near","size":32,"readers":1})"),
            R"(it has no "subject": was it written by ringside-bench --json?)");
  EXPECT_EQ(error_of(R"({"bench":"b","subject":"s","regime":"near","size":"32","readers":1})"),
            R"(its "size" is of another type)");
  EXPECT_EQ(error_of(std::string(smallest) + R"(,"p50_ns":"fast"})"), R"(its "p50_ns" is of another type)");
}

TEST(ResultFile, NamesTheFileAndTheLineThatItRefuses) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("ringside-result-file." + std::to_string(::getpid()));
  std::ofstream(path) << smallest << "}\n\n" << smallest << "}\n{\n";
  const auto lines = read_result_file(path);
  std::filesystem::remove(path);
  ASSERT_FALSE(lines);
  EXPECT_EQ(lines.error(), path.string() + ":4: it is no JSON object");
  EXPECT_EQ(read_result_file(path).error(), path.string() + ": it cannot be read: No such file or directory");
}

}  // namespace
}  // namespace ringside::bench
