// SPDX-License-Identifier: Apache-2.0
#include <utility>
#include <variant>

#include "agentd/runners/exec_runner.hpp"
#include "agentd/runners/in_process_runner.hpp"
#include "agentd/runners/replay_runner.hpp"
#include "agentd/runners/runner.hpp"

namespace ringside::agentd {

expected<std::unique_ptr<Runner>, RunnerError> make_runner(RunnerOptions options,
                                                           boost::asio::any_io_executor pool,
                                                           std::shared_ptr<RunnerSink> sink) {
  if (const auto* replay = std::get_if<ReplayOptions>(&options.kind))
    return make_replay_runner(*replay, options, std::move(pool), std::move(sink));
  if (const auto* agent = std::get_if<InProcessOptions>(&options.kind))
    return make_in_process_runner(*agent, options, std::move(pool), std::move(sink));
  return make_exec_runner(std::get<ExecOptions>(options.kind), options, std::move(pool), std::move(sink));
}

}  // namespace ringside::agentd
