// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>
#include <sys/types.h>

#include "tests/agentd/temporary_folder.hpp"

namespace ringside::agentd {

/// What a process that has ended left behind.
struct Ended {
  int exit_code = -1;  // -1: a signal ended it
  std::string log;     // its standard error
};

/// The real agentd, on a socket of its own, ready when made. Killed with the test.
class AgentdProcess {
 public:
  /// `arguments` come behind `--socket`. `config` is written to a file and passed, if there is any.
  explicit AgentdProcess(const std::vector<std::string>& arguments = {}, std::string_view config = {});
  ~AgentdProcess();
  AgentdProcess(const AgentdProcess&) = delete;
  AgentdProcess& operator=(const AgentdProcess&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] std::string socket() const { return folder_.path() / "control.sock"; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string log() const;

  /// What the service manager is told next.
  std::string next_notification();

  void send(int signal) const { ::kill(pid_, signal); }
  Ended wait();
  Ended stop(int signal = SIGTERM) {
    send(signal);
    return wait();
  }

 private:
  TemporaryFolder folder_;
  int notifications_ = -1;
  pid_t pid_ = -1;
};

/// Runs agentd with these arguments until it ends by itself. `environment` replaces what would name a place.
Ended run_agentd(const TemporaryFolder& folder, const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment = {});

}  // namespace ringside::agentd
