// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "agentd/presence.hpp"
#include "agentd/topic_table.hpp"
#include "schema/event_buffer.hpp"

namespace ringside::agentd {

/// The presence tables, told to whoever should know: each change as a `presence_diff` on its own topic, if anybody
/// reads that, and as a number of viewers to the agents that are watched there. A ring that is made for such a topic
/// begins with the table.
///
/// Threads:  the conductor only.
/// Ordering: the table changes first, then the diff is published, then the viewers are told.
class PresenceBoard {
 public:
  using Viewers = std::function<void(std::string_view topic, std::uint32_t count)>;

  explicit PresenceBoard(TopicTable& topics);

  /// Whom to tell how many keys a topic has.
  void on_viewers(Viewers viewers) { viewers_ = std::move(viewers); }

  expected<std::uint64_t, Refusal> track(ClientId client, std::string_view topic, std::string_view key,
                                         PresenceValues meta);
  expected<std::uint64_t, Refusal> update(ClientId client, std::string_view topic, std::string_view key,
                                          PresenceValues meta);
  /// True where there was something to remove.
  bool untrack(ClientId client, std::string_view topic, std::string_view key);
  void client_gone(ClientId client);

  [[nodiscard]] const Presence& tables() const noexcept { return tables_; }

 private:
  void tell(PresenceChange change);
  [[nodiscard]] std::optional<schema::EventBuffer> state_of(std::string_view topic) const;

  TopicTable& topics_;
  Presence tables_;
  Viewers viewers_;
};

}  // namespace ringside::agentd
