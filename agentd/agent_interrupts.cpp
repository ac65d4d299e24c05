// SPDX-License-Identifier: Apache-2.0
//
// What an agent does with interrupts: raises them, has them answered, puts them aside.
#include <utility>

#include <fmt/format.h>

#include "agentd/agent.hpp"
#include "agentd/agent_events.hpp"
#include "agentd/interrupt_rules.hpp"
#include "schema/event_check.hpp"

namespace ringside::agentd {

using control::ErrorCode;
using events::AgentStatus;

expected<std::uint64_t, Refusal> Agent::resume(std::string_view interrupt_id, events::AnswerT answer,
                                               Instant now) {
  if (auto refusal = ended()) return unexpected(*std::move(refusal));
  if (auto refusal = not_waiting_for(interrupt_id, "be resumed")) return unexpected(*std::move(refusal));
  if (const auto wrong = broken_answer(*interrupt_, answer)) {
    return unexpected(Refusal{
        ErrorCode::bad_answer,
        fmt::format("no answer to interrupt \"{}\" of agent \"{}\": {}", interrupt_id, agent_id(), *wrong)});
  }
  InterruptAnswer given{.interrupt_id = std::string(interrupt_id),
                        .answer = std::make_shared<const events::AnswerT>(std::move(answer))};
  settle_interrupt(InterruptFate::answered);
  begin_run();
  run_now({.answer = std::move(given)}, now);
  return run_;
}

expected<void, Refusal> Agent::dismiss(std::string_view interrupt_id, Instant now) {
  if (auto refusal = ended()) return unexpected(*std::move(refusal));
  if (auto refusal = not_waiting_for(interrupt_id, "be dismissed from an interrupt"))
    return unexpected(*std::move(refusal));
  if (!is_halt(*interrupt_)) {
    return unexpected(
        Refusal{ErrorCode::bad_answer,
                fmt::format("interrupt \"{}\" of agent \"{}\" is no halt but asks for an answer "
                            "({}): resume the agent with one, or send it a message",
                            interrupt_id, agent_id(), events::EnumNameInterruptData(interrupt_->data.type))});
  }
  activity_ = now;
  unseen_since_ns_ = now.steady_ns;
  set_interrupt_aside(InterruptFate::answered);
  if (queued_.empty()) {
    announce_deadline();
  } else {
    take_up_queued(now);
  }
  return {};
}

/// Why nothing can be said to the interrupt of that id; nothing where it is the one that the agent waits with.
std::optional<Refusal> Agent::not_waiting_for(std::string_view interrupt_id, std::string_view what) const {
  if (interrupted() && interrupt_->id == interrupt_id) return std::nullopt;
  const auto fate = interrupts_ == nullptr ? std::nullopt : interrupts_->fate(interrupt_id);
  if (fate == InterruptFate::answered) {
    return Refusal{ErrorCode::already_answered,
                   fmt::format("interrupt \"{}\" of agent \"{}\" was answered already: somebody was faster",
                               interrupt_id, agent_id())};
  }
  if (fate == InterruptFate::superseded) {
    return Refusal{ErrorCode::no_such_interrupt,
                   fmt::format("interrupt \"{}\" of agent \"{}\" is there no more: a message superseded it",
                               interrupt_id, agent_id())};
  }
  if (!interrupted()) return refuse_in_status(what, "it waits for no answer");
  return Refusal{ErrorCode::no_such_interrupt,
                 fmt::format("agent \"{}\" has no interrupt \"{}\": it waits for an answer to \"{}\"",
                             agent_id(), interrupt_id, interrupt_->id)};
}

void Agent::settle_interrupt(InterruptFate fate) {
  interrupts_->settle(fate);
  interrupt_.reset();
}

/// Nobody goes on with the interrupt, if there is one: the calls that wait with it have no other end.
void Agent::set_interrupt_aside(InterruptFate fate) {
  if (!interrupted()) return;
  settle_interrupt(fate);
  effects_.close_calls(nullptr);
  change_status(AgentStatus::idle);
}

/// An interrupt that nobody could see or answer would hold the agent for nothing: the run has failed instead.
void Agent::interrupt(const events::InterruptT* raised) {
  auto interrupt = raised == nullptr ? std::make_unique<events::InterruptT>()
                                     : std::make_unique<events::InterruptT>(*raised);
  if (interrupt->id.empty()) interrupt->id = fresh_interrupt_id();
  if (const auto error = refuse_interrupt(*interrupt)) return fail(*error);
  auto told = status_changed(stamp(), AgentStatus::interrupted, nullptr, interrupt.get());
  if (const auto published = effects_.publish(std::move(told)); !published) {
    events::ErrorT error;
    error.type = "bad_interrupt";
    error.message = "the run's interrupt could not be published: " + published.error().message;
    return fail(error);
  }
  if (interrupts_ == nullptr) interrupts_ = std::make_unique<InterruptHistory>();
  interrupts_->raise(interrupt->id);
  interrupt_ = std::move(interrupt);
  status_ = AgentStatus::interrupted;
}

std::optional<events::ErrorT> Agent::refuse_interrupt(const events::InterruptT& raised) const {
  events::ErrorT error;
  error.type = "bad_interrupt";
  if (raised.data.type == events::InterruptData::NONE) {
    error.message = "the run was interrupted and did not say by what";
  } else if (raised.id.size() > interrupt_id_size_max) {
    error.message = fmt::format("the run's interrupt has an id of {} bytes: {} are allowed", raised.id.size(),
                                interrupt_id_size_max);
  } else if (interrupts_ != nullptr && interrupts_->fate(raised.id)) {
    error.message = fmt::format(
        "the run's interrupt has the id \"{}\", as an earlier one of this life: ids are used once",
        raised.id);
  } else {
    const auto event = status_changed(stamp(), AgentStatus::interrupted, nullptr, &raised);
    const auto checked = schema::check_event(event.bytes());
    if (checked) return std::nullopt;
    error.message = "the run's interrupt is not usable: " + checked.error().message;
  }
  return error;
}

std::string Agent::fresh_interrupt_id() const {
  std::string id = fmt::format("interrupt-{}-{}", options_.incarnation, run_);
  while (interrupts_ != nullptr && interrupts_->fate(id))
    id += '+';
  return id;
}

}  // namespace ringside::agentd
