// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <sched.h>
#include <signal.h>
#include <simdjson.h>

#include "tests/tools/command_test.hpp"

namespace ringside::tests {
namespace {

/// The documents of a text, a line each.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end == std::string::npos ? text.size() : end + 1;
  }
  return lines;
}

class Latency : public CommandTest {
 protected:
  /// The whole life of the agent that a `latency` of this process makes, from its first event to its last.
  [[nodiscard]] std::vector<EventLine> life_of(pid_t process) const {
    return events("latency-" + std::to_string(process), "agent_shutdown");
  }

  static std::uint64_t number_at(const std::string& line, std::string_view pointer) {
    simdjson::dom::parser parser;
    return parser.parse(line).at_pointer(pointer).get_uint64().value();
  }
  static std::string text_at(const std::string& line, std::string_view pointer) {
    simdjson::dom::parser parser;
    return std::string(parser.parse(line).at_pointer(pointer).get_string().value());
  }

  static void expect_percentiles(const std::string& line, const std::string& part) {
    const std::uint64_t p50 = number_at(line, part + "/p50_ns");
    const std::uint64_t p99 = number_at(line, part + "/p99_ns");
    const std::uint64_t p999 = number_at(line, part + "/p999_ns");
    EXPECT_LE(p50, p99);
    EXPECT_LE(p99, p999);
    EXPECT_LE(p999, number_at(line, part + "/max_ns"));
  }
};

TEST_F(Latency, MeasuresAHandlerThatSpinsAndOneThatSleeps) {
  const auto lines = lines_of(done({"latency", "--seconds", "0.2", "--json"}));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(text_at(lines[0], "/handler"), "spinning");
  EXPECT_EQ(text_at(lines[1], "/handler"), "asleep");
  for (const std::string& line : lines) {
    EXPECT_EQ(text_at(line, "/measure"), "publish_to_handler");
    EXPECT_GT(number_at(line, "/events"), 0U);
    EXPECT_GT(number_at(line, "/whole/p50_ns"), 0U);
    expect_percentiles(line, "/whole");
    expect_percentiles(line, "/accepted");
  }
}

TEST_F(Latency, SaysWhatItMeasures) {
  const std::string shown = done({"latency", "--seconds", "0.1"});
  for (const char* word :
       {"publish()", "socket", "writing role", "ring", "handler", "spinning", "asleep", "P99.9"})
    EXPECT_NE(shown.find(word), std::string::npos) << word << '\n' << shown;
}

TEST_F(Latency, EndsItsAgentWhenItIsDone) {
  ChildProcess latency = sandbox_.spawn({"latency", "--seconds", "0.1"});
  const pid_t process = latency.pid();
  EXPECT_EQ(latency.finish().exit_code, 0);
  const auto life = life_of(process);
  EXPECT_EQ(string_at(life.back(), "/reason"), "manual");
}

TEST_F(Latency, InterruptedItTellsWhatItHasAndEndsItsAgent) {
  ChildProcess latency = sandbox_.spawn({"latency", "--seconds", "3600"});
  const pid_t process = latency.pid();
  // The heading: from then on it measures.
  std::optional<std::string> line = latency.read_line();
  while (line && !line->starts_with("HANDLER"))
    line = latency.read_line();
  ASSERT_TRUE(line.has_value());
  done({"tail", "latency-" + std::to_string(process), "--until", "custom"});
  latency.signal(SIGINT);
  const Finished finished = latency.finish();
  EXPECT_EQ(finished.exit_code, static_cast<int>(ExitCode::interrupted)) << finished.err;
  EXPECT_NE(finished.out.find("spinning"), std::string::npos) << finished.out;
  EXPECT_EQ(string_at(life_of(process).back(), "/reason"), "manual");
}

TEST_F(Latency, KilledItLeavesAnAgentWithoutViewersThatEnds) {
  ChildProcess latency = sandbox_.spawn({"latency", "--seconds", "3600"});
  const pid_t process = latency.pid();
  ASSERT_TRUE(latency.read_line().has_value());
  latency.signal(SIGKILL);
  latency.finish();
  EXPECT_EQ(string_at(life_of(process).back(), "/reason"), "no_viewers");
}

TEST_F(Latency, TellsThatAgentdIsGone) {
  ChildProcess latency = sandbox_.spawn({"latency", "--seconds", "3600"});
  ASSERT_TRUE(latency.read_line().has_value());
  sandbox_.kill_daemon();
  const Finished finished = latency.finish();
  EXPECT_EQ(finished.exit_code, static_cast<int>(ExitCode::unavailable)) << finished.err;
  EXPECT_TRUE(finished.err.starts_with("ringside: ")) << finished.err;
}

TEST_F(Latency, TheHostsOwnIsMeasuredOnEachCore) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  std::vector<std::string> words = {"latency", "--intrinsic", "--seconds", "0.05", "--json", "--core"};
  std::size_t cores = 0;
  for (std::size_t core = 0; core < CPU_SETSIZE && cores < 2; ++core) {
    if (!CPU_ISSET(core, &allowed)) continue;
    words.push_back(std::to_string(core));
    ++cores;
  }
  const auto lines = lines_of(done(words));
  ASSERT_EQ(lines.size(), cores);
  for (std::size_t i = 0; i < cores; ++i) {
    EXPECT_EQ(text_at(lines[i], "/measure"), "intrinsic");
    EXPECT_EQ(std::to_string(number_at(lines[i], "/core")), words[6 + i]);
    EXPECT_GT(number_at(lines[i], "/readings"), 0U);
    expect_percentiles(lines[i], "");
    EXPECT_LE(number_at(lines[i], "/stolen/2/ns"), number_at(lines[i], "/stolen/1/ns"));
    EXPECT_LE(number_at(lines[i], "/stolen/1/ns"), number_at(lines[i], "/stolen/0/ns"));
    EXPECT_LE(number_at(lines[i], "/stolen/0/ns"), number_at(lines[i], "/elapsed_ns"));
  }
}

}  // namespace
}  // namespace ringside::tests
