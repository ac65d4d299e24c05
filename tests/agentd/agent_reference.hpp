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
    if (over_ || stop_by_ || status() == "running") return false;
    say("llm_message");
    run(t);
    return true;
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
  void finished(std::int64_t t, const std::string& how) {
    if (over_ || status() != "running") return;
    used_.push_back(t);
    const std::string status = cancelled_ ? "cancelled" : how;
    cancelled_.reset();
    if (status == "error") say("chain_error");
    becomes(t, status);
    if (stop_by_) ends("manual");
  }
  void runner_ended(std::int64_t t, bool crashed) {
    if (over_) return;
    if (!crashed && status() != "running") return ends("manual");
    if (status() != "error") {
      say("chain_error");
      becomes(t, "error");
    }
    ends("crash");
  }

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
  std::optional<std::int64_t> cancelled_;  // the running run, when
  std::optional<std::int64_t> stop_by_;
  std::map<std::int64_t, std::int64_t> looked_;  // endings that were reached late, and the second look
  std::vector<std::string> said_;
};

}  // namespace ringside::agentd::testing
