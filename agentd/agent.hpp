// SPDX-License-Identifier: Apache-2.0
//
// One life of one agent, from its start to its `agent_shutdown`.
//
// Threads:   One at a time. Every input is a call with `now`; every output goes through `AgentEffects`
//            before that call returns. No clock is read, nothing blocks, nothing is logged.
// Ordering:  A call is one step: whatever else happens to the agent comes before it or after it. So a join
//            or a message either precedes the end of the life or finds `stopping` (`not_running` once it
//            is over). `agent_shutdown` is the last event and there is exactly one.
// Isolation: A run is known by its number. What is reported of a run that is no longer
//            the current one is ignored.
// Trust:     An interrupt comes from a runner, an answer from a client: both are checked before anything changes.
// Memory:    No heap beyond a long `agent_id`, the messages that wait (`queued_messages_max`) and what is remembered of
//            interrupts; at most one timer, and none while nothing is due.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agentd/agent_effects.hpp"
#include "agentd/expected.hpp"
#include "agentd/instant.hpp"
#include "agentd/interrupt_history.hpp"
#include "agentd/refusal.hpp"
#include "agentd/run.hpp"
#include "events_generated.h"
#include "schema/event_buffer.hpp"

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

/// See `Agent::deadline_reached`.
constexpr std::uint64_t second_look_ms = 200;

/// How many user messages may wait for the running run.
constexpr std::size_t queued_messages_max = 64;

/// The longest id that an interrupt may bring along.
constexpr std::size_t interrupt_id_size_max = 200;

/// What an accepted message became: what run `run` answers, or one that waits for its turn, with `run` 0.
struct SentMessage {
  std::string message_id;
  std::uint64_t run = 0;
  bool queued = false;
};

