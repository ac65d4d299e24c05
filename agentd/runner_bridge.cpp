// SPDX-License-Identifier: Apache-2.0
#include "agentd/runner_bridge.hpp"

#include <boost/asio/post.hpp>

#include "agentd/agent_host.hpp"

namespace ringside::agentd {

void RunnerBridge::run_finished(std::uint64_t run, RunOutcome outcome) {
  boost::asio::post(conductor_, [host = host_, run, outcome = std::move(outcome)]() mutable {
    if (const auto alive = host.lock()) alive->run_finished(run, std::move(outcome));
  });
}

void RunnerBridge::runner_ended(RunnerExit exit, std::string detail) {
  boost::asio::post(conductor_, [host = host_, exit, detail = std::move(detail)] {
    if (const auto alive = host.lock()) alive->runner_ended(exit, detail);
  });
}

}  // namespace ringside::agentd
