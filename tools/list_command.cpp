// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>

#include <fmt/format.h>

#include "tools/commands.hpp"
#include "tools/duration_text.hpp"
#include "tools/interrupts.hpp"
#include "tools/output.hpp"
#include "tools/report.hpp"
#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

std::string_view name_of(events::AgentStatus status) {
  return events::EnumNameAgentStatus(status);
}

void append_json(std::string& out, const AgentInfo& agent) {
  out += R"({"agent":)";
  append_json_string(out, agent.agent_id);
  fmt::format_to(
      std::back_inserter(out),
      R"(,"status":"{}","incarnation":{},"started_at":{},"last_activity_at":{},"next_sequence":{})",
      name_of(agent.status), agent.incarnation, agent.started_at, agent.last_activity_at,
      agent.next_sequence);
  out += R"(,"presence_topic":)";
  if (agent.presence_topic.empty()) {
    out += "null";
  } else {
    append_json_string(out, agent.presence_topic);
  }
  fmt::format_to(std::back_inserter(out), ",\"viewers\":{}}}\n", agent.viewers);
}

std::string age(std::int64_t since_ns) {
  const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  return span_text(std::chrono::floor<std::chrono::seconds>(now - std::chrono::nanoseconds(since_ns)));
}

std::string table(const std::vector<AgentInfo>& agents) {
  std::size_t width = 5;
  for (const AgentInfo& agent : agents)
    width = std::max(width, one_line(agent.agent_id).size());
  std::string out = fmt::format("{:{}}  {:11}  {:>7}  {:>7}  {:>9}  {}\n", "AGENT", width, "STATUS", "AGE",
                                "VIEWERS", "NEXT", "PRESENCE TOPIC");
  for (const AgentInfo& agent : agents) {
    fmt::format_to(std::back_inserter(out), "{:{}}  {:11}  {:>7}  {:>7}  {:>9}  {}\n",
                   one_line(agent.agent_id), width, name_of(agent.status), age(agent.started_at),
                   agent.presence_topic.empty() ? "-" : std::to_string(agent.viewers), agent.next_sequence,
                   agent.presence_topic.empty() ? "-" : one_line(agent.presence_topic));
  }
  return out;
}

ExitCode list(const Invocation& invocation, bool json) {
  end_when_interrupted();
  auto client = Client::connect(invocation.endpoint);
  if (!client) return report(client.error());
  auto agents = client->list_agents();
  if (!agents) return report("list", agents.error());
  std::string out;
  if (json) {
    for (const AgentInfo& agent : *agents)
      append_json(out, agent);
  } else if (!agents->empty()) {
    out = table(*agents);
  }
  print(out);
  return ExitCode::done;
}

}  // namespace

void add_list_command(CLI::App& app, Invocation& invocation) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("list", "The agents that run");
  command->add_flag("--json", *json, "One agent a line, as JSON");
  command->callback(
      [&invocation, json] { invocation.run = [&invocation, json] { return list(invocation, *json); }; });
}

}  // namespace ringside::tools