/// The lifecycle as a state machine. Two things end an agent that nobody stops:
///
/// `no_viewers`, with `presence_tracking`: it has been idle, with no key on its presence topic, for the grace
/// period. An agent in cancelled or error is not idle: it is left to inactivity.
///
/// `inactivity`: it is not running, and no message, start or end of a run, answer, dismissal or touch has come for
/// so long. Who watches does not count.
///
/// User messages keep their order. One that comes while a run is running waits. A run that ends well, in idle or
/// paused, is followed by a run for the first one that waits, in one step, so that neither status is seen. One that
/// is cancelled, fails or is interrupted is not: nobody who sent before that knew of it. What waits goes on waiting,
/// and the next message starts a run for the first of them and takes its place behind the others. So idle means that
/// none waits. What waits when the life ends is lost, and `agent_shutdown` says how many (`queued_messages`).
///
/// An interrupt has an id, given by the agent where the runner gave none, and is settled once: by an answer, by
/// its dismissal, or by a user message, which supersedes it. A run that is interrupted by nothing, by what breaks the
/// rules of the schema, or under an id that this life has seen before, ends in an error that says so.
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

  /// A user message. Where a run is running it waits (`message_queued`), unless too many do (`queue_full`); else it is
  /// published and a run starts that answers it, or, where others wait, the first of those. In `interrupted` the
  /// interrupt is superseded: its calls are cancelled, and the status is idle for a moment.
  expected<SentMessage, Refusal> send(std::string_view text, Instant now);

  /// An answer to the interrupt `interrupt_id`: starts a run that goes on with it, and yields its number. Refused:
  /// `bad_answer`, where it is none to that interrupt; `already_answered`, where somebody was faster;
  /// `no_such_interrupt`, of another id or a superseded one; `invalid_in_status`, where there is none.
  expected<std::uint64_t, Refusal> resume(std::string_view interrupt_id, events::AnswerT answer, Instant now);

  /// Puts the halt `interrupt_id` aside: the status is idle, or running where a message waits. `bad_answer` for what is
  /// to be answered; else as `resume`.
  expected<void, Refusal> dismiss(std::string_view interrupt_id, Instant now);

  /// Ends the running run in `cancelled`. The status changes once the runner has wound up, or
  /// after `cancel_timeout_ms` if it does not. Once accepted, the run ends in `cancelled` however
  /// it ends. Cancelling again meanwhile changes nothing and succeeds; so it does to a run that
  /// the agent's end waits for.
  expected<void, Refusal> cancel(Instant now);

  /// Counts as activity, and does nothing else.
  expected<void, Refusal> touch(Instant now);

  /// Ends the life (`manual`): at once, unless a run is running; that one is given `timeout_ms` (by default
  /// the agent's own) to finish, then it is cancelled. Stopping again can only shorten the time.
  /// Refused once over.
  expected<void, Refusal> stop(Instant now, std::optional<std::uint64_t> timeout_ms = std::nullopt);

  /// The presence topic now has `count` keys. Ignored once the life is ending.
  void viewers_changed(std::uint32_t count, Instant now);

  /// The runner reports the end of `run`. Ignored if that run is not the current one.
  void run_finished(std::uint64_t run, RunOutcome outcome, Instant now);

  /// The runner is gone. `finished` while no run is running ends the life as `manual`; anything else is a
  /// crash: every open tool call fails, `chain_error`, `status_changed` error (these only if the status is not error
  /// already, as it is when the run that was cut off has told its end), `agent_shutdown` crash; each with `detail`.
  void runner_ended(RunnerExit exit, std::string_view detail, Instant now);

  /// Looks again at what is due at `now`. Calling it early, late or for nothing is harmless. Where it comes
  /// late, and what is due would end the agent, a join or a message may already lie unread: the agent is
  /// given `second_look_ms` more, once.
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
  [[nodiscard]] std::uint64_t grace_period_ms() const noexcept { return options_.grace_period_ms; }
  /// When the grace period that runs ends, on the steady clock; `never_ns`: none does.
  [[nodiscard]] std::int64_t grace_ends_ns() const noexcept;
  /// Both on the wall clock.
  [[nodiscard]] std::int64_t started_at_ns() const noexcept { return started_wall_ns_; }
  [[nodiscard]] std::int64_t last_activity_at_ns() const noexcept { return activity_.wall_ns; }

 private:
  /// What ends an agent that rests and that nobody needs, and when.
  struct Ending {
    std::int64_t at_ns = never_ns;
    events::ShutdownReason reason = events::ShutdownReason::inactivity;
  };

  [[nodiscard]] bool running() const noexcept { return status_ == events::AgentStatus::running; }
  [[nodiscard]] schema::Stamp stamp() const noexcept { return {options_.incarnation, run_}; }
  [[nodiscard]] bool interrupted() const noexcept { return status_ == events::AgentStatus::interrupted; }
  [[nodiscard]] std::optional<Refusal> ended() const;
  [[nodiscard]] Refusal refuse_in_status(std::string_view what, std::string_view remedy) const;
  [[nodiscard]] std::optional<Refusal> not_waiting_for(std::string_view interrupt_id,
                                                       std::string_view what) const;
  [[nodiscard]] Ending next_ending() const noexcept;
  [[nodiscard]] std::int64_t next_deadline_ns() const noexcept;

  void begin_run() { effects_.begin_run(++run_); }
  void run_now(RunRequest request, Instant now);
  [[nodiscard]] UserMessage next_message(std::string_view text) const;
  expected<SentMessage, Refusal> queue(std::string_view text, Instant now);
  void take_up_queued(Instant now);
  void settle_interrupt(InterruptFate fate);
  void set_interrupt_aside(InterruptFate fate);
  void wind_up(Instant now);
  void end_run(RunOutcome outcome, Instant now);
  void interrupt(const events::InterruptT* raised);
  [[nodiscard]] std::optional<events::ErrorT> refuse_interrupt(const events::InterruptT& raised) const;
  [[nodiscard]] std::string fresh_interrupt_id() const;
  void change_status(events::AgentStatus status, const events::ErrorT* error = nullptr);
  void fail(const events::ErrorT& error);
  void announce_deadline();
  void announce_deadline_anew();
  [[nodiscard]] events::AgentShutdownT last_words(events::ShutdownReason reason,
                                                  std::string_view detail) const;
  void close(events::ShutdownReason reason, std::string_view detail = {});

  AgentOptions options_;
  AgentEffects& effects_;
  Phase phase_ = Phase::unstarted;
  events::AgentStatus status_ = events::AgentStatus::idle;
  bool cancelling_ = false;  // the running run has been told to wind up
  std::uint32_t viewers_ = 0;
  std::uint64_t run_ = 0;
  std::uint64_t messages_ = 0;  // accepted in this life
  std::vector<UserMessage> queued_;
  std::unique_ptr<const events::InterruptT> interrupt_;  // what it waits for, being interrupted
  std::unique_ptr<InterruptHistory> interrupts_;         // none before the first
  std::int64_t started_wall_ns_ = 0;
  Instant activity_;
  std::int64_t unseen_since_ns_ = 0;           // while idle without viewers: since when it has been both
  std::int64_t stop_at_ns_ = never_ns;         // the running run's time is up, the agent being stopped
  std::int64_t wound_up_by_ns_ = never_ns;     // the cancelled run is given up
  std::int64_t postponed_from_ns_ = never_ns;  // the ending that was reached late,
  std::int64_t postponed_to_ns_ = never_ns;    // and when it is looked at once more
  std::int64_t announced_ns_ = never_ns;       // what `set_deadline` was last told
};

}  // namespace ringside::agentd
