// SPDX-License-Identifier: Apache-2.0
//
// Everything that lives: topics, presence, agents. One thread decides about all of it.
//
// Threads    `context()` is run by one thread, the conductor; everything here belongs to it. The pool's two threads do the
//            runners' work; they come here by posting, and publish without coming here.
// Progress   Idle means no CPU: no timer runs that nothing waits for.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "agentd/agent_registry.hpp"
#include "agentd/config.hpp"
#include "agentd/incarnation_clock.hpp"
#include "agentd/namespace_objects.hpp"
#include "agentd/presence_board.hpp"
#include "agentd/topic_table.hpp"

namespace ringside::agentd {

class Conductor {
 public:
  /// The configuration and the names must outlive it.
  Conductor(const Config& config, const NamespaceObjects& objects);
  Conductor(const Conductor&) = delete;
  Conductor& operator=(const Conductor&) = delete;
  /// The pool ends first: nothing is posted here any more when the rest goes.
  ~Conductor();

  [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
  [[nodiscard]] const Config& config() const noexcept { return config_; }
  [[nodiscard]] TopicTable& topics() noexcept { return topics_; }
  [[nodiscard]] PresenceBoard& presence() noexcept { return presence_; }
  [[nodiscard]] AgentRegistry& agents() noexcept { return agents_; }

 private:
  const Config& config_;
  boost::asio::io_context context_{1};
  boost::asio::thread_pool pool_{2};
  IncarnationClock incarnations_;
  TopicTable topics_;
  PresenceBoard presence_;
  AgentRegistry agents_;
};

}  // namespace ringside::agentd
