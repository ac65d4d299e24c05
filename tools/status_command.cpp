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

constexpr From state_so_far = From::oldest;

/// What the ring has now adds up to the state now.
ExitCode read_state(Subscription& subscription, std::string_view agent, AgentView& view) {
  for (const Event& event : subscription)
    view.apply(event);
  const SubscriptionState state = subscription.state();
  if (state == SubscriptionState::broken) {
    complain("the topic's ring is damaged: it says what no agentd writes");
    return ExitCode::bad_data;
  }
  if (view.known() && view.begun()) return ExitCode::done;
  if (state == SubscriptionState::pending && (view.known() || view.sequence() == 0)) {
    complain(fmt::format("status {}: the agent is not running; start it", agent));
    return ExitCode::unavailable;
  }
  complain(fmt::format("status {}: the ring does not have the beginning of its state any more", agent));
  return ExitCode::gap;
}

ExitCode status(const Invocation& invocation, const std::string& agent, bool json) {
  end_when_interrupted();
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  const std::string topic = agent_topic(agent);
  auto subscription = client->subscribe(topic, {.from = state_so_far});
  if (!subscription) return report("status " + agent, subscription.error());
  AgentView view;
  if (const ExitCode code = read_state(*subscription, agent, view); code != ExitCode::done) return code;
  std::string out;
  if (json) {
    std::string line;
    EventJson().print(line, view, topic);
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
