// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "agentd/control_requests.hpp"
#include "schema/topic_name.hpp"

namespace ringside::agentd {

namespace {

using Pairs = flatbuffers::Vector<flatbuffers::Offset<events::KeyValue>>;

PresenceValues values_of(const Pairs* pairs) {
  PresenceValues values;
  if (pairs == nullptr) return values;
  for (const events::KeyValue* pair : *pairs) {
    values.emplace_back(pair->key()->str(), pair->value() == nullptr ? std::string() : pair->value()->str());
  }
  return values;
}

/// Where clients may be present: on topics that are no agent's.
std::optional<Refusal> check_presence_topic(std::string_view topic) {
  if (!schema::valid_topic_name(topic)) {
    return Refusal{control::ErrorCode::bad_request,
                   fmt::format("a topic's name has 1 to {} bytes of UTF-8", schema::topic_name_size_max)};
  }
  if (topic.rfind("agent_server:", 0) == 0) {
    return Refusal{
        control::ErrorCode::not_allowed,
        fmt::format("viewers are not tracked on {}, which is agentd's, but on a topic of their own, such as "
                    "conversation:<id>",
                    topic)};
  }
  return std::nullopt;
}

void answer_with(expected<std::uint64_t, Refusal> ref, Responder responder) {
  if (!ref) return responder.refuse(std::move(ref.error()));
  control::TrackReplyT reply;
  reply.ref = *ref;
  responder.send(reply);
}

}  // namespace

void ControlRequests::track(Client& client, const control::Track& request, Responder responder) {
  const std::string_view topic = request.topic()->string_view();
  if (auto refusal = check_presence_topic(topic)) return responder.refuse(std::move(*refusal));
  if (client.attachment == nullptr) {
    return responder.refuse(
        {control::ErrorCode::not_attached, "attach before you track: the page has the heartbeat"});
  }
  if (client.presences >= conductor_.config().limits.presences_per_session) {
    return responder.refuse(
        {control::ErrorCode::no_slot,
         fmt::format("this session tracks {} entries, its limit (limits.presences_per_session)",
                     client.presences)});
  }
  auto ref =
      conductor_.presence().track(*client.id, topic, request.key()->string_view(), values_of(request.meta()));
  if (ref) presences_changed(client, client.presences + 1);
  answer_with(std::move(ref), std::move(responder));
}

void ControlRequests::update(Client& client, const control::Update& request, Responder responder) {
  answer_with(conductor_.presence().update(*client.id, request.topic()->string_view(),
                                           request.key()->string_view(), values_of(request.meta())),
              std::move(responder));
}

void ControlRequests::untrack(Client& client, const control::Untrack& request, Responder responder) {
  const bool was_there =
      conductor_.presence().untrack(*client.id, request.topic()->string_view(), request.key()->string_view());
  if (was_there) presences_changed(client, client.presences - 1);
  responder.ok();
}

void ControlRequests::presence_list(const control::PresenceList& request, Responder responder) {
  const std::string_view after =
      request.after() == nullptr ? std::string_view() : request.after()->string_view();
  std::optional<std::uint64_t> version;
  if (!after.empty()) version = request.version();
  auto page = conductor_.presence().tables().list(request.topic()->string_view(), after, version);
  if (!page) return responder.refuse(std::move(page.error()));
  control::PresenceListReplyT reply;
  reply.version = page->version;
  reply.entries = std::move(page->entries);
  reply.more = page->more;
  reply.stale = stale_among(reply.entries);
  responder.send(std::move(reply));
}

std::vector<std::string> ControlRequests::stale_among(
    const std::vector<std::unique_ptr<events::PresenceEntryT>>& entries) const {
  std::vector<std::string> found;
  for (const Client* client : heartbeats_.stale()) {
    const std::string id = to_string(*client->id);
    const auto is_its = [&id](const auto& meta) { return meta->client_id == id; };
    if (std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
          return std::any_of(entry->metas.begin(), entry->metas.end(), is_its);
        })) {
      found.push_back(id);
    }
  }
  return found;
}

void ControlRequests::presences_changed(Client& client, std::size_t count) {
  const std::size_t before = std::exchange(client.presences, count);
  if (before == 0 && count > 0) heartbeats_.watch(client);
  if (before > 0 && count == 0) heartbeats_.forget(client);
}

}  // namespace ringside::agentd
