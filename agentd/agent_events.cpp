// SPDX-License-Identifier: Apache-2.0
#include "agentd/agent_events.hpp"

#include <memory>
#include <utility>

namespace ringside::agentd {
namespace {

std::unique_ptr<events::MessageT> whole(const UserMessage& message) {
  auto part = std::make_unique<events::ContentPartT>();
  part->type = events::ContentType::text;
  part->content = message.text;
  auto whole = std::make_unique<events::MessageT>();
  whole->id = message.id;
  whole->role = events::Role::user;
  whole->status = events::MessageStatus::complete;
  whole->content.push_back(std::move(part));
  return whole;
}

}  // namespace

schema::EventBuffer status_changed(schema::Stamp stamp, events::AgentStatus status,
                                   const events::ErrorT* error, const events::InterruptT* interrupt) {
  events::StatusChangedT changed;
  changed.status = status;
  if (error != nullptr) changed.error = std::make_unique<events::ErrorT>(*error);
  if (interrupt != nullptr) changed.interrupt = std::make_unique<events::InterruptT>(*interrupt);
  return schema::pack(stamp, std::move(changed));
}

schema::EventBuffer todos_at_start(schema::Stamp stamp) {
  events::TodosUpdatedT todos;
  todos.reason = events::TodosReason::restored;
  return schema::pack(stamp, std::move(todos));
}

schema::EventBuffer user_message(schema::Stamp stamp, const UserMessage& message) {
  events::LlmMessageT published;
  published.message = whole(message);
  return schema::pack(stamp, std::move(published));
}

schema::EventBuffer message_queued(schema::Stamp stamp, const UserMessage& message) {
  events::MessageQueuedT queued;
  queued.message = whole(message);
  return schema::pack(stamp, std::move(queued));
}

schema::EventBuffer chain_error(schema::Stamp stamp, const events::ErrorT& error) {
  events::ChainErrorT failed;
  failed.error = std::make_unique<events::ErrorT>(error);
  return schema::pack(stamp, std::move(failed));
}

schema::EventBuffer agent_shutdown(schema::Stamp stamp, events::AgentShutdownT shutdown) {
  return schema::pack(stamp, std::move(shutdown));
}

}  // namespace ringside::agentd
