// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agentd/presence.hpp"
#include "agentd/topic_table.hpp"
#include "schema/event_buffer.hpp"

namespace ringside::agentd {

/// The presence tables, told to whoever should know: each change as a `presence_diff` on its own topic, if anybody
/// reads that, and as a number of viewers to the agents that are watched there. A ring that is made for such a topic
/// begins with the table. Diffs that a topic does not take wait, and go before any later one; where too many wait, the
/// table itself goes in their place.
///
/// Threads:  the conductor only.
/// Ordering: the table changes first, then the diff is published, then the viewers are told.
/// Memory:   at most `unsent_max` diffs of a topic wait.
class PresenceBoard {
 public:
  static constexpr std::size_t unsent_max = 1024;

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
  /// What a topic did not take.
  struct Unsent {
    std::deque<schema::EventBuffer> diffs;  // in their order
    bool too_many = false;                  // they are gone, the table is to be sent
  };

  void tell(PresenceChange change);
  void publish(Topic& topic, schema::EventBuffer diff);
  bool send_unsent(Topic& topic);
  bool send_all_unsent();
  [[nodiscard]] events::PresenceStateT table_of(std::string_view topic) const;
  [[nodiscard]] std::optional<schema::EventBuffer> begin_ring(std::string_view topic);

  TopicTable& topics_;
  Presence tables_;
  Viewers viewers_;
  std::map<std::string, Unsent, std::less<>> unsent_;
};

}  // namespace ringside::agentd
