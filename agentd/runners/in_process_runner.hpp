// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "agentd/runners/runner.hpp"

namespace ringside::agentd {

/// Runs an agent of this process (in_process_agent.hpp), each life on a thread of its own.
///
/// Threads:  as every runner; the agent's code runs on its own thread, what it says goes through the strand.
/// Loss:     none: at most `in_process_events_max` events are on their way, then the agent's thread waits.
/// Crash:    what the agent throws ends the run with that error. Nothing can end a run that does not return: a
///           cancelled one is told as cancelled at once, and the destructor waits for it.
expected<std::unique_ptr<Runner>, RunnerError> make_in_process_runner(const InProcessOptions& agent,
                                                                      const RunnerOptions& options,
                                                                      boost::asio::any_io_executor pool,
                                                                      std::shared_ptr<RunnerSink> sink);

inline constexpr int in_process_events_max = 64;

}  // namespace ringside::agentd
