// SPDX-License-Identifier: Apache-2.0
#include "agentd/agent_events.hpp"

#include <memory>
#include <utility>

namespace ringside::agentd {
namespace {

template <class Payload>
schema::EventBuffer stamped(schema::Stamp stamp, Payload payload) {
  events::EventT event;
  event.incarnation = stamp.incarnation;
  event.run = stamp.run;
  event.payload.Set(std::move(payload));
  return schema::pack(event);
}

}  // namespace

schema::EventBuffer status_changed(schema::Stamp stamp, events::AgentStatus status,
                                   const events::ErrorT* error, const events::InterruptT* interrupt) {
  events::StatusChangedT changed;
  changed.status = status;
  if (error != nullptr) changed.error = std::make_unique<events::ErrorT>(*error);
  if (interrupt != nullptr) changed.interrupt = std::make_unique<events::InterruptT>(*interrupt);
  return stamped(stamp, std::move(changed));
}

schema::EventBuffer todos_at_start(schema::Stamp stamp) {
  events::TodosUpdatedT todos;
  todos.reason = events::TodosReason::restored;
  return stamped(stamp, std::move(todos));
}

schema::EventBuffer user_message(schema::Stamp stamp, const UserMessage& message) {
  auto part = std::make_unique<events::ContentPartT>();
  part->type = events::ContentType::text;
  part->content = message.text;
  events::LlmMessageT published;
  published.message = std::make_unique<events::MessageT>();
  published.message->id = message.id;
  published.message->role = events::Role::user;
  published.message->status = events::MessageStatus::complete;
  published.message->content.push_back(std::move(part));
  return stamped(stamp, std::move(published));
}

schema::EventBuffer chain_error(schema::Stamp stamp, const events::ErrorT& error) {
  events::ChainErrorT failed;
  failed.error = std::make_unique<events::ErrorT>(error);
  return stamped(stamp, std::move(failed));
}

schema::EventBuffer agent_shutdown(schema::Stamp stamp, events::AgentShutdownT shutdown) {
  return stamped(stamp, std::move(shutdown));
}

}  // namespace ringside::agentd
