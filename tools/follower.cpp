// SPDX-License-Identifier: Apache-2.0
#include "tools/follower.hpp"

#include <array>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "tools/report.hpp"

namespace ringside::tools {
namespace {

/// So many events are shown before they are flushed, however many there are.
constexpr std::size_t batch_size_max = 256;

}  // namespace

Follower::Follower(Subscription& subscription, EventView& view, Output& output, const Interrupts& interrupts,
                   const Deadline& deadline)
    : subscription_(subscription),
      view_(view),
      output_(output),
      interrupts_(interrupts),
      deadline_(deadline) {
  subscription_.on_gap([this](const Gap& gap) {
    saw_gap_ = true;
    view_.gap(output_.batch(), gap);
  });
}

ExitCode Follower::follow(const FollowUntil& until) {
  SubscriptionState state = subscription_.state();
  if (state == SubscriptionState::pending) view_.pending(output_.batch());
  End end = flush();
  while (end == End::none) {
    end = show_news(until);
    if (const SubscriptionState now = subscription_.state(); now != state) {
      state = now;
      if (now == SubscriptionState::pending) view_.pending(output_.batch());
      if (on_state_) on_state_(now);
    }
    const bool idle = output_.batch().empty();
    if (const End flushed = flush(); end == End::none) end = flushed;
    if (end == End::none && idle) end = sleep();
  }
  view_.end(output_.batch());
  flush();
  return code_of(end, until);
}

Follower::End Follower::show_news(const FollowUntil& until) {
  for (std::size_t i = 0; i < batch_size_max; ++i) {
    const Event* event = subscription_.next();
    if (!event) {
      switch (subscription_.state()) {
        case SubscriptionState::pending:
        case SubscriptionState::live:
          return End::none;
        case SubscriptionState::broken:
          return End::broken;
        case SubscriptionState::daemon_gone:
        case SubscriptionState::ended:
        case SubscriptionState::forked:
          return End::daemon_gone;
      }
    }
    if (!view_.event(output_.batch(), *event)) continue;
    if (!event->is_snapshot()) ++shown_;
    if (until.kind == event->kind() || (until.count && shown_ >= *until.count)) return End::met;
  }
  return End::none;
}

Follower::End Follower::flush() {
  switch (output_.flush()) {
    case Flushed::reader_gone:
      return End::reader_gone;
    case Flushed::interrupted:
      return End::interrupted;
    case Flushed::timed_out:
      return End::timed_out;
    case Flushed::all:
      break;
  }
  if (interrupts_.pending()) return End::interrupted;
  return deadline_.passed() ? End::timed_out : End::none;
}

Follower::End Follower::sleep() {
  if (!subscription_.arm()) return End::none;
  std::array<pollfd, 3> wait = {
      pollfd{subscription_.fd(), POLLIN, 0},
      pollfd{interrupts_.fd(), POLLIN, 0},
      // Asked for nothing: it answers when the pipe's reader has closed it.
      pollfd{output_.has_reader() ? STDOUT_FILENO : -1, 0, 0},
  };
  poll(wait.data(), wait.size(), deadline_.poll_timeout_ms());
  if ((wait[1].revents & POLLIN) != 0) return End::interrupted;
  if ((wait[2].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return End::reader_gone;
  return deadline_.passed() ? End::timed_out : End::none;
}

ExitCode Follower::code_of(End end, const FollowUntil& until) const {
  if (end == End::daemon_gone) complain("agentd is gone; what it had published was shown");
  if (end == End::broken)
    complain("the topic's ring is damaged: it says what no agentd writes, and is read no further");
  if (saw_gap_) return ExitCode::gap;
  switch (end) {
    case End::broken:
      return ExitCode::bad_data;
    case End::interrupted:
      return ExitCode::interrupted;
    case End::timed_out:
      return ExitCode::timed_out;
    case End::daemon_gone:
      return until.asks() ? ExitCode::unmet : ExitCode::unavailable;
    case End::none:
    case End::met:
    case End::reader_gone:
      break;
  }
  return ExitCode::done;
}

}  // namespace ringside::tools
