// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "tools/commands.hpp"
#include "tools/interrupts.hpp"
#include "tools/report.hpp"

namespace ringside::tools {
namespace {

struct DismissOptions {
  std::string agent;
  std::string interrupt;
};

ExitCode dismiss(const Invocation& invocation, const DismissOptions& options) {
  end_when_interrupted();
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  if (auto done = client->dismiss(options.agent, options.interrupt); !done)
    return report("dismiss " + options.agent, done.error());
  return ExitCode::done;
}

}  // namespace

void add_dismiss_command(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<DismissOptions>();
  CLI::App* command = app.add_subcommand("dismiss", "Put aside what an agent has stopped itself for");
  command->add_option("AGENT", options->agent, "The agent's id")->required();
  command->add_option("--interrupt", options->interrupt, "The id of the halt")->type_name("ID")->required();
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return dismiss(invocation, *options); };
  });
}

}  // namespace ringside::tools
