// SPDX-License-Identifier: Apache-2.0
//
// `ringside bench` finds the other program, here a script, and gives it its words as they are.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <stdlib.h>

#include <gtest/gtest.h>

#include "tests/tools/child_process.hpp"
#include "tools/exit_code.hpp"

namespace ringside::tests {
namespace {

using tools::ExitCode;

class BenchCommand : public testing::Test {
 protected:
  /// `ringside` as it is installed somewhere else.
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "ringside-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directory(folder_ / "bin");
    std::filesystem::create_directories(folder_ / RINGSIDE_LIBEXEC_DIR / "ringside");
    std::filesystem::copy_file(RINGSIDE_COMMAND, folder_ / "bin/ringside");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Prints each of its words in brackets, and leaves with 7.
  static void install(const std::filesystem::path& path, std::string_view word) {
    std::ofstream(path) << "#!/bin/sh\nprintf '" << word << "'\nprintf '[%s]' \"$@\"\nexit 7\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  [[nodiscard]] Finished run(std::vector<std::string> words) const {
    words.insert(words.begin(), (folder_ / "bin/ringside").string());
    return ChildProcess(words).finish();
  }

  std::filesystem::path folder_;
};

TEST_F(BenchCommand, PassesItsWordsOnAsTheyAre) {
  install(folder_ / RINGSIDE_LIBEXEC_DIR / "ringside/ringside-bench", "libexec");
  const Finished finished =
      run({"bench", "--bench", "ping_pong_latency", "--size", "[32]", "list", "--namespace", "x"});
  EXPECT_EQ(finished.exit_code, 7);
  EXPECT_EQ(finished.out, "libexec[--bench][ping_pong_latency][--size][[32]][list][--namespace][x]");
  EXPECT_EQ(run({"bench", "--help"}).out, "libexec[--help]");
  EXPECT_EQ(run({"bench", "-h"}).out, "libexec[-h]");
}

TEST_F(BenchCommand, TakesTheOneBesideItFirst) {
  install(folder_ / RINGSIDE_LIBEXEC_DIR / "ringside/ringside-bench", "libexec");
  install(folder_ / "bin/ringside-bench", "beside");
  EXPECT_EQ(run({"bench", "--smoke"}).out, "beside[--smoke]");
}

TEST_F(BenchCommand, SaysWhereItLookedAndWhatInstallsIt) {
  const Finished finished = run({"bench", "--help"});
  EXPECT_EQ(finished.exit_code, static_cast<int>(ExitCode::unavailable));
  EXPECT_EQ(finished.out, "");
  for (const std::string& word : {(folder_ / "bin/ringside-bench").string(),
                                  (folder_ / RINGSIDE_LIBEXEC_DIR / "ringside/ringside-bench").string(),
                                  std::string("--component bench")}) {
    EXPECT_NE(finished.err.find(word), std::string::npos) << finished.err;
  }
}

TEST_F(BenchCommand, TellsAProgramThatCannotBeRun) {
  std::ofstream(folder_ / "bin/ringside-bench") << "text";
  const Finished finished = run({"bench"});
  EXPECT_EQ(finished.exit_code, static_cast<int>(ExitCode::unavailable));
  EXPECT_NE(finished.err.find("Permission denied"), std::string::npos) << finished.err;
}

}  // namespace
}  // namespace ringside::tests
