// SPDX-License-Identifier: Apache-2.0
#include "agentd/presence_board.hpp"

#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

#include "schema/event_buffer.hpp"

namespace ringside::agentd {

namespace {

schema::EventBuffer snapshot_of(events::PresenceStateT table) {
  events::SnapshotT snapshot;
  snapshot.presence = std::make_unique<events::PresenceStateT>(std::move(table));
  events::EventT event;
  event.payload.Set(std::move(snapshot));
  return schema::pack(event);
}

}  // namespace

PresenceBoard::PresenceBoard(TopicTable& topics) : topics_(topics) {
  topics_.begin_with([this](std::string_view topic) { return begin_ring(topic); });
  topics_.on_retry([this] { return send_all_unsent(); });
}

/// Nothing where nobody is. What an earlier ring of the topic did not take is in the table.
std::optional<schema::EventBuffer> PresenceBoard::begin_ring(std::string_view topic) {
  if (const auto waiting = unsent_.find(topic); waiting != unsent_.end()) unsent_.erase(waiting);
  auto table = table_of(topic);
  if (table.entries.empty()) return std::nullopt;
  return snapshot_of(std::move(table));
}

events::PresenceStateT PresenceBoard::table_of(std::string_view topic) const {
  PresencePage everybody = tables_.all(topic);
  events::PresenceStateT state;
  state.version = everybody.version;
  state.entries = std::move(everybody.entries);
  return state;
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
    publish(*topic, schema::pack(event));
    if (topic->stalled() || unsent_.contains(change.topic)) topics_.retry_stalled();
  }
  if (viewers_) viewers_(change.topic, change.viewers);
}

/// After all that waits.
void PresenceBoard::publish(Topic& topic, schema::EventBuffer diff) {
  if (send_unsent(topic) && topic.publish(diff)) return;
  const auto [waiting, first] = unsent_.try_emplace(topic.name());
  if (first) spdlog::warn("topic {}: its presence diffs wait: shared memory is short", topic.name());
  Unsent& unsent = waiting->second;
  if (unsent.diffs.size() == unsent_max) {
    unsent.diffs.clear();
    unsent.too_many = true;
  }
  if (!unsent.too_many) unsent.diffs.push_back(std::move(diff));
}

/// Whether nothing waits any more.
bool PresenceBoard::send_unsent(Topic& topic) {
  const auto waiting = unsent_.find(topic.name());
  if (waiting == unsent_.end()) return true;
  topic.retry();
  if (topic.stalled()) return false;
  Unsent& unsent = waiting->second;
  if (unsent.too_many) {
    const auto sent = topic.publish(snapshot_of(table_of(topic.name())));
    if (!sent && sent.error() == PublishError::no_space) return false;
    if (!sent) spdlog::error("topic {}: its presence table is larger than an event may be", topic.name());
  }
  for (; !unsent.diffs.empty(); unsent.diffs.pop_front()) {
    if (!topic.publish(unsent.diffs.front())) return false;
  }
  unsent_.erase(waiting);
  return true;
}

bool PresenceBoard::send_all_unsent() {
  for (auto next = unsent_.begin(); next != unsent_.end();) {
    const auto waiting = next++;
    if (const auto topic = topics_.find(waiting->first)) {
      send_unsent(*topic);
    } else {
      unsent_.erase(waiting);  // a ring that is made for it begins with the table
    }
  }
  return unsent_.empty();
}

}  // namespace ringside::agentd
