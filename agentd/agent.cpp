// SPDX-License-Identifier: Apache-2.0
#include "agentd/agent.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "agentd/agent_events.hpp"
#include "agentd/interrupt_rules.hpp"

namespace ringside::agentd {

using control::ErrorCode;
using events::AgentStatus;
using events::ShutdownReason;

Agent::Agent(AgentOptions options, AgentEffects& effects) : options_(std::move(options)), effects_(effects) {}

void Agent::start(std::uint32_t viewers, Instant now) {
  if (phase_ != Phase::unstarted) return;
  phase_ = Phase::alive;
  viewers_ = viewers;
  started_wall_ns_ = now.wall_ns;
  activity_ = now;
  unseen_since_ns_ = now.steady_ns;
  change_status(AgentStatus::idle);
  (void)effects_.publish(todos_at_start(stamp()));
  announce_deadline();
}

expected<std::uint64_t, Refusal> Agent::execute(Instant now) {
  if (auto refusal = ended()) return unexpected(*std::move(refusal));
  if (status_ != AgentStatus::idle) {
    return unexpected(refuse_in_status(
        "execute", running() ? "wait for its run to end, or cancel it" : "send it a message to make it run"));
  }
  begin_run();
  run_now({}, now);
  return run_;
}

/// Published before all that follows from it, so that a message which is refused has changed nothing, except that it may
/// have used up the number of a run: the topic takes no event of a run that it does not know to be the current one.
expected<SentMessage, Refusal> Agent::send(std::string_view text, Instant now) {
  if (auto refusal = ended()) return unexpected(*std::move(refusal));
  if (running()) return queue(text, now);
  if (!queued_.empty()) {
    auto sent = queue(text, now);
    if (!sent) return sent;
    set_interrupt_aside(InterruptFate::superseded);
    take_up_queued(now);
    return sent;
  }
  begin_run();
  UserMessage message = next_message(text);
  if (auto published = effects_.publish(user_message(stamp(), message)); !published) {
    return unexpected(std::move(published).error());
  }
  ++messages_;
  set_interrupt_aside(InterruptFate::superseded);
  SentMessage sent{.message_id = message.id, .run = run_};
  run_now({.message = std::move(message)}, now);
  return sent;
}

expected<void, Refusal> Agent::cancel(Instant now) {
  if (phase_ != Phase::stopping) {
    if (auto refusal = ended()) return unexpected(*std::move(refusal));
  }
  if (!running()) return unexpected(refuse_in_status("cancel", "there is no run to cancel"));
  wind_up(now);
  announce_deadline();
  return {};
}

expected<void, Refusal> Agent::touch(Instant now) {
  if (auto refusal = ended()) return unexpected(*std::move(refusal));
  activity_ = now;
  announce_deadline();
  return {};
}

expected<void, Refusal> Agent::stop(Instant now, std::optional<std::uint64_t> timeout_ms) {
  if (phase_ != Phase::stopping) {
    if (auto refusal = ended()) return unexpected(*std::move(refusal));
  }
  if (!running()) {
    close(ShutdownReason::manual);
    return {};
  }
  phase_ = Phase::stopping;
  stop_at_ns_ =
      std::min(stop_at_ns_, later_by_ms(now.steady_ns, timeout_ms.value_or(options_.stop_timeout_ms)));
  announce_deadline();
  return {};
}

void Agent::viewers_changed(std::uint32_t count, Instant now) {
  if (phase_ != Phase::alive || count == viewers_) return;
  viewers_ = count;
  if (count == 0) unseen_since_ns_ = now.steady_ns;
  announce_deadline();
}

void Agent::run_finished(std::uint64_t run, RunOutcome outcome, Instant now) {
  if (!running() || run != run_) return;
  end_run(std::move(outcome), now);
}

void Agent::runner_ended(RunnerExit exit, std::string_view detail, Instant now) {
  if (phase_ != Phase::alive && phase_ != Phase::stopping) return;
  if (exit == RunnerExit::finished && !running()) {
    close(ShutdownReason::manual, detail);
    return;
  }
  if (running()) activity_ = now;
  if (status_ != AgentStatus::error) {
    events::ErrorT error;
    error.type = "runner_ended";
    error.message =
        running() ? "the agent's runner ended in the middle of a run" : "the agent's runner crashed";
    error.detail = detail;
    fail(error);
  }
  close(ShutdownReason::crash, detail);
}

void Agent::deadline_reached(Instant now) {
  if (phase_ != Phase::alive && phase_ != Phase::stopping) return;
  if (now.steady_ns < next_deadline_ns()) {
    announce_deadline_anew();
    return;
  }
  if (running()) {
    if (cancelling_) {
      begin_run();  // nothing more is heard of the run that would not end
      end_run({.end = RunEnd::cancelled, .error = std::nullopt}, now);
    } else {
      wind_up(now);
      announce_deadline_anew();
    }
    return;
  }
  const Ending ending = next_ending();
  const bool late = now.steady_ns >= later_by_ms(ending.at_ns, second_look_ms);
  if (late && postponed_from_ns_ != ending.at_ns) {
    postponed_from_ns_ = ending.at_ns;
    postponed_to_ns_ = later_by_ms(now.steady_ns, second_look_ms);
    announce_deadline_anew();
    return;
  }
  close(ending.reason);
}

std::optional<Refusal> Agent::ended() const {
  switch (phase_) {
    case Phase::alive:
      return std::nullopt;
    case Phase::stopping:
      return Refusal{ErrorCode::stopping,
                     fmt::format("agent \"{}\" is stopping; start it again once it has ended", agent_id())};
    case Phase::unstarted:
    case Phase::closed:
      break;
  }
  return Refusal{ErrorCode::not_running, fmt::format("agent \"{}\" is not running; start it", agent_id())};
}

Refusal Agent::refuse_in_status(std::string_view what, std::string_view remedy) const {
  return {ErrorCode::invalid_in_status, fmt::format("agent \"{}\" cannot {} while it is {}: {}", agent_id(),
                                                    what, events::EnumNameAgentStatus(status_), remedy)};
}

std::int64_t Agent::grace_ends_ns() const noexcept {
  const bool runs = options_.presence_tracking && status_ == AgentStatus::idle && viewers_ == 0;
  return runs ? later_by_ms(unseen_since_ns_, options_.grace_period_ms) : never_ns;
}

Agent::Ending Agent::next_ending() const noexcept {
  Ending ending;
  if (options_.inactivity_ms != 0) ending.at_ns = later_by_ms(activity_.steady_ns, options_.inactivity_ms);
  const std::int64_t grace_ends_at_ns = grace_ends_ns();
  if (grace_ends_at_ns <= ending.at_ns) ending = {grace_ends_at_ns, ShutdownReason::no_viewers};
  return ending;
}

std::int64_t Agent::next_deadline_ns() const noexcept {
  if (running()) return cancelling_ ? wound_up_by_ns_ : stop_at_ns_;
  const std::int64_t at_ns = next_ending().at_ns;
  return at_ns == postponed_from_ns_ ? postponed_to_ns_ : at_ns;
}

void Agent::run_now(RunRequest request, Instant now) {
  activity_ = now;
  change_status(AgentStatus::running);
  request.incarnation = options_.incarnation;
  request.run = run_;
  effects_.start_run(std::move(request));
  announce_deadline();
}

UserMessage Agent::next_message(std::string_view text) const {
  return {.id = fmt::format("user-{}-{}", options_.incarnation, messages_ + 1), .text = std::string(text)};
}

expected<SentMessage, Refusal> Agent::queue(std::string_view text, Instant now) {
  if (running() && queued_.size() >= queued_messages_max) {
    return unexpected(
        Refusal{ErrorCode::queue_full,
                fmt::format("{} messages wait for the running run of agent \"{}\", its limit: wait "
                            "for the run to end, or cancel it",
                            queued_.size(), agent_id())});
  }
  UserMessage message = next_message(text);
  if (auto published = effects_.publish(message_queued(stamp(), message)); !published) {
    return unexpected(std::move(published).error());
  }
  ++messages_;
  activity_ = now;
  SentMessage sent{.message_id = message.id, .run = 0, .queued = true};
  queued_.push_back(std::move(message));
  return sent;
}

/// The first that waits was accepted long ago: its run starts even where the topic refuses to tell of it once more.
void Agent::take_up_queued(Instant now) {
  UserMessage message = std::move(queued_.front());
  queued_.erase(queued_.begin());
  begin_run();
  (void)effects_.publish(user_message(stamp(), message));
  run_now({.message = std::move(message)}, now);
}

/// Once a run: a second cancel gives the runner no more time.
void Agent::wind_up(Instant now) {
  if (cancelling_) return;
  cancelling_ = true;
  wound_up_by_ns_ = later_by_ms(now.steady_ns, options_.cancel_timeout_ms);
  effects_.cancel_run(run_);
}

void Agent::end_run(RunOutcome outcome, Instant now) {
  activity_ = now;
  unseen_since_ns_ = now.steady_ns;
  const RunEnd end = std::exchange(cancelling_, false) ? RunEnd::cancelled : outcome.end;
  const bool ends_well = end == RunEnd::idle || end == RunEnd::paused;
  if (ends_well && alive() && !queued_.empty()) return take_up_queued(now);
  switch (end) {
    case RunEnd::idle:
      change_status(AgentStatus::idle);
      break;
    case RunEnd::cancelled:
      effects_.close_calls(nullptr);
      change_status(AgentStatus::cancelled);
      break;
    case RunEnd::error:
      if (!outcome.error) {
        outcome.error.emplace();
        outcome.error->message = "the run failed and did not say why";
      }
      fail(*outcome.error);
      break;
    case RunEnd::interrupted:
      interrupt(outcome.interrupt.get());
      break;
    case RunEnd::paused:
      change_status(AgentStatus::paused);
      break;
  }
  if (phase_ == Phase::stopping) {
    close(ShutdownReason::manual);
  } else {
    announce_deadline();
  }
}

void Agent::change_status(AgentStatus status, const events::ErrorT* error) {
  status_ = status;
  (void)effects_.publish(status_changed(stamp(), status, error));
}

void Agent::fail(const events::ErrorT& error) {
  effects_.close_calls(&error);
  (void)effects_.publish(chain_error(stamp(), error));
  change_status(AgentStatus::error, &error);
}

void Agent::announce_deadline() {
  const std::int64_t deadline_ns = next_deadline_ns();
  if (deadline_ns == announced_ns_) return;
  announced_ns_ = deadline_ns;
  effects_.set_deadline(deadline_ns == never_ns ? std::nullopt : std::optional(deadline_ns));
}

/// For a timer that may be used up, even where the moment stays the same.
void Agent::announce_deadline_anew() {
  announced_ns_ = never_ns;
  announce_deadline();
}

events::AgentShutdownT Agent::last_words(ShutdownReason reason, std::string_view detail) const {
  events::AgentShutdownT shutdown;
  shutdown.reason = reason;
  shutdown.last_status = status_;
  shutdown.last_activity_at = activity_.wall_ns;
  shutdown.interrupt_restorable = interrupted() && is_restorable(*interrupt_);
  shutdown.state_saved = false;
  shutdown.detail = detail;
  if (!queued_.empty()) {
    auto lost = std::make_unique<events::KeyValueT>();
    lost->key = "queued_messages";
    lost->value = std::to_string(queued_.size());
    shutdown.metadata.push_back(std::move(lost));
  }
  return shutdown;
}

void Agent::close(ShutdownReason reason, std::string_view detail) {
  phase_ = Phase::closed;
  effects_.close_calls(nullptr);  // nothing is saved: no other life ends them
  (void)effects_.publish(agent_shutdown(stamp(), last_words(reason, detail)));
  if (std::exchange(announced_ns_, never_ns) != never_ns) effects_.set_deadline(std::nullopt);
  effects_.close(reason);
}

}  // namespace ringside::agentd
