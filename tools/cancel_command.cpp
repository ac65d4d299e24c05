// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "tools/commands.hpp"
#include "tools/interrupts.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

ExitCode cancel(const Invocation& invocation, const std::string& agent) {
  end_when_interrupted();
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  if (auto done = client->cancel(agent); !done) return report("cancel " + agent, done.error());
  return ExitCode::done;
}

}  // namespace

void add_cancel_command(CLI::App& app, Invocation& invocation) {
  auto agent = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("cancel", "End the run that is going on; the agent lives on");
  command->add_option("AGENT", *agent, "The agent's id")->required();
  command->callback(
      [&invocation, agent] { invocation.run = [&invocation, agent] { return cancel(invocation, *agent); }; });
}

}  // namespace ringside::tools
