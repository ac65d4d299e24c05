// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>

#include "tools/commands.hpp"
#include "tools/interrupts.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

ExitCode execute(const Invocation& invocation, const std::string& agent) {
  end_when_interrupted();
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  auto run = client->execute(agent);
  if (!run) return report("execute " + agent, run.error());
  print(fmt::format("{}\n", *run));
  return ExitCode::done;
}

}  // namespace

void add_execute_command(CLI::App& app, Invocation& invocation) {
  auto agent = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("execute", "Start a run without a message, and print its number");
  command->add_option("AGENT", *agent, "The agent's id")->required();
  command->callback([&invocation, agent] {
    invocation.run = [&invocation, agent] { return execute(invocation, *agent); };
  });
}

}  // namespace ringside::tools
