// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include <ringside/client.hpp>

#include "tools/audience.hpp"
#include "tools/deadline.hpp"
#include "tools/event_view.hpp"
#include "tools/exit_code.hpp"
#include "tools/interrupts.hpp"
#include "tools/output.hpp"

namespace ringside::tools {

/// What ends a follower before it is interrupted.
struct FollowUntil {
  std::optional<std::uint64_t> count;   ///< so many events were shown
  std::optional<events::Payload> kind;  ///< an event of this kind was shown

  [[nodiscard]] bool asks() const noexcept { return count || kind; }
};

/// Follows one subscription and shows it, until it is told to stop: the loop of
/// `tail` and of `presence --follow`.
///
/// Its result is `gap` if an event was lost, whatever ended it; else `done` if what it waited for
/// came or nobody reads any more, `unmet` if agentd went away before, `unavailable` if agentd went
/// away and nothing was waited for, `bad_data` if the ring says what no agentd writes.
class Follower {
 public:
  Follower(Subscription& subscription, EventView& view, Output& output, const Interrupts& interrupts,
           const Deadline& deadline);

  /// Called after each change of state, with nothing borrowed from the subscription: requests are allowed.
  void on_state(std::function<void(SubscriptionState)> handler) { on_state_ = std::move(handler); }

  /// Shows this too, in the same wait. It outlives the follower.
  void show_beside(Audience& audience) noexcept { audience_ = &audience; }

  ExitCode follow(const FollowUntil& until);

 private:
  enum class End { none, met, reader_gone, daemon_gone, broken, interrupted, timed_out };

  End show_news(const FollowUntil& until);
  End flush();
  End sleep();
  [[nodiscard]] int poll_timeout_ms() const;
  [[nodiscard]] ExitCode code_of(End end, const FollowUntil& until) const;

  Subscription& subscription_;
  EventView& view_;
  Output& output_;
  const Interrupts& interrupts_;
  const Deadline& deadline_;
  Audience* audience_ = nullptr;
  std::function<void(SubscriptionState)> on_state_;
  std::uint64_t shown_ = 0;
  bool saw_gap_ = false;
};

}  // namespace ringside::tools
