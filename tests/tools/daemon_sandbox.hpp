// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tools/child_process.hpp"

namespace ringside::tests {

/// A folder of its own with an agentd of its own in it, both gone with the sandbox. A test in which agentd did not end
/// well has failed, unless it was the test that killed it.
class DaemonSandbox {
 public:
  /// `config` is TOML for agentd.
  explicit DaemonSandbox(std::string_view config = "");
  ~DaemonSandbox();
  DaemonSandbox(const DaemonSandbox&) = delete;
  DaemonSandbox& operator=(const DaemonSandbox&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  [[nodiscard]] std::filesystem::path socket() const;

  /// Writes a file into the folder and returns its path.
  std::string write_file(std::string_view name, std::string_view text) const;

  /// `ringside` with these words, its socket and its folders those of the sandbox.
  [[nodiscard]] ChildProcess spawn(std::vector<std::string> words,
                                   ChildProcess::Environment changes = {}) const;

  /// The same, given `input`, to its end.
  Finished run(std::vector<std::string> words, std::string_view input = "") const;

  /// Ends agentd as systemd does, and returns how it ended.
  Finished stop_daemon();

  /// Ends agentd as an accident does.
  void kill_daemon();

  /// Stops it, or has it go on.
  void signal_daemon(int number) const;

 private:
  [[nodiscard]] ChildProcess::Environment environment() const;

  std::filesystem::path folder_;
  std::unique_ptr<ChildProcess> daemon_;
  bool killed_ = false;
};

}  // namespace ringside::tests
