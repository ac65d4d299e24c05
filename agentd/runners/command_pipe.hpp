// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "agentd/run.hpp"
#include "agentd/runners/run_output.hpp"
#include "schema/event_json.hpp"

namespace ringside::agentd {

/// The lines that a process reads on its standard input: one JSON object each.
std::string execute_command(const RunRequest& request);
/// Requires a request with an answer; `json` prints it.
std::string resume_command(const RunRequest& request, schema::EventJson& json);
std::string cancel_command(std::uint64_t run);
std::string stop_command();

/// Writes commands to a process as it takes them.
/// Threads: on the runner's strand. Requires that SIGPIPE is ignored.
/// Memory:  at most `commands_max` commands and `bytes_max` bytes wait.
class CommandPipe : public std::enable_shared_from_this<CommandPipe> {
 public:
  static constexpr std::size_t commands_max = 64;
  static constexpr std::size_t bytes_max = 1024 * 1024;

  /// Owns the descriptor, which does not block.
  CommandPipe(const RunnerStrand& strand, int descriptor) : pipe_(strand, descriptor) {}

  enum class Sent { yes, closed, full };

  /// Sends a command, or keeps it until the process takes it. `closed`: the process has closed its input;
  /// `full`: too much waits already, it does not read.
  Sent send(std::string command);

  /// Closes once all that waits has been taken.
  void close_after_all();
  void close_now();

 private:
  void write();

  boost::asio::posix::stream_descriptor pipe_;
  std::deque<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t written_ = 0;  ///< of the first that waits
  bool closing_ = false;
};

}  // namespace ringside::agentd
