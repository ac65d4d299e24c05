// SPDX-License-Identifier: Apache-2.0
//
// All agents: who runs, who has run, who is just starting.
//
// Threads    The conductor only; sources are opened on the pool.
// Ordering   A start is atomic among any number of callers: of those that come for one agent at one time, one creates it,
//            the others find it or, where the first one failed, try in their turn. A start that finds the agent ending
//            waits and gets a fresh life.
// Memory     Of agents that no longer run only the last `remembered_max` names are kept: they tell
//            `not_running` from `no_such_agent`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "agentd/agent_host.hpp"
#include "agentd/config.hpp"
#include "agentd/presence_board.hpp"
#include "agentd/start_options.hpp"
#include "agentd/topic_table.hpp"

namespace ringside::agentd {

class RunnerBridge;

class AgentRegistry final : public AgentOwner {
 public:
  using StartDone = std::function<void(expected<Started, Refusal>)>;

  /// Everything that is passed must outlive the registry. It takes the board's viewers and the table's unused topics for
  /// itself.
  AgentRegistry(boost::asio::io_context& conductor, boost::asio::thread_pool& pool, TopicTable& topics,
                PresenceBoard& presence, IncarnationClock& incarnations, const Config& config);
  AgentRegistry(const AgentRegistry&) = delete;
  AgentRegistry& operator=(const AgentRegistry&) = delete;
  ~AgentRegistry();

  void start(StartOptions options, StartDone done);

  /// What agents get that start from here on.
  void use_middleware(MiddlewareFactory make) { make_middleware_ = std::move(make); }

  /// The living agent of that name. Refused: `no_such_agent`, `not_running`.
  [[nodiscard]] expected<std::shared_ptr<AgentHost>, Refusal> find(std::string_view agent_id) const;

  /// Calls visit(host) for the agents above `after`, by name, for as long as it returns true.
  void each_after(std::string_view after, const std::function<bool(const AgentHost&)>& visit) const;

  /// Somebody subscribes to this topic: if it is a running agent's debug topic, its events go there from here on, until
  /// the last who reads it has gone.
  void topic_subscribed(std::string_view name);

  /// Stops every agent, and refuses every start from here on. `done` is called once the last runner has ended.
  void drain(std::function<void()> done);
  /// The runs that a drain waits for are cut off now.
  void hurry();

 private:
  struct Waiting {
    StartOptions options;
    StartDone done;
  };
  struct Entry {
    std::shared_ptr<AgentHost> host;  // nullptr: its source is being opened
    std::deque<Waiting> waiting;
  };
  struct Opening {  // a start under way
    StartOptions options;
    StartDone done;
    std::uint64_t incarnation = 0;
    std::shared_ptr<RunnerBridge> bridge;
    expected<TopicHold, Refusal> main_topic;
    expected<std::unique_ptr<Runner>, RunnerError> runner;  // what the pool gives back
  };

  void agent_changed(AgentHost& host) override;
  void agent_closed(AgentHost& host, events::ShutdownReason reason) override;
  void agent_done(AgentHost& host) override;

  [[nodiscard]] std::optional<Refusal> check(const StartOptions& options) const;
  void open(StartOptions options, StartDone done);
  void open_source(const std::shared_ptr<Opening>& opening);
  expected<Started, Refusal> create(Opening& opened);
  void forget(const std::string& agent_id);
  void remember(const std::string& agent_id);
  void start_waiting(std::deque<Waiting> waiting);
  void viewers_changed(std::string_view topic, std::uint32_t count);
  void topic_unused(std::string_view name);
  /// The living agent whose debug topic this is, or nullptr.
  [[nodiscard]] AgentHost* debugged(std::string_view name) const;
  void tell_if_drained();
  [[nodiscard]] PresenceValues meta_of(const AgentHost& host) const;

  boost::asio::io_context& conductor_;
  boost::asio::thread_pool& pool_;
  TopicTable& topics_;
  PresenceBoard& presence_;
  IncarnationClock& incarnations_;
  const Config& config_;
  MiddlewareFactory make_middleware_;
  std::map<std::string, Entry, std::less<>> agents_;
  std::multimap<std::string, std::string, std::less<>> watched_;  // presence topic -> agents
  std::set<std::shared_ptr<AgentHost>> ending_;                   // closed, their runners not yet
  std::set<std::string, std::less<>> remembered_;
  std::deque<std::string> remembered_order_;
  std::function<void()> drained_;
  bool draining_ = false;
};

}  // namespace ringside::agentd
