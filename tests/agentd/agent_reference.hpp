// SPDX-License-Identifier: Apache-2.0
//
// What an agent should say, told from its history alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agentd/agent.hpp"

namespace ringside::agentd::testing {

// The times of the agents that are compared, in milliseconds.
constexpr std::int64_t grace = 500;
constexpr std::int64_t inactivity = 2'000;
constexpr std::int64_t stop_time = 1'000;
constexpr std::int64_t cancel_time = 300;
constexpr std::int64_t second_look = second_look_ms;

/// Every question is answered by looking through what has happened, in milliseconds since the start.
class Reference {
 public:
  Reference(bool tracking, bool inactive_ends, unsigned viewers)
      : tracking_(tracking), inactive_ends_(inactive_ends) {
    audience_.push_back({0, viewers});
    becomes(0, "idle");
    say("todos_updated");
    used_.push_back(0);
  }

  bool over() const { return over_; }
  std::string status() const { return statuses_.back().second; }
  std::vector<std::string> take() { return std::exchange(said_, {}); }

  bool execute(std::int64_t t) {
    if (over_ || stop_by_ || status() != "idle") return false;
    run(t);
    return true;
  }
  bool send(std::int64_t t) {
    if (over_ || stop_by_) return false;
    if (status() == "running" && waiting() == queued_messages_max) return false;
    ++accepted_;
    if (status() == "running" || waiting() > 1) {
      say("message_queued");
      used_.push_back(t);
    }
    if (status() == "running") return true;
    if (waiting() > 1) {
      set_aside(t, Fate::superseded);
      take_up(t);
    } else {
      say("llm_message");
      set_aside(t, Fate::superseded);
      ++taken_;
      run(t);
    }
    return true;
  }
  std::string resume(std::int64_t t, const std::string& id, bool good) {
    if (const std::string refused = refuse_answer(id); !refused.empty()) return refused;
    if (asked_.back().kind == "halt" || !good) return "bad_answer";
    asked_.back().fate = Fate::answered;
    run(t);
    return "ok";
  }
  std::string dismiss(std::int64_t t, const std::string& id) {
    if (const std::string refused = refuse_answer(id); !refused.empty()) return refused;
    if (asked_.back().kind != "halt") return "bad_answer";
    used_.push_back(t);
    set_aside(t, Fate::answered);
    if (waiting() != 0) take_up(t);
    return "ok";
  }
  bool cancel(std::int64_t t) {
    if (over_ || status() != "running") return false;
    if (!cancelled_) cancelled_ = t;
    return true;
  }
  bool touch(std::int64_t t) {
    if (over_ || stop_by_) return false;
    used_.push_back(t);
    return true;
  }
  bool stop(std::int64_t t, std::int64_t time) {
    if (over_) return false;
    stop_by_ = std::min(stop_by_.value_or(t + time), t + time);
    if (status() != "running") ends("manual");
    return true;
  }
  void audience(std::int64_t t, unsigned count) {
    if (over_ || stop_by_) return;
    audience_.push_back({t, count});
  }
  void opens_a_call() { call_open_ = true; }
  void finished(std::int64_t t, const std::string& how) {
    if (over_ || status() != "running") return;
    used_.push_back(t);
    const std::string status = cancelled_ ? "cancelled" : how;
    cancelled_.reset();
    if ((status == "idle" || status == "paused") && !stop_by_ && waiting() != 0) return take_up(t);
    if (status == "cancelled") closes_call("cancelled");
    if (status == "error") fails();
    becomes(t, status);
    if (stop_by_) ends("manual");
  }
  void interrupted(std::int64_t t, const std::string& id, const std::string& kind) {
    if (over_ || status() != "running") return;
    if (cancelled_) return finished(t, "cancelled");
    if (find(id) != nullptr) return finished(t, "error");
    asked_.push_back({id, kind, Fate::waiting});
    finished(t, "interrupted");
  }
  void runner_ended(std::int64_t t, bool crashed) {
    if (over_) return;
    if (!crashed && status() != "running") return ends("manual");
    if (status() != "error") {
      fails();
      becomes(t, "error");
    }
    ends("crash");
  }

