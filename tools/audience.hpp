// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <ringside/client.hpp>

#include "tools/live_text.hpp"

namespace ringside::tools {

/// Who watches an agent, beside its events: who comes and goes, and how long it lives on when nobody does. It looks and
/// is never counted.
///
/// Where agentd refuses to show the viewers it says so once a life, and shows none.
class Audience {
 public:
  /// `client` and `text` outlive it; `client` is the one whose subscription the topic itself is followed with.
  Audience(Client& client, std::string agent, LiveText& text);

  /// A life has begun, or there is none now.
  void life_changed();
  /// What an event of the agent's topic says may have started the grace period, or ended it.
  void saw(const Event& event) noexcept;

  /// Shows what has changed; asks agentd where that is the only one to know. `next_sequence` is that of the agent's topic:
  /// what agentd says of a moment beyond it is shown once that was read.
  void show_news(std::string& out, std::uint64_t next_sequence);

  /// As `Subscription::arm`, for the client's subscriptions together.
  bool arm() { return client_.arm(); }
  /// When `show_news` has something to show though nothing has come: milliseconds, or -1 for never.
  [[nodiscard]] int poll_timeout_ms() const;

 private:
  void look(std::string& out, std::uint64_t next_sequence);
  void follow(std::string& out, const std::string& topic);

  Client& client_;
  std::string agent_;
  LiveText& text_;
  std::string topic_;  // where the viewers of this life are counted; empty: not known, or nowhere
  std::optional<Subscription> viewers_;
  std::optional<std::int64_t> ends_at_;  // as AgentInfo::grace_ends_at
  bool stale_ = true;
};

}  // namespace ringside::tools
