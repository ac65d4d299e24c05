// SPDX-License-Identifier: Apache-2.0
//
// A process of our own: started clean, watched by descriptor, and never left behind.
//
// Isolation: its own session and process group; none of our descriptors but three pipes, no signal mask or
//            handler, and of our environment the few variables that child_environment names.
// Crash:     when agentd dies the kernel kills the child (a parent-death signal belongs to the thread that
//            forked: children are forked by a thread that lives as long as the process).
// Threads:   one at a time; `spawn` from any.
// Memory:    destroying it kills the group and reaps the child: no zombie is left.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "agentd/expected.hpp"
#include "agentd/runners/runner.hpp"

namespace ringside::agentd {

/// How a process ended.
struct ChildExit {
  static constexpr int unknown = -1;

  int status = 0;  ///< of exit(), or the signal's number
  bool by_signal = false;
  bool core_dumped = false;

  [[nodiscard]] bool clean() const noexcept { return !by_signal && status == 0; }
};

/// "exited with status 3", "killed by signal 11 (Segmentation fault)".
std::string in_words(const ChildExit& exit);

struct ChildOptions {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  ///< NAME=value
  std::string working_directory;         ///< empty: ours
};

class ChildProcess {
 public:
  /// Starts a program, looked up in PATH; it is running when this returns. The error says what to do.
  static expected<ChildProcess, RunnerError> spawn(const ChildOptions& options);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  /// Our ends, each close-on-exec and non-blocking, for the caller to take over; -1 once taken.
  int take_input() noexcept;
  int take_output() noexcept;
  int take_errors() noexcept;

  /// Readable when the process has ended; belongs to the caller once taken.
  int take_exit_descriptor() noexcept;

  /// To every process of its group. Nothing once it is reaped.
  void signal_group(int signal) noexcept;

  /// Requires that it has ended (or is about to, having been killed). Frees its process id.
  ChildExit reap() noexcept;

  [[nodiscard]] pid_t id() const noexcept { return id_; }

 private:
  ChildProcess() = default;

  pid_t id_ = -1;
  bool reaped_ = false;
  int exit_descriptor_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;
};

}  // namespace ringside::agentd
