// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace ringside::tests {

/// How a process ended, and all that it said from when it was last asked.
struct Finished {
  int exit_code = -1;  ///< -1 where a signal ended it
  int signal = 0;
  std::string out;
  std::string err;
};

/// A program run as a user runs it. Whatever waits for it is ended by a watchdog, which fails the test.
class ChildProcess {
 public:
  using Environment = std::map<std::string, std::string>;

  /// `changes` are set on top of our own environment; an empty value removes.
  ChildProcess(const std::vector<std::string>& argv, const Environment& changes = {});
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;

  void write_input(std::string_view text);
  void close_input();
  /// Closes our end of its standard output, as `| head` does.
  void close_output();

  /// The next line of its standard output without its newline; nothing at its end.
  std::optional<std::string> read_line();

  /// Closes its input, reads all that is left and waits for its end.
  Finished finish();

 private:
  bool read_some();

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string out_text_;
  std::string err_text_;
};

}  // namespace ringside::tests
