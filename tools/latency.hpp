// SPDX-License-Identifier: Apache-2.0
//
// The two measurements of `ringside latency`.
#pragma once

#include <vector>

#include <ringside/client.hpp>

#include "tools/exit_code.hpp"

namespace ringside::tools {

struct LatencyArguments {
  bool intrinsic = false;
  double seconds = 10;
  bool json = false;
  std::vector<unsigned> cores;
};

/// The host's own noise floor: a spinning thread on each of the cores, or one wherever it is put.
ExitCode intrinsic_latency(const LatencyArguments& arguments);

/// Through the agentd that runs: from right before publish() to the handler of a subscription, half of the time with a
/// handler's thread that polls without pause, half with one that waits asleep.
/// Cores: the handler's, then the publisher's.
ExitCode event_latency(const ConnectOptions& endpoint, const LatencyArguments& arguments);

}  // namespace ringside::tools
