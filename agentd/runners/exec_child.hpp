// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agentd/process_watch.hpp"
#include "agentd/runners/child_process.hpp"
#include "agentd/runners/command_pipe.hpp"
#include "agentd/runners/line_splitter.hpp"
#include "agentd/runners/run_output.hpp"
#include "agentd/runners/runner.hpp"
#include "schema/event_json.hpp"

namespace ringside::agentd {

/// Everything of one exec runner, on its strand: the process, what it says and what it is told
/// (exec_runner.hpp).
class ExecChild : public std::enable_shared_from_this<ExecChild> {
 public:
  ExecChild(const RunnerStrand& strand, ChildProcess process, const RunnerOptions& options,
            std::shared_ptr<RunnerSink> sink);

  template <class Action>
  void on_strand(Action action) {
    boost::asio::post(strand_, [self = shared_from_this(), action = std::move(action)]() mutable {
      if (!self->output_->abandoned()) action(*self);
    });
  }

  void start();
  void execute(const RunRequest& request);
  void cancel(std::uint64_t run);
  void stop();

  /// Any thread.
  void abandon();

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;

  void send(std::string command);
  void give_up(std::uint64_t run, RunOutcome outcome);
  void finish_run(RunOutcome outcome, std::string_view why);

  void read_output();
  void read_errors();
  /// One read; false at the end of the stream and when there is nothing now.
  bool take_output();
  bool take_errors();
  void take_line(std::string_view line, std::size_t number);
  void take_event(const schema::EventLine& line, std::size_t number);
  void take_status(const schema::EventLine& line, std::size_t number);
  void refuse_line(std::size_t number, std::size_t column, std::string_view why);
  void output_ended();

  /// SIGTERM after `wait`, SIGKILL a bound later, unless the process ends before.
  void terminate(std::chrono::milliseconds wait, std::string why);
  void watch_exit();
  void exited();

  RunnerStrand strand_;
  ChildProcess process_;
  std::string agent_id_;
  std::uint64_t incarnation_;
  std::size_t event_size_max_;
  std::chrono::milliseconds bound_;
  std::shared_ptr<RunOutput> output_;
  std::shared_ptr<CommandPipe> commands_;
  Descriptor stdout_;
  Descriptor stderr_;
  ProcessWatch exit_;
  boost::asio::steady_timer deadline_;
  LineSplitter lines_;
  std::array<char, 64 * 1024> buffer_;
  std::string error_tail_;
  std::string end_reason_;  ///< why we are ending it, if we are
  std::size_t refused_lines_ = 0;
  std::optional<schema::Stamp> run_;
  std::uint64_t last_run_ = 0;
  bool started_ = false;
  bool stopping_ = false;
  bool terminating_ = false;  ///< it has a bounded time left
  bool signalled_ = false;    ///< and that was over
  bool ended_ = false;
  bool reading_ = false;
  bool overdue_ = false;    ///< it is being ended for what it owes; paid in time, it goes on
  std::uint64_t owed_ = 0;  ///< statuses of runs that were given up
};

}  // namespace ringside::agentd
