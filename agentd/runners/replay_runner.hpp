// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "agentd/runners/runner.hpp"

namespace ringside::agentd {

/// Replays a recording (recording.hpp) at `speed` times the recorded pace. A run begins at its start, unless the run
/// before it ended at a place where the recording waits: then it goes on from there, whatever the answer was.
///
/// Threads:  as every runner; at full speed it gives its place on the pool to others every few events.
/// Ordering: an event is never said before its time; one that is late does not make the later ones late.
/// Loss:     none. A recording that cannot be published whole (an event larger than the topic takes) is
///           refused when that is known, and otherwise ends its run with an error.
expected<std::unique_ptr<Runner>, RunnerError> make_replay_runner(const ReplayOptions& replay,
                                                                  const RunnerOptions& options,
                                                                  boost::asio::any_io_executor pool,
                                                                  std::shared_ptr<RunnerSink> sink);

}  // namespace ringside::agentd
