// SPDX-License-Identifier: Apache-2.0
//
// One life of one agent, from its start to its `agent_shutdown` (spec, section 5).
//
// Threads:   One at a time. Every input is a call with `now`; every output goes through `AgentEffects`
//            before that call returns. No clock is read, nothing blocks, nothing is logged.
// Ordering:  A call is one step: whatever else happens to the agent comes before it or after it. So a join
//            or a message either precedes the end of the life or finds `stopping` (`not_running` once it
//            is over). `agent_shutdown` is the last event and there is exactly one.
// Isolation: A run is known by its number. What is reported of a run that is no longer the current one is
//            ignored.
// Memory:    No heap beyond a long `agent_id`; at most one timer, and none while nothing is due.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agentd/agent_effects.hpp"
#include "agentd/expected.hpp"
#include "agentd/instant.hpp"
#include "agentd/refusal.hpp"
#include "agentd/run.hpp"
#include "events_generated.h"

namespace ringside::agentd {

struct AgentOptions {
  std::string agent_id;
  std::uint64_t incarnation = 0;
  bool presence_tracking = false;  ///< Whether the absence of viewers ends the agent.
  std::uint64_t grace_period_ms = 5'000;
  std::uint64_t inactivity_ms = 300'000;    ///< 0: inactivity never ends the agent.
  std::uint64_t stop_timeout_ms = 25'000;   ///< What a running run is given when the agent is stopped.
  std::uint64_t cancel_timeout_ms = 5'000;  ///< What a runner is given to wind up a cancelled run.
};

/// What an accepted message became.
struct SentMessage {
  std::string message_id;
  std::uint64_t run = 0;
};

class Agent {
 public:
  /// `stopping`: told to stop, with a run that still has its bounded time. `closed`: over.
  enum class Phase : std::uint8_t { unstarted, alive, stopping, closed };

  /// `effects` must outlive the agent.
  Agent(AgentOptions options, AgentEffects& effects);

  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Begins the life in `idle`, with `viewers` keys on its presence topic. Publishes `status_changed` idle
  /// and then the list of todos that the life starts with (`todos_updated`, restored; empty, as nothing is
  /// saved yet). To be called once, before anything else.
  void start(std::uint32_t viewers, Instant now);

  /// Starts a run without a message: only when idle. Yields the run's number.
  expected<std::uint64_t, Refusal> execute(Instant now);

  /// A user message: publishes it and starts a run that answers it. Refused while a run is running.
  expected<SentMessage, Refusal> send(std::string_view text, Instant now);

  /// Ends the running run in `cancelled`. The status changes once the runner has wound up, or after
  /// `cancel_timeout_ms` if it does not. Once accepted, the run ends in `cancelled` however it ends.
  /// Cancelling again meanwhile changes nothing and succeeds.
  expected<void, Refusal> cancel(Instant now);

  /// Counts as activity, and does nothing else.
  expected<void, Refusal> touch(Instant now);

  /// Ends the life (`manual`): at once, unless a run is running; that one is given `timeout_ms` (by default
  /// the agent's own) to finish, then it is cancelled. Stopping again can only shorten the time. Refused once
  /// over.
  expected<void, Refusal> stop(Instant now, std::optional<std::uint64_t> timeout_ms = std::nullopt);

  /// The presence topic now has `count` keys. Ignored once the life is ending.
  void viewers_changed(std::uint32_t count, Instant now);

  /// The runner reports the end of `run`. Ignored if that run is not the current one.
  void run_finished(std::uint64_t run, RunOutcome outcome, Instant now);

  /// The runner is gone. `finished` while no run is running ends the life as `manual`; anything else is a
  /// crash: `chain_error`, `status_changed` error, `agent_shutdown` crash, each with `detail`.
  void runner_ended(RunnerExit exit, std::string_view detail, Instant now);

  /// Looks again at what is due at `now`. Calling it early, late or for nothing is harmless.
  void deadline_reached(Instant now);

  [[nodiscard]] Phase phase() const noexcept { return phase_; }
  [[nodiscard]] bool alive() const noexcept { return phase_ == Phase::alive; }
  [[nodiscard]] events::AgentStatus status() const noexcept { return status_; }
  [[nodiscard]] const std::string& agent_id() const noexcept { return options_.agent_id; }
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return options_.incarnation; }
  [[nodiscard]] bool presence_tracking() const noexcept { return options_.presence_tracking; }
  /// The current run, or the last one; 0 before the first.
  [[nodiscard]] std::uint64_t run() const noexcept { return run_; }
  [[nodiscard]] std::uint32_t viewers() const noexcept { return viewers_; }
  /// Both on the wall clock.
  [[nodiscard]] std::int64_t started_at_ns() const noexcept { return started_wall_ns_; }
  [[nodiscard]] std::int64_t last_activity_at_ns() const noexcept { return activity_.wall_ns; }

 private:
  AgentOptions options_;
  AgentEffects& effects_;
  Phase phase_ = Phase::unstarted;
  events::AgentStatus status_ = events::AgentStatus::idle;
  bool cancelling_ = false;
  std::uint32_t viewers_ = 0;
  std::uint64_t run_ = 0;
  std::int64_t started_wall_ns_ = 0;
  Instant activity_;
};

}  // namespace ringside::agentd
