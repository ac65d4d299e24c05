// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>

#include <ringside/agent_view.hpp>
#include <ringside/event_json.hpp>
#include <ringside/topic.hpp>

#include "tools/agent_state_text.hpp"
#include "tools/commands.hpp"
#include "tools/interrupts.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"
#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

/// The last snapshot, and what came behind it, add up to the state now.
ExitCode read_state(Client& client, const std::string& agent, AgentView& view) {
  auto subscription = client.subscribe(agent_topic(agent), {.from = From::keyframe});
  if (!subscription) return report("status " + agent, subscription.error());
  for (const Event& event : *subscription)
    view.apply(event);
  if (view.known() && view.begun()) return ExitCode::done;
  if (subscription->state() == SubscriptionState::broken) {
    complain("the topic's ring is damaged: it says what no agentd writes");
    return ExitCode::bad_data;
  }
  if (auto found = client.find(agent); !found) return report("status " + agent, found.error());
  complain(fmt::format("status {}: overrun while it was read; try again", agent));
  return ExitCode::gap;
}

ExitCode status(const Invocation& invocation, const std::string& agent, bool json) {
  end_when_interrupted();
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  AgentView view;
  if (const ExitCode code = read_state(*client, agent, view); code != ExitCode::done) return code;
  std::string out;
  if (json) {
    std::string line;
    EventJson().print(line, view, agent_topic(agent));
    append_visible_json(out, line);
    out += '\n';
  } else {
    append_agent_state(out, agent, view);
  }
  print(out);
  return ExitCode::done;
}

}  // namespace

void add_status_command(CLI::App& app, Invocation& invocation) {
  auto agent = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("status", "The state of an agent: status, todos, open calls, the message in flight");
  command->add_option("AGENT", *agent, "The agent's id")->required();
  command->add_flag("--json", *json, "One line: the state as a `snapshot` event");
  command->callback([&invocation, agent, json] {
    invocation.run = [&invocation, agent, json] { return status(invocation, *agent, *json); };
  });
}

}  // namespace ringside::tools
