// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "tools/commands.hpp"
#include "tools/interrupts.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

ExitCode touch(const Invocation& invocation, const std::string& agent) {
  end_when_interrupted();
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  if (auto done = client->touch(agent); !done) return report("touch " + agent, done.error());
  return ExitCode::done;
}

}  // namespace

void add_touch_command(CLI::App& app, Invocation& invocation) {
  auto agent = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("touch", "Count as activity: starts the agent's inactivity time anew");
  command->add_option("AGENT", *agent, "The agent's id")->required();
  command->callback(
      [&invocation, agent] { invocation.run = [&invocation, agent] { return touch(invocation, *agent); }; });
}

}  // namespace ringside::tools
