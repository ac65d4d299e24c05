// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agentd/clock.hpp"
#include "agentd/control_requests.hpp"

namespace ringside::agentd {

namespace {

/// A page of a list leaves room in its frame for what FlatBuffers adds.
constexpr std::size_t page_size_max = schema::frame_size_max * 3 / 4;
constexpr std::size_t agent_info_size = 128;  // without its strings

bool may_start(uid_t uid, const Config& config) {
  return uid == 0 || uid == ::geteuid() ||
         std::find(config.start_uids.begin(), config.start_uids.end(), uid) != config.start_uids.end();
}

expected<StartOptions, Refusal> start_options(const control::Start& request) {
  StartOptions options;
  options.agent_id = request.agent_id()->str();
  if (const control::ReplayOptions* replay = request.runner_as_replay()) {
    options.runner = ReplayOptions{replay->source()->str(), replay->speed()};
  } else if (const control::ExecOptions* exec = request.runner_as_exec()) {
    ExecOptions wanted;
    for (const flatbuffers::String* argument : *exec->argv())
      wanted.argv.push_back(argument->str());
    if (exec->working_directory() != nullptr) wanted.working_directory = exec->working_directory()->str();
    options.runner = std::move(wanted);
  } else {
    return unexpected<Refusal>({control::ErrorCode::bad_request, "agentd knows the runners replay and exec"});
  }
  if (request.presence_topic() != nullptr) options.presence_topic = request.presence_topic()->str();
  if (request.grace_period_ms()) options.grace_period_ms = *request.grace_period_ms();
  if (request.inactivity_ms()) options.inactivity_ms = *request.inactivity_ms();
  options.stay_idle = request.stay_idle();
  return options;
}

control::AgentInfoT info_of(const AgentHost& host) {
  const Agent& agent = host.agent();
  control::AgentInfoT info;
  info.agent_id = agent.agent_id();
  info.status = agent.status();
  info.incarnation = agent.incarnation();
  info.started_at = agent.started_at_ns();
  info.last_activity_at = agent.last_activity_at_ns();
  info.next_sequence = host.topics()->main_topic()->next_sequence();
  info.presence_topic = host.presence_topic();
  info.viewers = agent.viewers();
  if (!agent.presence_tracking()) return info;
  info.grace_period_ms = agent.grace_period_ms();
  if (const std::int64_t ends_ns = agent.grace_ends_ns(); ends_ns != never_ns) {
    const Instant now = read_clocks();
    info.grace_ends_at = now.wall_ns + std::min(ends_ns - now.steady_ns, never_ns - now.wall_ns);
  }
  return info;
}

/// For the commands that are told nothing but whether they were accepted.
void answer_with(expected<void, Refusal> done, Responder responder) {
  if (!done) return responder.refuse(std::move(done.error()));
  responder.ok();
}

}  // namespace

void ControlRequests::start(Client& client, const control::Start& request, Responder responder) {
  const Config& config = conductor_.config();
  if (!may_start(client.process->uid(), config)) {
    return responder.refuse(
        {control::ErrorCode::not_allowed,
         fmt::format(
             "uid {} may not start agents: root may, so may agentd's own uid {}, and those that "
             "policy.start_uids "
             "of its configuration names ({})",
             client.process->uid(), ::geteuid(),
             config.start_uids.empty() ? "nobody" : fmt::format("{}", fmt::join(config.start_uids, ", ")))});
  }
  auto options = start_options(request);
  if (!options) return responder.refuse(std::move(options.error()));
  const auto answer = std::make_shared<Responder>(std::move(responder));
  conductor_.agents().start(std::move(*options), [answer](expected<Started, Refusal> started) {
    if (!started) return answer->refuse(std::move(started.error()));
    control::StartReplyT reply;
    reply.created = started->created;
    reply.incarnation = started->incarnation;
    answer->send(reply);
  });
}

void ControlRequests::execute(const control::Execute& request, Responder responder) {
  const auto host = conductor_.agents().find(request.agent_id()->string_view());
  if (!host) return responder.refuse(host.error());
  auto run = (*host)->execute();
  if (!run) return responder.refuse(std::move(run.error()));
  control::ExecuteReplyT reply;
  reply.run = *run;
  responder.send(reply);
}

void ControlRequests::send(const control::Send& request, Responder responder) {
  const auto host = conductor_.agents().find(request.agent_id()->string_view());
  if (!host) return responder.refuse(host.error());
  auto sent = (*host)->send(request.text()->string_view());
  if (!sent) return responder.refuse(std::move(sent.error()));
  control::SendReplyT reply;
  reply.message_id = std::move(sent->message_id);
  reply.queued = sent->queued;
  responder.send(std::move(reply));
}

void ControlRequests::resume(const control::Resume& request, Responder responder) {
  const auto host = conductor_.agents().find(request.agent_id()->string_view());
  if (!host) return responder.refuse(host.error());
  events::AnswerT answer;
  request.answer()->UnPackTo(&answer);
  auto run = (*host)->resume(request.interrupt_id()->string_view(), std::move(answer));
  if (!run) return responder.refuse(std::move(run.error()));
  control::ResumeReplyT reply;
  reply.run = *run;
  responder.send(reply);
}

void ControlRequests::dismiss(const control::Dismiss& request, Responder responder) {
  const auto host = conductor_.agents().find(request.agent_id()->string_view());
  if (!host) return responder.refuse(host.error());
  answer_with((*host)->dismiss(request.interrupt_id()->string_view()), std::move(responder));
}

void ControlRequests::cancel(const control::Cancel& request, Responder responder) {
  const auto host = conductor_.agents().find(request.agent_id()->string_view());
  if (!host) return responder.refuse(host.error());
  answer_with((*host)->cancel(), std::move(responder));
}

void ControlRequests::touch(const control::Touch& request, Responder responder) {
  const auto host = conductor_.agents().find(request.agent_id()->string_view());
  if (!host) return responder.refuse(host.error());
  answer_with((*host)->touch(), std::move(responder));
}

void ControlRequests::stop(const control::Stop& request, Responder responder) {
  const auto host = conductor_.agents().find(request.agent_id()->string_view());
  if (!host) return responder.refuse(host.error());
  answer_with((*host)->stop(), std::move(responder));
}

void ControlRequests::find(const control::Find& request, Responder responder) {
  const auto host = conductor_.agents().find(request.agent_id()->string_view());
  if (!host) return responder.refuse(host.error());
  if ((*host)->agent().phase() == Agent::Phase::closed) {
    return responder.refuse({control::ErrorCode::not_running,
                             fmt::format("agent {} is not running", request.agent_id()->string_view())});
  }
  control::FindReplyT reply;
  reply.agent = std::make_unique<control::AgentInfoT>(info_of(**host));
  responder.send(std::move(reply));
}

void ControlRequests::list(const control::List& request, Responder responder) {
  control::ListReplyT reply;
  std::size_t size = 0;
  const std::string_view after =
      request.after() == nullptr ? std::string_view() : request.after()->string_view();
  conductor_.agents().each_after(after, [&](const AgentHost& host) {
    if (host.agent().phase() == Agent::Phase::closed) return true;
    size += agent_info_size + host.agent().agent_id().size() + host.presence_topic().size();
    reply.more = size > page_size_max;
    if (!reply.more) reply.agents.push_back(std::make_unique<control::AgentInfoT>(info_of(host)));
    return !reply.more;
  });
  responder.send(std::move(reply));
}

}  // namespace ringside::agentd
