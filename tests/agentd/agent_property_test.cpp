// SPDX-License-Identifier: Apache-2.0
//
// Any sequence of commands, joins, leaves, ends of runs, clocks and late timers: an agent says exactly what a
// reference says that works from the history alone, and keeps the promises of the specification, section 5.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <ostream>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/agentd/agent_reference.hpp"
#include "tests/agentd/agent_world.hpp"
#include "tests/agentd/interrupt_samples.hpp"

namespace ringside::agentd::testing {
namespace {

enum class Kind {
  pass,
  stall,
  execute,
  send,
  send_many,
  resume,
  dismiss,
  cancel,
  touch,
  stop,
  join,
  leave,
  refresh,
  finish,
  interrupt,
  open_call,
  late_result,
  spurious,
  runner_ended
};

struct Step {
  Kind kind;
  int amount;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  constexpr const char* names[] = {"pass",      "stall",       "execute",  "send",        "send_many",
                                   "resume",    "dismiss",     "cancel",   "touch",       "stop",
                                   "join",      "leave",       "refresh",  "finish",      "interrupt",
                                   "open_call", "late_result", "spurious", "runner_ended"};
  static_assert(std::size(names) == static_cast<std::size_t>(Kind::runner_ended) + 1);
  return out << names[static_cast<int>(step.kind)] << " " << step.amount;
}

rc::Gen<Step> any_step() {
  return rc::gen::construct<Step>(
      rc::gen::weightedElement<Kind>({{12, Kind::pass},
                                      {3, Kind::stall},
                                      {4, Kind::execute},
                                      {6, Kind::send},
                                      {1, Kind::send_many},
                                      {6, Kind::resume},
                                      {3, Kind::dismiss},
                                      {3, Kind::cancel},
                                      {2, Kind::touch},
                                      {1, Kind::stop},
                                      {6, Kind::join},
                                      {8, Kind::leave},
                                      {2, Kind::refresh},
                                      {10, Kind::finish},
                                      {6, Kind::interrupt},
                                      {3, Kind::open_call},
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
  /// What is worth having happened is put into `seen`.
  Pair(bool tracking, bool inactive_ends, unsigned viewers, std::set<std::string>& seen)
      : seen_(seen),
        world_(quick(tracking, inactive_ends)),
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

  bool over() const { return reference_.over(); }

  void check_whole_life() {
    unsigned shutdowns = 0;
    for (const auto& event : world_.events)
      shutdowns += event->payload.Asagent_shutdown() != nullptr ? 1u : 0u;
    RC_ASSERT(shutdowns == (reference_.over() ? 1u : 0u));
    if (!reference_.over()) return;
    const auto* shutdown = world_.events.back()->payload.Asagent_shutdown();
    RC_ASSERT(shutdown != nullptr);
    RC_ASSERT(!world_.after_close);
    RC_ASSERT(shutdown->interrupt_restorable == reference_.restorable());
    RC_ASSERT(shutdown->metadata.empty() == (reference_.waiting() == 0));
    seen_.insert(events::EnumNameShutdownReason(shutdown->reason));
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
        return send();
      case Kind::send_many:
        for (std::size_t i = 0; i <= queued_messages_max; ++i)
          send();
        return;
      case Kind::resume: {
        const std::string id = some_interrupt(step.amount);
        const bool good = step.amount % 3 != 0;
        const auto run = agent.resume(id, good ? selected({"a"}) : selected({"c"}), now);
        const std::string told = run ? "ok" : events_code(run.error());
        RC_ASSERT(told == reference_.resume(t(), id, good));
        seen_.insert("resume: " + told);
        if (run) RC_ASSERT(world_.started.back().answer->interrupt_id == id);
        return;
      }
      case Kind::dismiss: {
        const std::string id = some_interrupt(step.amount);
        const auto done = agent.dismiss(id, now);
        const std::string told = done ? "ok" : events_code(done.error());
        RC_ASSERT(told == reference_.dismiss(t(), id));
        seen_.insert("dismiss: " + told);
        return;
      }
      case Kind::interrupt:
        return interrupt(step.amount);
      case Kind::open_call:
        if (reference_.over()) return;
        world_.call_open = true;
        return reference_.opens_a_call();
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
        constexpr std::pair<RunEnd, const char*> ends[] = {{RunEnd::idle, "idle"},
                                                           {RunEnd::idle, "idle"},
                                                           {RunEnd::cancelled, "cancelled"},
                                                           {RunEnd::error, "error"},
                                                           {RunEnd::paused, "paused"}};
        const auto& [end, name] = ends[static_cast<std::size_t>(step.amount) % std::size(ends)];
        world_.finish(end);
        return reference_.finished(t(), name);
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

  void send() {
    const auto sent = world_.agent.send("hello", world_.now());
    same(sent.has_value(), reference_.send(t()));
    seen_.insert("send: " + (sent ? (sent->queued ? "queued" : "ok") : events_code(sent.error())));
  }

  static std::string events_code(const Refusal& refusal) { return control::EnumNameErrorCode(refusal.code); }

  /// The last interrupt twice as often as an earlier one, now and then one that never was.
  std::string some_interrupt(int amount) const {
    const std::size_t count = reference_.asked();
    if (count == 0 || amount % 7 == 0) return "never raised";
    const auto back = static_cast<std::size_t>(amount) % 4;
    return reference_.asked(back < 2 || back > count ? count - 1 : count - back);
  }

  void interrupt(int amount) {
    const std::string kind = amount % 3 == 0 ? "halt" : "question";
    std::string id;
    if (amount % 5 == 0 && reference_.asked() != 0) {
      id = reference_.asked(reference_.asked() - 1);  // used already
    } else if (amount % 5 != 1) {
      id = "i" + std::to_string(reference_.asked());
    }
    world_.interrupt(kind == "halt" ? halt(id) : question(id));
    if (id.empty() && world_.agent.status() == events::AgentStatus::interrupted && !world_.events.empty()) {
      for (const auto& event : world_.events) {  // the agent has given it one
        const auto* changed = event->payload.Asstatus_changed();
        if (changed != nullptr && changed->interrupt != nullptr) id = changed->interrupt->id;
      }
    }
    reference_.interrupted(t(), id, kind);
  }

  void compare() {
    RC_ASSERT(world_.published() == reference_.take());
    RC_ASSERT(events::EnumNameAgentStatus(world_.agent.status()) == reference_.status());
    RC_ASSERT((world_.agent.phase() == Agent::Phase::closed) == reference_.over());
    RC_ASSERT(world_.closed.has_value() == reference_.over());
    if (world_.timer_ns) RC_ASSERT(!reference_.over());
    const RunRequest* last = world_.started.empty() ? nullptr : &world_.started.back();
    if (last != nullptr && last->message)
      RC_ASSERT(last->message->id == "user-7-" + std::to_string(reference_.taken()));
    if (reference_.over() && ended_at_ < 0) {
      ended_at_ = t();
      viewers_at_end_ = viewers_;
    }
  }

  std::set<std::string>& seen_;
  AgentWorld world_;
  Reference reference_;
  unsigned viewers_;
  unsigned viewers_at_end_ = 0;
  std::int64_t start_ns_ = 0;
  std::int64_t last_leave_ = 0;  // the start counts as one
  std::int64_t ended_at_ = -1;
};

struct Visit {
  std::int64_t present_ms;
  std::int64_t absent_ms;
};

/// Viewers who come and go, and are never gone for the whole grace period but the last time.
RC_GTEST_PROP(GraceProperty, EndsAtTheLastLeavePlusTheGracePeriodAndNeverEarlier, ()) {
  const auto visits = *rc::gen::container<std::vector<Visit>>(rc::gen::construct<Visit>(
      rc::gen::inRange<std::int64_t>(0, 3 * grace), rc::gen::inRange<std::int64_t>(0, grace)));
  const auto late_ms = *rc::gen::inRange<std::int64_t>(0, second_look);
  Life life(quick(true, false), 1);
  for (const Visit& visit : visits) {
    life.pass(visit.present_ms);
    life.leave();
    life.pass(visit.absent_ms);
    RC_ASSERT(!life.closed);
    life.join();
  }
  life.leave();
  const std::int64_t last_leave_ns = life.steady_ns;
  life.pass(grace - 1);
  RC_ASSERT(!life.closed);
  life.stall(1 + late_ms);  // agentd itself may be late, not early
  RC_ASSERT(life.closed == events::ShutdownReason::no_viewers);
  RC_ASSERT(life.closed_at_ns == last_leave_ns + (grace + late_ms) * ms);
}

/// Under ctest, which asks for 2,000 sequences, agents and references go more than 100,000 steps side by side.
constexpr std::size_t steps_min = 100'000;

const std::set<std::string> worth_seeing{"crash",
                                         "inactivity",
                                         "manual",
                                         "no_viewers",
                                         "send: ok",
                                         "send: queued",
                                         "send: queue_full",
                                         "send: stopping",
                                         "resume: ok",
                                         "resume: bad_answer",
                                         "resume: already_answered",
                                         "resume: no_such_interrupt",
                                         "resume: invalid_in_status",
                                         "dismiss: ok",
                                         "dismiss: bad_answer",
                                         "dismiss: already_answered",
                                         "dismiss: no_such_interrupt",
                                         "dismiss: invalid_in_status"};

TEST(AgentProperty, SaysExactlyWhatItsHistoryDemands) {
  std::size_t steps_gone = 0;
  std::set<std::string> seen;
  const bool held = rc::check([&](bool tracking, bool inactive_ends) {
    const auto viewers = *rc::gen::inRange(0u, 3u);
    const auto steps = *rc::gen::scale(5.0, rc::gen::container<std::vector<Step>>(any_step()));
    auto pair = std::make_unique<Pair>(tracking, inactive_ends, viewers, seen);
    for (const Step& step : steps) {
      if (pair->over()) {
        pair->check_whole_life();
        pair = std::make_unique<Pair>(tracking, inactive_ends, viewers, seen);
      }
      pair->step(step);
      ++steps_gone;
    }
    pair->check_whole_life();
  });
  EXPECT_TRUE(held);
  std::cout << "steps: " << steps_gone << '\n';
  if (std::getenv("RC_PARAMS") == nullptr) return;
  EXPECT_GE(steps_gone, steps_min);
  std::vector<std::string> missed;
  std::ranges::set_difference(worth_seeing, seen, std::back_inserter(missed));
  EXPECT_EQ(missed, std::vector<std::string>{});
}

}  // namespace
}  // namespace ringside::agentd::testing
