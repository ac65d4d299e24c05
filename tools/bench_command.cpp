// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "tools/commands.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

constexpr const char* program = "ringside-bench";

/// Beside this program, as in a build folder, or where it is installed, seen from here: the tree may have been moved.
std::vector<std::filesystem::path> places() {
  std::error_code error;
  const auto folder = std::filesystem::canonical("/proc/self/exe", error).parent_path();
  return {folder / program, (folder / RINGSIDE_LIBEXEC_FROM_BIN / program).lexically_normal()};
}

ExitCode bench(const std::vector<std::string>& words) {
  std::vector<char*> argv = {const_cast<char*>(program)};
  for (const std::string& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const auto candidates = places();
  for (const std::filesystem::path& path : candidates) {
    execv(path.c_str(), argv.data());
    if (errno == ENOENT || errno == ENOTDIR) continue;
    complain(fmt::format("bench: cannot run {}: {}", path.string(), std::strerror(errno)));
    return ExitCode::unavailable;
  }
  complain(
      fmt::format("bench: {} is not installed: neither {} nor {} is there; install the component `bench` "
                  "(cmake --install BUILD --component bench), of a build with -DRINGSIDE_BENCH=ON",
                  program, candidates.front().string(), candidates.back().string()));
  return ExitCode::unavailable;
}

}  // namespace

void add_bench_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "bench", "Measure Ringside on this machine: runs ringside-bench with the same arguments");
  // --help too is the other program's.
  command->set_help_flag();
  command->prefix_command();
  command->callback(
      [&invocation, command] { invocation.run = [words = command->remaining()] { return bench(words); }; });
}

}  // namespace ringside::tools
