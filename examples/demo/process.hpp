// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace demo {

/// A child process whose standard output we read, and which ends with us.
class Process {
 public:
  /// `environment` holds NAME=VALUE words on top of our own. `pipe_size` 0 leaves the pipe as the system makes it.
  Process(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
          int pipe_size = 0);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  /// Its standard output; -1 once it has ended.
  [[nodiscard]] int output() const noexcept { return output_; }

  /// Appends what there is, at most `size` bytes; false at the end.
  bool read_some(std::string& text, std::size_t size);

  void signal(int number) const;

  /// Waits for its end and returns its exit code, 128 + n for signal n.
  int wait();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

/// Runs a command to its end.
struct Answer {
  int exit_code;
  std::string output;
};
Answer run(const std::vector<std::string>& argv, const std::vector<std::string>& environment);

}  // namespace demo
