// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/command_test.hpp"

#include <algorithm>
#include <utility>

namespace ringside::tests {

std::string CommandTest::done(std::vector<std::string> words, std::string_view input) const {
  const std::string named = words.front();
  Finished finished = sandbox_.run(std::move(words), input);
  EXPECT_EQ(finished.exit_code, 0) << named << ": " << finished.err;
  EXPECT_EQ(finished.err, "") << named;
  return std::move(finished.out);
}

void CommandTest::expect_refused(std::vector<std::string> words, ExitCode code, std::string_view named,
                                 std::string_view input) const {
  const Finished finished = sandbox_.run(std::move(words), input);
  EXPECT_EQ(finished.exit_code, static_cast<int>(code)) << finished.err;
  EXPECT_EQ(finished.out, "");
  EXPECT_TRUE(finished.err.starts_with("ringside: ")) << finished.err;
  EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
  EXPECT_NE(finished.err.find(named), std::string::npos) << finished.err;
}

void CommandTest::start_idle(const std::string& agent, const std::vector<std::string>& more) const {
  std::vector<std::string> words = {"start",   agent,      "--runner",
                                    "replay",  "--source", sample("weather.chunks.txt"),
                                    "--speed", "max",      "--idle"};
  words.insert(words.end(), more.begin(), more.end());
  EXPECT_EQ(done(std::move(words)), "created\n");
}

std::vector<EventLine> CommandTest::events(const std::string& name, const std::string& until) const {
  return read_event_lines(done({"tail", name, "--from", "oldest", "--json", "--until", until}));
}

std::vector<std::string> kinds(const std::vector<EventLine>& lines) {
  std::vector<std::string> names;
  for (const EventLine& line : lines)
    names.push_back(line.is_gap() ? "gap" : line.kind);
  return names;
}

std::string custom(std::string_view name) {
  return R"({"kind":"custom","event":{"name":")" + std::string(name) + R"(","content_type":"text/plain"}})";
}

std::string text_delta(std::string_view text) {
  return R"({"kind":"llm_deltas","event":{"deltas":[{"message_id":"m","text":")" + std::string(text) +
         R"("}]}})";
}

std::string join_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += line + "\n";
  return text;
}

}  // namespace ringside::tests
