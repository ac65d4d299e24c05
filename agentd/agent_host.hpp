// SPDX-License-Identifier: Apache-2.0
//
// One life of one agent as it is lived here: the state machine, with its topics, its runner and its timer.
//
// Threads    The conductor only.
// Ordering   What the agent decides takes effect before the call that made it decide returns, except that the owner
//            forgets a closed agent later.
// Crash      A runner that outlives the life that it served (a process that has to be killed) is waited for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agentd/agent.hpp"
#include "agentd/agent_effects.hpp"
#include "agentd/agent_news.hpp"
#include "agentd/life_topics.hpp"
#include "agentd/runners/runner.hpp"
#include "agentd/topic_table.hpp"

namespace ringside::agentd {

class AgentHost;

/// Who keeps the agents, and hears what becomes of them.
class AgentOwner {
 public:
  /// What is told of a living agent has changed: its status, or that it was active.
  virtual void agent_changed(AgentHost& host) = 0;
  /// The agent has published its last event and is gone from every list; its runner may still be ending.
  virtual void agent_closed(AgentHost& host, events::ShutdownReason reason) = 0;
  /// Of a closed agent: its runner has ended too.
  virtual void agent_done(AgentHost& host) = 0;

 protected:
  ~AgentOwner() = default;
};

class AgentHost final : public AgentEffects, public std::enable_shared_from_this<AgentHost> {
 public:
  /// What the agent needs of the world for its life; the topics are held until it is over.
  struct Parts {
    AgentOptions options;
    std::string presence_topic;  // empty: none
    TopicHold main_topic;
    std::shared_ptr<LifeTopics> topics;
    std::unique_ptr<Runner> runner;
  };

  AgentHost(boost::asio::io_context& conductor, AgentOwner& owner, Parts parts);

  /// Begins the life, and, unless it is to stay idle, its first run. Called once.
  void begin(std::uint32_t viewers, bool stay_idle);

  expected<std::uint64_t, Refusal> execute();
  expected<SentMessage, Refusal> send(std::string_view text);
  expected<std::uint64_t, Refusal> resume(std::string_view interrupt_id, events::AnswerT answer);
  expected<void, Refusal> dismiss(std::string_view interrupt_id);
  expected<void, Refusal> cancel();
  expected<void, Refusal> touch();
  expected<void, Refusal> stop(std::optional<std::uint64_t> timeout_ms = std::nullopt);

  void viewers_changed(std::uint32_t count);
  void run_finished(std::uint64_t run, RunOutcome outcome);
  void runner_ended(RunnerExit exit, std::string_view detail);

  /// Somebody reads the debug events from here on; nobody does.
  void open_debug(const std::shared_ptr<Topic>& debug);
  void close_debug() { topics_->close_debug(); }

  [[nodiscard]] const Agent& agent() const noexcept { return agent_; }
  [[nodiscard]] const std::string& presence_topic() const noexcept { return presence_topic_; }
  [[nodiscard]] const std::shared_ptr<LifeTopics>& topics() const noexcept { return topics_; }
  [[nodiscard]] bool runner_has_ended() const noexcept { return runner_ended_; }

  // What the agent asks for.
  void begin_run(std::uint64_t run) override;
  expected<void, Refusal> publish(schema::EventBuffer event) override;
  void close_calls(const events::ErrorT* error) override;
  void start_run(RunRequest request) override;
  void cancel_run(std::uint64_t run) override;
  void set_deadline(std::optional<std::int64_t> steady_ns) override;
  void close(events::ShutdownReason reason) override;

 private:
  [[nodiscard]] AgentNews::Facts facts() const noexcept {
    return {agent_.status(), agent_.last_activity_at_ns()};
  }
  void tell_change();
  void tell_change_later(std::int64_t steady_ns);

  AgentOwner& owner_;
  std::string presence_topic_;
  TopicHold main_hold_;
  std::shared_ptr<LifeTopics> topics_;
  std::unique_ptr<Runner> runner_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer telling_;  // what happened without a change of status
  Agent agent_;
  AgentNews news_;
  bool telling_later_ = false;
  bool runner_ended_ = false;
};

}  // namespace ringside::agentd
