// SPDX-License-Identifier: Apache-2.0
//
// What an agent's lifecycle asks of the world.
//
// Threads:   Called by the agent, on the thread that called the agent, before that call returns.
// Ordering:  The calls are made in the order in which they must take effect.
// Isolation: None of them may call back into the agent, nor destroy it: what follows from an effect is
//            told to the agent later, as a command of its own.
#pragma once

#include <cstdint>
#include <optional>

#include "agentd/expected.hpp"
#include "agentd/refusal.hpp"
#include "agentd/run.hpp"
#include "schema/event_buffer.hpp"

namespace ringside::agentd {

class AgentEffects {
 public:
  /// From here on in the topic's order, what an earlier run of this life still publishes is dropped.
  virtual void begin_run(std::uint64_t run) = 0;

  /// Puts `event` on the agent's main topic. A refused user message refuses its command; for any other event
  /// the refusal cannot stop what has happened, and the one who implements this reports it.
  virtual expected<void, Refusal> publish(schema::EventBuffer event) = 0;

  /// Ends every tool call of this life that its topic has told of and that has no end yet, by an event of the
  /// current run: failed with `error`, cancelled where there is none.
  virtual void close_calls(const events::ErrorT* error) = 0;

  /// Starts `request`; its end comes back as `Agent::run_finished`.
  virtual void start_run(RunRequest request) = 0;

  /// Tells the runner to wind up `run`: to close its open tool calls, publish what it had of a message,
  /// and report `run_finished`.
  virtual void cancel_run(std::uint64_t run) = 0;

  /// The one moment at which `Agent::deadline_reached` is to be called, in place of the moment before it;
  /// none where nothing is due. An agent never needs more than this one timer.
  virtual void set_deadline(std::optional<std::int64_t> steady_ns) = 0;

  /// The life is over and its `agent_shutdown` is published: no later effect follows. The presence leaves,
  /// the runner is stopped, the topic's life is closed.
  virtual void close(events::ShutdownReason reason) = 0;

 protected:
  ~AgentEffects() = default;
};

}  // namespace ringside::agentd
