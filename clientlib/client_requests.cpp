// SPDX-License-Identifier: Apache-2.0
//
// What a client asks agentd for, one request and one answer each.
#include <memory>
#include <utility>

#include <ringside/client.hpp>

#include "clientlib/request.hpp"
#include "clientlib/session.hpp"
#include "schema/topic_name.hpp"

namespace ringside {
namespace {

using detail::failure;
using detail::to_request;

/// The commands that name an agent and nothing else.
template <class Table>
control::RequestT agent_request(std::string_view agent_id) {
  Table table;
  table.agent_id = agent_id;
  return to_request(std::move(table));
}

expected<void, RequestError> check_agent(std::string_view agent_id) {
  if (schema::valid_agent_id(agent_id)) return {};
  return failure(
      RequestFault::bad_input,
      "'" + std::string(agent_id) + "' cannot be an agent's id: its topic would have no valid name");
}

std::optional<std::uint64_t> to_count(const std::optional<std::chrono::milliseconds>& time) noexcept {
  if (!time) return std::nullopt;
  return time->count() < 0 ? 0 : static_cast<std::uint64_t>(time->count());
}

struct RunnerTable {
  control::StartT& start;

  void operator()(const ReplayRunner& replay) const {
    control::ReplayOptionsT table;
    table.source = replay.source;
    table.speed = replay.speed;
    start.runner.Set(std::move(table));
  }
  void operator()(const ExecRunner& exec) const {
    control::ExecOptionsT table;
    table.argv = exec.argv;
    table.working_directory = exec.working_directory;
    start.runner.Set(std::move(table));
  }
};

/// A period of ages is as long as std::chrono can tell in any unit.
std::chrono::milliseconds to_period(std::uint64_t period_ms) {
  constexpr auto longest =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds::max());
  return period_ms < static_cast<std::uint64_t>(longest.count()) ? std::chrono::milliseconds(period_ms)
                                                                 : longest;
}

AgentInfo to_info(const control::AgentInfo& agent) {
  AgentInfo info{
      .agent_id = agent.agent_id()->str(),
      .status = agent.status(),
      .incarnation = agent.incarnation(),
      .started_at = agent.started_at(),
      .last_activity_at = agent.last_activity_at(),
      .next_sequence = agent.next_sequence(),
      .presence_topic = agent.presence_topic() == nullptr ? std::string() : agent.presence_topic()->str(),
      .viewers = agent.viewers()};
  if (const auto period_ms = agent.grace_period_ms()) info.grace_period = to_period(*period_ms);
  if (const auto ends_at = agent.grace_ends_at()) info.grace_ends_at = *ends_at;
  return info;
}

}  // namespace

expected<Started, RequestError> Client::start(std::string_view agent_id, const StartOptions& options) {
  if (const auto valid = check_agent(agent_id); !valid) return unexpected(valid.error());
  control::StartT table;
  table.agent_id = agent_id;
  std::visit(RunnerTable{table}, options.runner);
  table.presence_topic = options.presence_topic;
  if (const auto time = to_count(options.grace_period)) table.grace_period_ms = *time;
  if (const auto time = to_count(options.inactivity)) table.inactivity_ms = *time;
  table.stay_idle = options.stay_idle;
  return session_->ask_for<control::StartReply>(
      to_request(std::move(table)), [](const control::StartReply& reply) {
        return Started{.created = reply.created(), .incarnation = reply.incarnation()};
      });
}

expected<std::uint64_t, RequestError> Client::execute(std::string_view agent_id) {
  if (const auto valid = check_agent(agent_id); !valid) return unexpected(valid.error());
  return session_->ask_for<control::ExecuteReply>(
      agent_request<control::ExecuteT>(agent_id),
      [](const control::ExecuteReply& reply) { return reply.run(); });
}

expected<Sent, RequestError> Client::send(std::string_view agent_id, std::string_view text) {
  if (const auto valid = check_agent(agent_id); !valid) return unexpected(valid.error());
  control::SendT table;
  table.agent_id = agent_id;
  table.text = text;
  return session_->ask_for<control::SendReply>(
      to_request(std::move(table)), [](const control::SendReply& reply) {
        return Sent{.message_id = reply.message_id()->str(), .queued = reply.queued()};
      });
}

expected<std::uint64_t, RequestError> Client::resume(std::string_view agent_id, std::string_view interrupt_id,
                                                     const events::AnswerT& answer) {
  if (const auto valid = check_agent(agent_id); !valid) return unexpected(valid.error());
  control::ResumeT table;
  table.agent_id = agent_id;
  table.interrupt_id = interrupt_id;
  table.answer = std::make_unique<events::AnswerT>(answer);
  return session_->ask_for<control::ResumeReply>(
      to_request(std::move(table)), [](const control::ResumeReply& reply) { return reply.run(); });
}

expected<void, RequestError> Client::dismiss(std::string_view agent_id, std::string_view interrupt_id) {
  if (auto valid = check_agent(agent_id); !valid) return valid;
  control::DismissT table;
  table.agent_id = agent_id;
  table.interrupt_id = interrupt_id;
  return session_->ask_ok(to_request(std::move(table)));
}

expected<void, RequestError> Client::cancel(std::string_view agent_id) {
  if (auto valid = check_agent(agent_id); !valid) return valid;
  return session_->ask_ok(agent_request<control::CancelT>(agent_id));
}

expected<void, RequestError> Client::touch(std::string_view agent_id) {
  if (auto valid = check_agent(agent_id); !valid) return valid;
  return session_->ask_ok(agent_request<control::TouchT>(agent_id));
}

expected<void, RequestError> Client::stop(std::string_view agent_id) {
  if (auto valid = check_agent(agent_id); !valid) return valid;
  return session_->ask_ok(agent_request<control::StopT>(agent_id));
}

expected<AgentInfo, RequestError> Client::find(std::string_view agent_id) {
  if (const auto valid = check_agent(agent_id); !valid) return unexpected(valid.error());
  return session_->ask_for<control::FindReply>(
      agent_request<control::FindT>(agent_id),
      [](const control::FindReply& reply) { return to_info(*reply.agent()); });
}

expected<std::vector<AgentInfo>, RequestError> Client::list_agents() {
  std::vector<AgentInfo> agents;
  std::string after;
  for (;;) {
    control::ListT table;
    table.after = after;
    const auto answer = session_->ask(to_request(std::move(table)));
    if (!answer) return unexpected(answer.error());
    const auto page = detail::body_of<control::ListReply>(*answer->reply);
    if (!page) return unexpected(page.error());
    for (const control::AgentInfo* agent : *(*page)->agents()) {
      // Each page goes on where the last ended, or this would never come to an end.
      if (agent->agent_id()->string_view() <= after)
        return failure(RequestFault::protocol, "agentd's list of agents is not in order");
      agents.push_back(to_info(*agent));
      after = agents.back().agent_id;
    }
    if (!(*page)->more() || (*page)->agents()->size() == 0) return agents;
  }
}

}  // namespace ringside
