// SPDX-License-Identifier: Apache-2.0
//
// From a provider's chunks through agentd, its ring and eight processes of `ringside tail` to what a person reads.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/rebuilt_message.hpp"
#include "tests/tools/child_process.hpp"
#include "tests/tools/daemon_sandbox.hpp"

namespace ringside::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t viewers = 8;

bool holds_chat_completions(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string line;
  return std::getline(in, line) && line.find(R"("object":"chat.completion.chunk")") != std::string::npos;
}

std::vector<fs::path> streams_in(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().string().ends_with(".chunks.txt") && holds_chat_completions(entry.path()))
      files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

fs::path provider_folder() {
  return fs::path(RINGSIDE_SOURCE_DIR) / "../shared/streams/providers";
}

/// What was recorded from providers where this machine has it, and what the project ships, everywhere.
std::vector<fs::path> streams() {
  std::vector<fs::path> files = streams_in(provider_folder());
  std::ranges::copy(streams_in(fs::path(RINGSIDE_SOURCE_DIR) / "examples/samples"),
                    std::back_inserter(files));
  return files;
}

std::size_t lines_in(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return static_cast<std::size_t>(
      std::count(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>(), '\n'));
}

std::string name_of(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.filename().string();
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

class Rebuild : public testing::TestWithParam<fs::path> {
 protected:
  ChildProcess join(const std::string& from, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"tail", "scribe",  "--json",        "--from",
                                      from,   "--until", "agent_shutdown"};
    words.insert(words.end(), more.begin(), more.end());
    return sandbox_.spawn(words);
  }

  /// Reads the viewer's lines until there are `count` in all; false at its end.
  static bool read_up_to(ChildProcess& viewer, std::vector<EventLine>& seen, std::size_t count) {
    while (seen.size() < count) {
      const auto line = viewer.read_line();
      if (!line) return false;
      seen.push_back(read_event_line(*line));
    }
    return true;
  }

  static bool read_until_idle_again(ChildProcess& viewer, std::vector<EventLine>& seen) {
    const auto is = [](const EventLine& line, std::string_view status) {
      return line.kind == "status_changed" && string_at(line, "/status") == status;
    };
    const auto ran = [&](const EventLine& line) { return is(line, "running"); };
    while (seen.empty() || !is(seen.back(), "idle") || std::ranges::none_of(seen, ran))
      if (!read_up_to(viewer, seen, seen.size() + 1)) return false;
    return true;
  }

  /// Waits until somebody is counted as a viewer; the subscription is there before.
  void wait_for_viewer(const std::string& topic) const {
    ChildProcess watch = sandbox_.spawn({"presence", "--follow", topic});
    ASSERT_TRUE(watch.read_line().has_value());
  }

  DaemonSandbox sandbox_;
};

void expect_whole(const std::vector<EventLine>& seen, const RebuiltMessage& expected,
                  const std::string& ending) {
  for (std::size_t i = 0; i < seen.size(); ++i) {
    ASSERT_FALSE(seen[i].is_gap()) << "lost " << seen[i].gap_count << " from " << seen[i].gap_first;
    ASSERT_EQ(seen[i].seq, i + 1);
  }
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().kind, "agent_shutdown");
  EXPECT_EQ(from_deltas(seen), expected) << "as it streamed";
  EXPECT_EQ(from_message(seen), expected) << "as the whole message";
  EXPECT_EQ(ending_in_message(seen), ending);
}

TEST_P(Rebuild, EightViewersThatJoinAtDifferentMomentsRebuildTheSameMessage) {
  const RebuiltMessage expected = from_chunks(GetParam());
  ASSERT_FALSE(expected.text.empty() && expected.reasoning.empty() && expected.calls.empty());

  std::vector<ChildProcess> watching;
  watching.push_back(join("latest", {"--track", "early"}));  // waits for an agent that does not run yet
  wait_for_viewer("conversation:scribe");
  const Finished started = sandbox_.run(
      {"start", "scribe", "--runner", "replay", "--source", GetParam().string(), "--speed", "20", "--idle"});
  ASSERT_EQ(started.exit_code, 0) << started.err;
  watching.push_back(join("oldest"));
  std::vector<EventLine> first_saw;
  ASSERT_EQ(sandbox_.run({"execute", "scribe"}).exit_code, 0);
  const std::size_t chunks = lines_in(GetParam());
  for (std::size_t part = 1; part <= viewers - 3; ++part) {
    // The first viewer tells how far the stream is. Not every chunk becomes an event: half of them surely do.
    ASSERT_TRUE(read_up_to(watching.front(), first_saw, part * chunks / (2 * (viewers - 3))));
    watching.push_back(join("oldest"));
  }
  ASSERT_TRUE(read_until_idle_again(watching.front(), first_saw));
  watching.push_back(join("1"));
  ASSERT_EQ(watching.size(), viewers);
  ASSERT_EQ(sandbox_.run({"stop", "scribe"}).exit_code, 0);

  for (std::size_t i = 0; i < watching.size(); ++i) {
    SCOPED_TRACE("viewer " + std::to_string(i));
    const Finished finished = watching[i].finish();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    std::vector<EventLine> seen = i == 0 ? std::move(first_saw) : std::vector<EventLine>();
    std::ranges::move(read_event_lines(finished.out), std::back_inserter(seen));
    expect_whole(seen, expected, ending_in_chunks(GetParam()));
  }
}

INSTANTIATE_TEST_SUITE_P(Streams, Rebuild, testing::ValuesIn(streams()), name_of);

TEST(RebuildStreams, FindsTheRecordedOnes) {
  if (!fs::is_directory(provider_folder()))
    GTEST_SKIP() << "no " << provider_folder() << ": only the project's own samples are rebuilt";
  EXPECT_GE(streams_in(provider_folder()).size(), 5U);
}

}  // namespace
}  // namespace ringside::tests
