// SPDX-License-Identifier: Apache-2.0
#include "agentd/presence_board.hpp"

#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

#include "schema/event_buffer.hpp"

namespace ringside::agentd {

PresenceBoard::PresenceBoard(TopicTable& topics) : topics_(topics) {
  topics_.begin_with([this](std::string_view topic) { return state_of(topic); });
}

/// Nothing where nobody is.
std::optional<schema::EventBuffer> PresenceBoard::state_of(std::string_view topic) const {
  PresencePage everybody = tables_.all(topic);
  if (everybody.entries.empty()) return std::nullopt;
  events::PresenceStateT state;
  state.version = everybody.version;
  state.entries = std::move(everybody.entries);
  events::SnapshotT snapshot;
  snapshot.presence = std::make_unique<events::PresenceStateT>(std::move(state));
  events::EventT event;
  event.payload.Set(std::move(snapshot));
  return schema::pack(event);
}

expected<std::uint64_t, Refusal> PresenceBoard::track(ClientId client, std::string_view topic,
                                                      std::string_view key, PresenceValues meta) {
  auto tracked = tables_.track(client, topic, key, std::move(meta));
  if (!tracked) return unexpected<Refusal>(std::move(tracked.error()));
  tell(std::move(tracked->change));
  return tracked->ref;
}

expected<std::uint64_t, Refusal> PresenceBoard::update(ClientId client, std::string_view topic,
                                                       std::string_view key, PresenceValues meta) {
  auto tracked = tables_.update(client, topic, key, std::move(meta));
  if (!tracked) return unexpected<Refusal>(std::move(tracked.error()));
  tell(std::move(tracked->change));
  return tracked->ref;
}

bool PresenceBoard::untrack(ClientId client, std::string_view topic, std::string_view key) {
  auto change = tables_.untrack(client, topic, key);
  if (!change) return false;
  tell(std::move(*change));
  return true;
}

void PresenceBoard::client_gone(ClientId client) {
  for (PresenceChange& change : tables_.client_gone(client))
    tell(std::move(change));
}

void PresenceBoard::tell(PresenceChange change) {
  if (const auto topic = topics_.find(change.topic)) {
    events::EventT event;
    event.payload.Set(std::move(change.diff));
    if (!topic->publish(schema::pack(event))) {
      spdlog::error("topic {}: a presence diff was not published: shared memory is short", change.topic);
    }
    if (topic->stalled()) topics_.retry_stalled();
  }
  if (viewers_) viewers_(change.topic, change.viewers);
}

}  // namespace ringside::agentd
