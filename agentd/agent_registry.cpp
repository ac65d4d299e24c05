// SPDX-License-Identifier: Apache-2.0
#include "agentd/agent_registry.hpp"

#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agentd/clock.hpp"
#include "agentd/runner_bridge.hpp"
#include "schema/topic_name.hpp"
#include "shm/assert.hpp"

namespace ringside::agentd {

namespace {

constexpr std::size_t remembered_max = 65'536;
constexpr std::string_view conversation_prefix = "conversation:";

unexpected<Refusal> refuse(control::ErrorCode code, std::string message) {
  return unexpected<Refusal>({code, std::move(message)});
}

Refusal refusal_of(const RunnerError& error) {
  switch (error.fault) {
    case RunnerFault::bad_options:
      return {control::ErrorCode::bad_request, error.message};
    case RunnerFault::bad_source:
      return {control::ErrorCode::bad_source, error.message};
    case RunnerFault::failed:
      break;
  }
  return {control::ErrorCode::runner_failed, error.message};
}

}  // namespace

AgentRegistry::AgentRegistry(boost::asio::io_context& conductor, boost::asio::thread_pool& pool,
                             TopicTable& topics, PresenceBoard& presence, IncarnationClock& incarnations,
                             const Config& config)
    : conductor_(conductor),
      pool_(pool),
      topics_(topics),
      presence_(presence),
      incarnations_(incarnations),
      config_(config) {
  presence_.on_viewers(
      [this](std::string_view topic, std::uint32_t count) { viewers_changed(topic, count); });
  topics_.on_unused([this](std::string_view name) { topic_unused(name); });
}

AgentRegistry::~AgentRegistry() {
  topics_.on_unused({});
  presence_.on_viewers({});
}

std::optional<Refusal> AgentRegistry::check(const StartOptions& options) const {
  if (draining_) return Refusal{control::ErrorCode::stopping, "agentd is shutting down and starts no agents"};
  if (!schema::valid_agent_id(options.agent_id)) {
    return Refusal{
        control::ErrorCode::bad_request,
        fmt::format(
            "'{}' is no agent id: up to {} bytes of UTF-8, not 'presence', not beginning with 'debug:'",
            options.agent_id, schema::topic_name_size_max - schema::debug_topic("").size())};
  }
  if (!options.presence_topic.empty() && (!schema::valid_topic_name(options.presence_topic) ||
                                          options.presence_topic.rfind("agent_server:", 0) == 0)) {
    return Refusal{
        control::ErrorCode::bad_request,
        fmt::format("'{}' is no topic for viewers: they are counted on a topic of their own, such as "
                    "conversation:{}",
                    options.presence_topic, options.agent_id)};
  }
  return std::nullopt;
}

void AgentRegistry::start(StartOptions options, StartDone done) {
  if (auto refusal = check(options)) return done(unexpected<Refusal>(std::move(*refusal)));
  const auto found = agents_.find(options.agent_id);
  if (found != agents_.end()) {
    Entry& entry = found->second;
    if (entry.host != nullptr && entry.host->agent().alive()) {
      return done(Started{false, entry.host->agent().incarnation()});
    }
    entry.waiting.push_back({std::move(options), std::move(done)});
    return;
  }
  if (agents_.size() >= config_.limits.agents) {
    return done(
        refuse(control::ErrorCode::no_slot,
               fmt::format("agentd runs {} agents, its limit (limits.agents): stop one, or raise the limit",
                           agents_.size())));
  }
  open(std::move(options), std::move(done));
}

void AgentRegistry::open(StartOptions options, StartDone done) {
  auto opening = std::make_shared<Opening>();
  opening->options = std::move(options);
  opening->done = std::move(done);
  opening->incarnation = incarnations_.next(read_clocks().wall_ns);
  opening->bridge = std::make_shared<RunnerBridge>(conductor_);
  const std::string& agent_id = opening->options.agent_id;
  // A child process is not begun for a start that is refused for want of a ring; a recording may be read in vain.
  const bool ring_first = std::holds_alternative<ExecOptions>(opening->options.runner);
  if (ring_first) {
    opening->main_topic = topics_.open(schema::main_topic(agent_id));
    if (!opening->main_topic)
      return opening->done(unexpected<Refusal>(std::move(opening->main_topic.error())));
  }
  agents_.emplace(agent_id, Entry{});
  open_source(opening);
  // While the pool opens the source; what it posts is run by this thread, after this.
  if (!ring_first) opening->main_topic = topics_.open(schema::main_topic(agent_id));
}

void AgentRegistry::open_source(const std::shared_ptr<Opening>& opening) {
  RunnerOptions wanted;
  wanted.agent_id = opening->options.agent_id;
  wanted.incarnation = opening->incarnation;
  wanted.kind = opening->options.runner;
  wanted.event_size_max = Topic::event_size_max(config_.ring);
  boost::asio::post(pool_, [this, opening, wanted = std::move(wanted), make = make_middleware_]() mutable {
    try {
      if (make) wanted.middleware = make(wanted.agent_id);
      opening->runner = make_runner(std::move(wanted), pool_.get_executor(), opening->bridge);
    } catch (const std::exception& thrown) {  // code of the program that agentd runs in
      opening->runner = unexpected<RunnerError>(
          {RunnerFault::failed, fmt::format("the agent could not be made: {}", thrown.what())});
    } catch (...) {
      opening->runner = unexpected<RunnerError>(
          {RunnerFault::failed,
           "the agent could not be made: its middleware's maker threw what is no std::exception"});
    }
    boost::asio::post(conductor_, [this, opening = std::move(opening)] {
      auto started = create(*opening);
      const auto entry = agents_.find(opening->options.agent_id);
      std::deque<Waiting> waiting = std::exchange(entry->second.waiting, {});
      if (!started) agents_.erase(entry);
      opening->done(std::move(started));
      start_waiting(std::move(waiting));
      tell_if_drained();
    });
  });
}

expected<Started, Refusal> AgentRegistry::create(Opening& opened) {
  if (!opened.main_topic) return unexpected<Refusal>(std::move(opened.main_topic.error()));
  if (!opened.runner) return unexpected<Refusal>(refusal_of(opened.runner.error()));
  if (draining_) return refuse(control::ErrorCode::stopping, "agentd is shutting down and starts no agents");
  const StartOptions& options = opened.options;
  auto topics = std::make_shared<LifeTopics>(opened.main_topic->topic(), opened.incarnation,
                                             [this] { topics_.tell_stalled(); });
  AgentHost::Parts parts;
  parts.options.agent_id = options.agent_id;
  parts.options.incarnation = opened.incarnation;
  parts.options.presence_tracking = !options.presence_topic.empty();
  parts.options.grace_period_ms = options.grace_period_ms.value_or(config_.agent.grace_period_ms);
  parts.options.inactivity_ms = options.inactivity_ms.value_or(config_.agent.inactivity_ms);
  parts.options.stop_timeout_ms = config_.agent.stop_timeout_ms;
  parts.presence_topic = options.presence_topic;
  parts.main_topic = std::move(*opened.main_topic);
  parts.topics = topics;
  parts.runner = std::move(*opened.runner);
  auto host = std::make_shared<AgentHost>(conductor_, *this, std::move(parts));
  opened.bridge->bind(std::move(topics), host);
  agents_.at(options.agent_id).host = host;
  if (!options.presence_topic.empty()) watched_.emplace(options.presence_topic, options.agent_id);
  topic_subscribed(schema::debug_topic(options.agent_id));  // if somebody waits there already
  host->begin(presence_.tables().viewers(options.presence_topic), options.stay_idle);
  if (host->agent().phase() != Agent::Phase::closed) {
    static_cast<void>(presence_.track(daemon_client, schema::agents_topic, options.agent_id, meta_of(*host)));
  }
  spdlog::info("agent {}: started, incarnation {}", options.agent_id, opened.incarnation);
  return Started{true, opened.incarnation};
}

expected<std::shared_ptr<AgentHost>, Refusal> AgentRegistry::find(std::string_view agent_id) const {
  const auto found = agents_.find(agent_id);
  if (found != agents_.end() && found->second.host != nullptr) return found->second.host;
  if (found != agents_.end() || remembered_.count(agent_id) != 0) {
    return refuse(control::ErrorCode::not_running, fmt::format("agent {} is not running", agent_id));
  }
  return refuse(control::ErrorCode::no_such_agent, fmt::format("there is no agent {}", agent_id));
}

void AgentRegistry::each_after(std::string_view after,
                               const std::function<bool(const AgentHost&)>& visit) const {
  for (auto agent = agents_.upper_bound(after); agent != agents_.end(); ++agent) {
    if (agent->second.host != nullptr && !visit(*agent->second.host)) return;
  }
}

void AgentRegistry::topic_subscribed(std::string_view name) {
  AgentHost* const host = debugged(name);
  if (host != nullptr && topics_.is_held(name)) host->open_debug(topics_.find(name));
}

void AgentRegistry::topic_unused(std::string_view name) {
  if (AgentHost* const host = debugged(name)) host->close_debug();
}

AgentHost* AgentRegistry::debugged(std::string_view name) const {
  if (!schema::is_debug_topic(name)) return nullptr;
  const auto agent = agents_.find(schema::agent_of(name).value());
  return agent == agents_.end() ? nullptr : agent->second.host.get();
}

void AgentRegistry::agent_changed(AgentHost& host) {
  static_cast<void>(
      presence_.update(daemon_client, schema::agents_topic, host.agent().agent_id(), meta_of(host)));
}

void AgentRegistry::agent_closed(AgentHost& host, events::ShutdownReason reason) {
  const std::string& agent_id = host.agent().agent_id();
  spdlog::info("agent {}: ended, {}", agent_id, events::EnumNameShutdownReason(reason));
  presence_.untrack(daemon_client, schema::agents_topic, agent_id);
  for (auto [watch, end] = watched_.equal_range(host.presence_topic()); watch != end; ++watch) {
    if (watch->second != agent_id) continue;
    watched_.erase(watch);
    break;
  }
  // Later: the agent is still in the middle of the call that ended it.
  boost::asio::post(conductor_, [this, agent_id] { forget(agent_id); });
}

void AgentRegistry::agent_done(AgentHost& host) {
  ending_.erase(host.shared_from_this());
  tell_if_drained();
}

void AgentRegistry::forget(const std::string& agent_id) {
  const auto entry = agents_.find(agent_id);
  RINGSIDE_ASSERT(entry != agents_.end());
  if (!entry->second.host->runner_has_ended()) ending_.insert(entry->second.host);
  std::deque<Waiting> waiting = std::move(entry->second.waiting);
  agents_.erase(entry);
  remember(agent_id);
  start_waiting(std::move(waiting));
  tell_if_drained();
}

void AgentRegistry::remember(const std::string& agent_id) {
  if (!remembered_.insert(agent_id).second) return;
  remembered_order_.push_back(agent_id);
  if (remembered_order_.size() <= remembered_max) return;
  remembered_.erase(remembered_order_.front());
  remembered_order_.pop_front();
}

void AgentRegistry::start_waiting(std::deque<Waiting> waiting) {
  for (Waiting& each : waiting)
    start(std::move(each.options), std::move(each.done));
}

void AgentRegistry::viewers_changed(std::string_view topic, std::uint32_t count) {
  std::vector<std::shared_ptr<AgentHost>> concerned;
  for (auto [watch, end] = watched_.equal_range(topic); watch != end; ++watch) {
    concerned.push_back(agents_.find(watch->second)->second.host);
  }
  for (const auto& host : concerned)
    host->viewers_changed(count);
}

void AgentRegistry::drain(std::function<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  std::vector<std::shared_ptr<AgentHost>> running;
  for (const auto& [agent_id, entry] : agents_) {
    if (entry.host != nullptr) running.push_back(entry.host);
  }
  for (const auto& host : running)
    static_cast<void>(host->stop());  // one that is over already is what we want
  boost::asio::post(conductor_, [this] { tell_if_drained(); });
}

void AgentRegistry::hurry() {
  std::vector<std::shared_ptr<AgentHost>> running;
  for (const auto& [agent_id, entry] : agents_) {
    if (entry.host != nullptr) running.push_back(entry.host);
  }
  for (const auto& host : running)
    static_cast<void>(host->stop(0));
}

void AgentRegistry::tell_if_drained() {
  if (!drained_ || !agents_.empty() || !ending_.empty()) return;
  std::exchange(drained_, {})();
}

PresenceValues AgentRegistry::meta_of(const AgentHost& host) const {
  const Agent& agent = host.agent();
  PresenceValues meta{{"status", events::EnumNameAgentStatus(agent.status())},
                      {"started_at", std::to_string(agent.started_at_ns())},
                      {"last_activity_at", std::to_string(agent.last_activity_at_ns())}};
  if (host.presence_topic().rfind(conversation_prefix, 0) == 0) {
    meta.emplace_back("conversation_id", host.presence_topic().substr(conversation_prefix.size()));
  }
  return meta;
}

}  // namespace ringside::agentd
