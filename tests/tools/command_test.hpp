// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/tools/child_process.hpp"
#include "tests/tools/daemon_sandbox.hpp"
#include "tests/tools/event_lines.hpp"
#include "tools/exit_code.hpp"

namespace ringside::tests {

using tools::ExitCode;

/// `ringside` against an agentd of its own.
class CommandTest : public testing::Test {
 protected:
  CommandTest() = default;
  explicit CommandTest(std::string_view config) : sandbox_(config) {}

  [[nodiscard]] static std::string sample(std::string_view name) {
    return (std::filesystem::path(RINGSIDE_SOURCE_DIR) / "examples/samples" / name).string();
  }

  /// Runs a command that has to succeed, and returns what it printed.
  std::string done(std::vector<std::string> words, std::string_view input = "") const;

  /// Runs a command that has to fail with `code` and one line that names `named`.
  void expect_refused(std::vector<std::string> words, ExitCode code, std::string_view named,
                      std::string_view input = "") const;

  /// An agent that waits: it runs nothing until it is told to.
  void start_idle(const std::string& agent, const std::vector<std::string>& more = {}) const;

  /// The events of a topic from the oldest to the first of `until`.
  std::vector<EventLine> events(const std::string& name, const std::string& until) const;

  DaemonSandbox sandbox_;
};

/// The kinds, in order.
std::vector<std::string> kinds(const std::vector<EventLine>& lines);

/// A line of JSON as `pub` reads it: a custom event of that name.
std::string custom(std::string_view name);
/// The same: more text of message m. `text` is as JSON has it.
std::string text_delta(std::string_view text);

std::string join_lines(const std::vector<std::string>& lines);

}  // namespace ringside::tests
