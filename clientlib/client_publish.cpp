// SPDX-License-Identifier: Apache-2.0
//
// Publishing from outside of agentd: one frame, all of its events or none.
#include <utility>

#include <ringside/client.hpp>

#include "clientlib/session.hpp"
#include "schema/event_buffer.hpp"
#include "schema/topic_name.hpp"

namespace ringside {
namespace {

using detail::failure;

using Encoded = std::unique_ptr<control::EncodedEventT>;

Encoded to_encoded(std::span<const std::byte> bytes) {
  auto encoded = std::make_unique<control::EncodedEventT>();
  encoded->bytes.reserve(bytes.size());
  for (const std::byte byte : bytes)
    encoded->bytes.push_back(std::to_integer<std::uint8_t>(byte));
  return encoded;
}

enum class To { main, debug };

expected<Published, RequestError> publish_all(detail::Session& session, std::string_view agent_id, To to,
                                              std::vector<Encoded> events) {
  if (!schema::valid_agent_id(agent_id))
    return failure(RequestFault::bad_input, "'" + std::string(agent_id) + "' cannot be an agent's id");
  if (events.empty()) return failure(RequestFault::bad_input, "there is no event to publish");
  control::PublishT table;
  table.agent_id = agent_id;
  table.events = std::move(events);
  table.debug = to == To::debug;
  control::RequestT request;
  request.body.Set(std::move(table));
  return session.ask_for<control::PublishReply>(std::move(request), [](const control::PublishReply& reply) {
    return Published{.first_sequence = reply.first_sequence(), .count = reply.count()};
  });
}

expected<Published, RequestError> publish_bytes(detail::Session& session, std::string_view agent_id, To to,
                                                std::span<const std::span<const std::byte>> batch) {
  std::vector<Encoded> events;
  events.reserve(batch.size());
  for (const std::span<const std::byte> bytes : batch)
    events.push_back(to_encoded(bytes));
  return publish_all(session, agent_id, to, std::move(events));
}

expected<Published, RequestError> publish_events(detail::Session& session, std::string_view agent_id, To to,
                                                 std::span<const events::EventT> batch) {
  std::vector<Encoded> events;
  events.reserve(batch.size());
  for (const events::EventT& event : batch) {
    if (event.payload.type == events::Payload::NONE || event.payload.value == nullptr)
      return failure(RequestFault::bad_input, "an event without a payload");
    events.push_back(to_encoded(schema::pack(event).bytes()));
  }
  return publish_all(session, agent_id, to, std::move(events));
}

}  // namespace

expected<Published, RequestError> Client::publish(std::string_view agent_id,
                                                  std::span<const std::span<const std::byte>> batch) {
  return publish_bytes(*session_, agent_id, To::main, batch);
}

expected<Published, RequestError> Client::publish(std::string_view agent_id,
                                                  std::span<const std::byte> event) {
  return publish(agent_id, std::span(&event, 1));
}

expected<Published, RequestError> Client::publish(std::string_view agent_id,
                                                  std::span<const events::EventT> batch) {
  return publish_events(*session_, agent_id, To::main, batch);
}

expected<Published, RequestError> Client::publish(std::string_view agent_id, const events::EventT& event) {
  return publish(agent_id, std::span(&event, 1));
}

expected<Published, RequestError> Client::publish_debug(std::string_view agent_id,
                                                        std::span<const std::span<const std::byte>> batch) {
  return publish_bytes(*session_, agent_id, To::debug, batch);
}

expected<Published, RequestError> Client::publish_debug(std::string_view agent_id,
                                                        const events::EventT& event) {
  return publish_events(*session_, agent_id, To::debug, std::span(&event, 1));
}

}  // namespace ringside
