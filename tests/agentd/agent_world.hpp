// SPDX-License-Identifier: Apache-2.0
//
// An agent in a world of its own: a clock that is set by hand, one timer, and a record of every effect.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agentd/agent.hpp"
#include "schema/event_check.hpp"
#include "schema/event_kind.hpp"

namespace ringside::agentd::testing {

constexpr std::int64_t ms = 1'000'000;
constexpr std::uint64_t incarnation = 7;

class AgentWorld : public AgentEffects {
 public:
  /// Begins at an odd moment, so that nothing is right by being 0.
  explicit AgentWorld(AgentOptions options = {}) : agent(named(std::move(options)), *this) {}

  virtual ~AgentWorld() = default;

  Instant now() const { return {.steady_ns = steady_ns, .wall_ns = steady_ns + wall_ahead_ns}; }

  /// Lets the clock run for `duration_ms`, with the timer going off at the very moment that it was set to.
  void pass(std::int64_t duration_ms) {
    const std::int64_t until_ns = steady_ns + duration_ms * ms;
    while (timer_ns && *timer_ns <= until_ns) {
      steady_ns = std::max(steady_ns, *timer_ns);
      ring();
    }
    steady_ns = until_ns;
  }

  /// The process sleeps for `duration_ms`: whatever was due comes late, all at once.
  void stall(std::int64_t duration_ms) {
    steady_ns += duration_ms * ms;
    while (timer_ns && *timer_ns <= steady_ns)
      ring();
  }

  void ring() {
    timer_ns.reset();
    agent.deadline_reached(now());
  }

  /// The last run comes to this end.
  void finish(RunEnd end, std::string message = "it broke") {
    finish_run(agent.run(), end, std::move(message));
  }
  void finish_run(std::uint64_t run, RunEnd end, std::string message = "it broke") {
    RunOutcome outcome{.end = end, .error = std::nullopt};
    if (end == RunEnd::error) {
      outcome.error.emplace();
      outcome.error->message = std::move(message);
    }
    agent.run_finished(run, std::move(outcome), now());
  }

  /// The last run waits for a person.
  void interrupt(events::InterruptT raised) {
    RunOutcome outcome{.end = RunEnd::interrupted};
    outcome.interrupt = std::make_shared<const events::InterruptT>(std::move(raised));
    agent.run_finished(agent.run(), std::move(outcome), now());
  }

  /// What was published since the last call, in words.
  std::vector<std::string> published() { return std::exchange(said, {}); }

  void begin_run(std::uint64_t run) override { runs_begun.push_back(run); }

  expected<void, Refusal> publish(schema::EventBuffer event) override {
    if (refuse_next) return unexpected<Refusal>(*std::exchange(refuse_next, std::nullopt));
    EXPECT_TRUE(schema::check_event(event.bytes()));
    auto unpacked = std::make_unique<events::EventT>();
    event.event().UnPackTo(unpacked.get());
    said.push_back(in_words(*unpacked));
    after_close = after_close || closed;
    events.push_back(std::move(unpacked));
    return {};
  }

  void close_calls(const events::ErrorT* error) override {
    if (std::exchange(call_open, false))
      said.emplace_back(error == nullptr ? "call cancelled" : "call failed");
  }

  void start_run(RunRequest request) override { started.push_back(std::move(request)); }
  void cancel_run(std::uint64_t run) override { cancelled.push_back(run); }
  void set_deadline(std::optional<std::int64_t> at_ns) override {
    timer_ns = at_ns;
    after_close = after_close || closed;
  }
  void close(events::ShutdownReason reason) override {
    after_close = after_close || closed;
    closed = reason;
    closed_at_ns = steady_ns;
  }

  const events::AgentShutdownT& shutdown() const { return *events.back()->payload.Asagent_shutdown(); }

  std::int64_t steady_ns = 1'234'567 * ms + 89;
  std::int64_t wall_ahead_ns = 1'700'000'000'000 * ms;
  std::optional<std::int64_t> timer_ns;
  std::vector<std::unique_ptr<events::EventT>> events;
  std::vector<std::string> said;
  std::vector<std::uint64_t> runs_begun;
  std::vector<RunRequest> started;
  std::vector<std::uint64_t> cancelled;
  bool call_open = false;  // whether the topic has told of a tool call without an end
  std::optional<Refusal> refuse_next;
  std::optional<events::ShutdownReason> closed;
  std::int64_t closed_at_ns = 0;
  bool after_close = false;  // whether any effect followed `close`
  Agent agent;

 private:
  static AgentOptions named(AgentOptions options) {
    if (options.agent_id.empty()) options.agent_id = "ada";
    options.incarnation = incarnation;
    return options;
  }

  static std::string in_words(const events::EventT& event) {
    if (const auto* status = event.payload.Asstatus_changed()) {
      return fmt::format("status {}", events::EnumNameAgentStatus(status->status));
    }
    if (const auto* shutdown = event.payload.Asagent_shutdown()) {
      return fmt::format("shutdown {}", events::EnumNameShutdownReason(shutdown->reason));
    }
    return std::string(schema::kind_name(event.payload.type));
  }
};

/// An agent that has started, whose viewers come and go.
class Life : public AgentWorld {
 public:
  explicit Life(AgentOptions options, std::uint32_t viewers = 0) : AgentWorld(std::move(options)) {
    agent.start(viewers, now());
    published();
  }
  void join(std::uint32_t count = 1) { agent.viewers_changed(count, now()); }
  void leave() { agent.viewers_changed(0, now()); }
};

/// With presence tracking.
inline AgentOptions watched(std::uint64_t inactivity_ms = 0) {
  AgentOptions options;
  options.presence_tracking = true;
  options.inactivity_ms = inactivity_ms;
  return options;
}

inline AgentOptions unwatched(std::uint64_t inactivity_ms) {
  AgentOptions options;
  options.inactivity_ms = inactivity_ms;
  return options;
}

}  // namespace ringside::agentd::testing
