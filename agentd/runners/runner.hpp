// SPDX-License-Identifier: Apache-2.0
//
// What does an agent's work: one interface for recorded streams (replay), child processes (exec), and agents in C++
// in agentd's own process.
//
// Threads:  a runner lives on a strand of its own over the pool; its methods may be called from any
//           thread and return at once. The sink is called from that strand only, never two calls at a
//           time, never from inside a method.
// Ordering: all events of a run come before its run_finished; every run that was begun gets exactly one
//           run_finished; runner_ended is the last call, and comes exactly once.
// Loss:     an event that gets no_space is kept and offered again; the runner takes nothing new meanwhile.
// Crash:    a run that is cancelled, fails, or loses its process leaves nothing open: the runner closes
//           each tool call that it has started, publishes what there was of an unfinished message, and
//           only then says run_finished.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "agentd/expected.hpp"
#include "agentd/publish_error.hpp"
#include "agentd/run.hpp"
#include "agentd/runners/in_process_agent.hpp"
#include "agentd/runners/middleware.hpp"
#include "schema/event_buffer.hpp"
#include "schema/token_delta.hpp"

namespace ringside::agentd {

/// Where a runner's work goes.
class RunnerSink {
 public:
  virtual ~RunnerSink() = default;

  /// Events carry their incarnation and run; the sink chooses the topic by the kind (main or debug).
  virtual expected<void, PublishError> publish(const schema::EventBuffer& event) = 0;
  /// The same for one token, which is an event only where it is read.
  virtual expected<void, PublishError> publish(const schema::TokenDelta& delta) = 0;
  /// On the debug topic, whatever its kind. Any thread may ask whether somebody reads that.
  virtual expected<void, PublishError> publish_debug(const schema::EventBuffer& event) = 0;
  [[nodiscard]] virtual bool debug_is_read() const = 0;
  virtual void run_finished(std::uint64_t run, RunOutcome outcome) = 0;

  /// The life is over. `detail` says how it ended in words, with the end of stderr where there is one.
  virtual void runner_ended(RunnerExit exit, std::string detail) = 0;
};

/// Destroying a runner ends what it runs at once; the sink is not called again once a
/// call in progress has returned.
class Runner {
 public:
  virtual ~Runner() = default;

  /// The life has begun: from here on the sink may be called.
  /// For an agent that stays idle; execute() implies it.
  virtual void start() = 0;

  /// Begins a run. Requires that the run before it has finished.
  virtual void execute(RunRequest request) = 0;

  /// Ends this run as cancelled. A run that is not the current one is left alone.
  virtual void cancel(std::uint64_t run) = 0;

  /// Ends the life: a current run is cancelled; a process is asked, then gets SIGTERM, then SIGKILL.
  /// runner_ended follows.
  virtual void stop() = 0;
};

/// `speed` is a factor of the recorded pace; 0 is as fast as it goes.
struct ReplayOptions {
  std::filesystem::path source;
  double speed = 1.0;
};

/// `argv[0]` is looked up in PATH as a shell does. An empty working directory is the daemon's own.
struct ExecOptions {
  std::vector<std::string> argv;
  std::string working_directory;
};

/// Which runner, and what of: InProcessOptions only in programs that run agentd in themselves.
using RunnerKind = std::variant<ReplayOptions, ExecOptions, InProcessOptions>;

struct RunnerOptions {
  std::string agent_id;
  std::uint64_t incarnation = 0;
  RunnerKind kind;

  /// The largest event that the topic takes; 0 where it is not known.
  /// Sources with larger ones are refused at once.
  std::size_t event_size_max = 0;

  /// How long a process has to obey "stop", and then SIGTERM, before the next means is used.
  std::chrono::milliseconds stop_bound{5000};

  /// What is asked about the events of the agent, in this order.
  MiddlewareList middleware = {};
};

enum class RunnerFault {
  bad_options,  // what was asked for makes no sense, whatever the files say
  bad_source,   // the recording, or the command's program, is not there or not usable
  failed,       // the system did not give what is needed (descriptors, processes, memory)
};

/// The message names the path, line and column where there are any, and what to do.
struct RunnerError {
  RunnerFault fault = RunnerFault::failed;
  std::string message;
};

/// Opens and checks the source at once: a recording is read and checked whole (so this may take a while), a
/// process is running when this returns. The sink is not called before start() or execute().
expected<std::unique_ptr<Runner>, RunnerError> make_runner(RunnerOptions options,
                                                           boost::asio::any_io_executor pool,
                                                           std::shared_ptr<RunnerSink> sink);

}  // namespace ringside::agentd
