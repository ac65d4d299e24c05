// SPDX-License-Identifier: Apache-2.0
//
// A process that is the agent for one life.
//
// It reads commands (execute, resume, cancel, stop) on its standard input and writes event lines on its standard
// output: docs/exec-protocol.md, which the tests hold against this. Each execute and each resume is answered by exactly
// one status_changed, also when the run was cancelled meanwhile: until then what the process still says of that run is
// ignored. Kinds that only agentd may publish are refused.
//
// Loss:   a line that is not understood, or is longer than 1 MiB, is refused with its number in the log;
//         the lines around it are published. The process is not told: one that answers whatever it reads
//         would never come to rest.
// Crash:  the life ends with the process. Status 0 between two runs is a good end, as is any end after
//         stop(); anything else is a crash, told in words with the last 4 KiB of standard error.
//         Its whole group ends with it.
// Trust:  the process is a program of the user's; its output is bounded (lines, what waits, the log), its
//         input too: a process that does not read its commands is ended.
// Memory: destroying the runner kills the group and reaps the process.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "agentd/runners/runner.hpp"

namespace ringside::agentd {

/// Starts the process. Makes this process ignore SIGPIPE, if that signal had its default action.
expected<std::unique_ptr<Runner>, RunnerError> make_exec_runner(const ExecOptions& exec,
                                                                const RunnerOptions& options,
                                                                boost::asio::any_io_executor pool,
                                                                std::shared_ptr<RunnerSink> sink);

}  // namespace ringside::agentd
