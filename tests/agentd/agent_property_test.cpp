// SPDX-License-Identifier: Apache-2.0
//
// Any sequence of commands, joins, leaves, ends of runs, clocks and late timers: an agent says exactly what a
// reference says that works from the history alone, and keeps the promises of the specification, section 5.
#include <ostream>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/agentd/agent_reference.hpp"
#include "tests/agentd/agent_world.hpp"

namespace ringside::agentd::testing {
namespace {

enum class Kind {
  pass,
  stall,
  execute,
  send,
  cancel,
  touch,
  stop,
  join,
  leave,
  refresh,
  finish,
  late_result,
  spurious,
  runner_ended
};

struct Step {
  Kind kind;
  int amount;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  constexpr const char* names[] = {"pass",   "stall",       "execute",  "send",        "cancel",
                                   "touch",  "stop",        "join",     "leave",       "refresh",
                                   "finish", "late_result", "spurious", "runner_ended"};
  return out << names[static_cast<int>(step.kind)] << " " << step.amount;
}

rc::Gen<Step> any_step() {
  return rc::gen::construct<Step>(
      rc::gen::weightedElement<Kind>({{12, Kind::pass},
                                      {3, Kind::stall},
                                      {4, Kind::execute},
                                      {6, Kind::send},
                                      {3, Kind::cancel},
                                      {2, Kind::touch},
                                      {1, Kind::stop},
                                      {6, Kind::join},
                                      {8, Kind::leave},
                                      {2, Kind::refresh},
                                      {10, Kind::finish},
                                      {2, Kind::late_result},
                                      {2, Kind::spurious},
                                      {1, Kind::runner_ended}}),
      rc::gen::weightedOneOf<int>({{3, rc::gen::inRange(0, 1'200)},
                                   {1, rc::gen::element(0, 1, 199, 200, 299, 300, 301, 499, 500, 501, 999,
                                                        1'000, 1'001, 1'999, 2'000, 2'001)}}));
}

AgentOptions quick(bool tracking, bool inactive_ends) {
  AgentOptions options;
  options.presence_tracking = tracking;
  options.grace_period_ms = grace;
  options.inactivity_ms = inactive_ends ? inactivity : 0;
  options.stop_timeout_ms = stop_time;
  options.cancel_timeout_ms = cancel_time;
  return options;
}

/// Agent and reference, side by side.
class Pair {
 public:
  Pair(bool tracking, bool inactive_ends, unsigned viewers)
      : world_(quick(tracking, inactive_ends)),
        reference_(tracking, inactive_ends, viewers),
        viewers_(viewers) {
    start_ns_ = world_.steady_ns;
    world_.agent.start(viewers, world_.now());
    compare();
  }

  void step(const Step& step) {
    if (viewers_ == 0 && step.kind == Kind::leave) return;
    const std::string before = reference_.status();
    act(step);
    compare();
    if (before != "running") RC_ASSERT(reference_.status() != "cancelled" || before == "cancelled");
  }

  void check_whole_life() const {
    unsigned shutdowns = 0;
    for (const auto& event : world_.events)
      shutdowns += event->payload.Asagent_shutdown() != nullptr ? 1u : 0u;
    RC_ASSERT(shutdowns == (reference_.over() ? 1u : 0u));
    if (!reference_.over()) return;
    const auto* shutdown = world_.events.back()->payload.Asagent_shutdown();
    RC_ASSERT(shutdown != nullptr);
    RC_ASSERT(!world_.after_close);
    RC_CLASSIFY(true, std::string(events::EnumNameShutdownReason(shutdown->reason)));
    if (shutdown->reason == events::ShutdownReason::no_viewers) {
      RC_ASSERT(shutdown->last_status == events::AgentStatus::idle);
      RC_ASSERT(viewers_at_end_ == 0u);
      RC_ASSERT(ended_at_ - last_leave_ >= grace);
    }
  }

 private:
  std::int64_t t() const { return (world_.steady_ns - start_ns_) / ms; }

  void ring() {
    world_.ring();
    reference_.timer(t());
    compare();
  }

  void pass(std::int64_t duration) {
    const std::int64_t until_ns = world_.steady_ns + duration * ms;
    while (world_.timer_ns && *world_.timer_ns <= until_ns) {
      world_.steady_ns = std::max(world_.steady_ns, *world_.timer_ns);
      ring();
    }
    world_.steady_ns = until_ns;
    reference_.timer(t());  // an agent that set no timer, or too late a one, is found out here
  }

  void stall(std::int64_t duration) {
    world_.steady_ns += duration * ms;
    while (world_.timer_ns && *world_.timer_ns <= world_.steady_ns)
      ring();
  }

  void watch(unsigned count) {
    if (viewers_ != 0 && count == 0 && !reference_.over()) last_leave_ = t();
    viewers_ = count;
    world_.agent.viewers_changed(count, world_.now());
    reference_.audience(t(), count);
  }

  void act(const Step& step) {
    Agent& agent = world_.agent;
    const auto now = world_.now();
    switch (step.kind) {
      case Kind::pass:
        return pass(step.amount);
      case Kind::stall:
        return stall(step.amount);
      case Kind::execute:
        return same(agent.execute(now).has_value(), reference_.execute(t()));
      case Kind::send:
        return same(agent.send("hello", now).has_value(), reference_.send(t()));
      case Kind::cancel:
        return same(agent.cancel(now).has_value(), reference_.cancel(t()));
      case Kind::touch:
        return same(agent.touch(now).has_value(), reference_.touch(t()));
      case Kind::stop: {
        const auto time = static_cast<std::uint64_t>(step.amount);
        return same(agent.stop(now, time).has_value(), reference_.stop(t(), step.amount));
      }
      case Kind::join:
        return watch(viewers_ + 1);
      case Kind::leave:
        return watch(viewers_ - 1);
      case Kind::refresh: {
        const unsigned before = viewers_;
        if (before == 0) return;
        watch(before - 1);
        return watch(before);
      }
      case Kind::finish: {
        constexpr const char* names[] = {"idle", "cancelled", "error"};
        const int end = step.amount % 4 % 3;  // idle twice as often
        world_.finish(static_cast<RunEnd>(end));
        return reference_.finished(t(), names[end]);
      }
      case Kind::late_result:
        return world_.finish_run(agent.run() - 1, RunEnd::error);
      case Kind::spurious:
        agent.deadline_reached(now);
        return reference_.timer(t());
      case Kind::runner_ended: {
        const bool crashed = step.amount % 2 == 0;
        agent.runner_ended(crashed ? RunnerExit::crashed : RunnerExit::finished, "detail", now);
        return reference_.runner_ended(t(), crashed);
      }
    }
  }

  static void same(bool agent, bool reference) { RC_ASSERT(agent == reference); }

  void compare() {
    RC_ASSERT(world_.published() == reference_.take());
    RC_ASSERT(events::EnumNameAgentStatus(world_.agent.status()) == reference_.status());
    RC_ASSERT((world_.agent.phase() == Agent::Phase::closed) == reference_.over());
    RC_ASSERT(world_.closed.has_value() == reference_.over());
    if (world_.timer_ns) RC_ASSERT(!reference_.over());
    if (reference_.over() && ended_at_ < 0) {
      ended_at_ = t();
      viewers_at_end_ = viewers_;
    }
  }

  AgentWorld world_;
  Reference reference_;
  unsigned viewers_;
  unsigned viewers_at_end_ = 0;
  std::int64_t start_ns_ = 0;
  std::int64_t last_leave_ = 0;  // the start counts as one
  std::int64_t ended_at_ = -1;
};

RC_GTEST_PROP(AgentProperty, SaysExactlyWhatItsHistoryDemands, (bool tracking, bool inactive_ends)) {
  const auto viewers = *rc::gen::inRange(0u, 3u);
  const auto steps = *rc::gen::container<std::vector<Step>>(any_step());
  Pair pair(tracking, inactive_ends, viewers);
  for (const Step& step : steps)
    pair.step(step);
  pair.check_whole_life();
}

}  // namespace
}  // namespace ringside::agentd::testing