  /// The ids of this life's interrupts, and of its messages: of those accepted, how many a run was started for.
  const std::string& asked(std::size_t i) const { return asked_[i].id; }
  std::size_t asked() const { return asked_.size(); }
  unsigned taken() const { return taken_; }
  unsigned waiting() const { return accepted_ - taken_; }
  bool restorable() const { return status() == "interrupted" && asked_.back().kind != "halt"; }

  /// A timer goes off, whoever's it is.
  void timer(std::int64_t t) {
    if (over_) return;
    if (status() == "running") {
      if (cancelled_) {
        if (t >= *cancelled_ + cancel_time) finished(t, "cancelled");
      } else if (stop_by_ && t >= *stop_by_) {
        cancelled_ = t;
      }
      return;
    }
    const auto [due, reason] = ending();
    if (due < 0 || t < due) return;
    if (const auto again = looked_.find(due); again != looked_.end()) {
      if (t >= again->second) ends(reason);
    } else if (t - due >= second_look) {
      looked_[due] = t + second_look;
    } else {
      ends(reason);
    }
  }

 private:
  enum class Fate { waiting, answered, superseded };
  struct Asked {
    std::string id;
    std::string kind;
    Fate fate;
  };

  const Asked* find(const std::string& id) const {
    for (const Asked& each : asked_)
      if (each.id == id) return &each;
    return nullptr;
  }
  /// Why nothing can be said to that interrupt; empty for the one that waits.
  std::string refuse_answer(const std::string& id) const {
    if (over_) return "not_running";
    if (stop_by_) return "stopping";
    const bool waits = status() == "interrupted";
    const Asked* asked = find(id);
    if (asked == nullptr) return waits ? "no_such_interrupt" : "invalid_in_status";
    if (asked->fate == Fate::answered) return "already_answered";
    return asked->fate == Fate::superseded ? "no_such_interrupt" : "";
  }
  void set_aside(std::int64_t t, Fate fate) {
    if (status() != "interrupted") return;
    asked_.back().fate = fate;
    closes_call("cancelled");
    becomes(t, "idle");
  }
  void take_up(std::int64_t t) {
    say("llm_message");
    ++taken_;
    run(t);
  }
  void closes_call(const std::string& how) {
    if (std::exchange(call_open_, false)) say("call " + how);
  }
  void fails() {
    closes_call("failed");
    say("chain_error");
  }
  void say(std::string what) { said_.push_back(std::move(what)); }
  void becomes(std::int64_t t, const std::string& status) {
    statuses_.push_back({t, status});
    say("status " + status);
  }
  void run(std::int64_t t) {
    used_.push_back(t);
    becomes(t, "running");
  }
  void ends(const std::string& reason) {
    over_ = true;
    closes_call("cancelled");
    say("shutdown " + reason);
  }

  std::int64_t idle_since() const { return statuses_.back().first; }
  std::int64_t last_leave() const {
    std::int64_t at = -1;
    for (std::size_t i = 1; i < audience_.size(); ++i) {
      if (audience_[i - 1].second != 0 && audience_[i].second == 0) at = audience_[i].first;
    }
    return at;
  }
  std::pair<std::int64_t, std::string> ending() const {
    const std::int64_t unused = inactive_ends_ ? used_.back() + inactivity : -1;
    if (tracking_ && status() == "idle" && audience_.back().second == 0) {
      const std::int64_t unseen = std::max(idle_since(), last_leave()) + grace;
      if (unused < 0 || unseen <= unused) return {unseen, "no_viewers"};
    }
    return {unused, "inactivity"};
  }

  bool tracking_;
  bool inactive_ends_;
  bool over_ = false;
  std::vector<std::pair<std::int64_t, unsigned>> audience_;
  std::vector<std::pair<std::int64_t, std::string>> statuses_;
  std::vector<std::int64_t> used_;
  std::vector<Asked> asked_;
  unsigned accepted_ = 0;
  unsigned taken_ = 0;
  bool call_open_ = false;
  std::optional<std::int64_t> cancelled_;  // the running run, when
  std::optional<std::int64_t> stop_by_;
  std::map<std::int64_t, std::int64_t> looked_;  // endings that were reached late, and the second look
  std::vector<std::string> said_;
};

}  // namespace ringside::agentd::testing
