// SPDX-License-Identifier: Apache-2.0
#include "schema/agent_fold.hpp"

#include <algorithm>
#include <utility>

#include "schema/text_view.hpp"

namespace ringside::schema {
namespace {

using events::AgentStatus;
using events::Payload;

/// Absent where the table is.
template <class Table>
auto unpacked(const Table* table) {
  return std::unique_ptr<typename Table::NativeTableType>(table == nullptr ? nullptr : table->UnPack());
}

/// The objects of a vector of tables; none where it is absent.
template <class Table>
auto unpacked_all(const flatbuffers::Vector<flatbuffers::Offset<Table>>* tables) {
  std::vector<typename Table::NativeTableType> objects(tables == nullptr ? 0 : tables->size());
  for (std::size_t i = 0; i < objects.size(); ++i)
    tables->Get(static_cast<flatbuffers::uoffset_t>(i))->UnPackTo(&objects[i]);
  return objects;
}

constexpr std::size_t table_overhead = 64;

std::size_t size_of(const std::vector<std::unique_ptr<events::KeyValueT>>& pairs) {
  std::size_t size = 0;
  for (const auto& pair : pairs)
    size += table_overhead + pair->key.size() + pair->value.size();
  return size;
}

std::size_t size_of(const std::vector<std::unique_ptr<events::ContentPartT>>& parts) {
  std::size_t size = 0;
  for (const auto& part : parts)
    size += table_overhead + part->content.size() + size_of(part->options);
  return size;
}

std::size_t size_of(const events::MessageT& message) {
  std::size_t size = table_overhead + message.id.size() + message.name.size() + size_of(message.content) +
                     size_of(message.metadata);
  for (const auto& call : message.tool_calls)
    size += table_overhead + call->call_id.size() + call->name.size() + call->arguments.size() +
            call->display_text.size();
  for (const auto& result : message.tool_results)
    size += table_overhead + result->call_id.size() + result->name.size() + result->display_text.size() +
            size_of(result->content);
  return size;
}

}  // namespace

void AgentFold::apply(const events::Event& event) {
  if (admit({event.incarnation(), event.run()})) apply_payload(event);
}

void AgentFold::apply(const TokenDelta& delta) {
  if (!admit(delta.stamp)) return;
  const auto type =
      delta.part == TokenDelta::Part::text ? events::ContentType::text : events::ContentType::thinking;
  grow_message(delta.message_id, events::Role::assistant, [&](FoldedMessage& message) {
    message.fold.add_content(delta.part_index, type, delta.text);
    message.status = events::DeltaStatus::incomplete;
  });
}

bool AgentFold::admit(Stamp stamp) {
  if (stamp == stamp_ && begun_ && shutdown_ == nullptr) return true;
  return admit_other(stamp);
}

bool AgentFold::admit_other(Stamp stamp) {
  if (stamp.incarnation == 0) stamp.incarnation = stamp_.incarnation;
  if (stamp.incarnation < stamp_.incarnation) return false;
  if (stamp.incarnation > stamp_.incarnation) {
    *this = AgentFold();
    stamp_.incarnation = stamp.incarnation;
  }
  if (shutdown_ != nullptr) return false;
  if (stamp.run != 0 && stamp.run < stamp_.run) return false;
  if (stamp.run > stamp_.run) {
    stamp_.run = stamp.run;
    drop_messages();
    calls_.keep_interrupted();
  }
  begun_ = true;
  return true;
}

void AgentFold::apply_payload(const events::Event& event) {
  switch (event.payload_type()) {
    case Payload::llm_deltas:
      for (const events::MessageDelta* delta : *event.payload_as_llm_deltas()->deltas())
        apply(*delta);
      return;
    case Payload::status_changed:
      return apply(*event.payload_as_status_changed());
    case Payload::llm_message:
      return apply(*event.payload_as_llm_message()->message());
    case Payload::llm_token_usage:
      return usage_.add(*event.payload_as_llm_token_usage());
    case Payload::todos_updated:
      todos_ = unpacked_all(event.payload_as_todos_updated()->todos());
      return;
    case Payload::tool_call_identified:
      return calls_.identified(*event.payload_as_tool_call_identified()->tool());
    case Payload::tool_execution_started:
      return calls_.started(*event.payload_as_tool_execution_started()->tool());
    case Payload::tool_execution_interrupted: {
      const auto& interrupted = *event.payload_as_tool_execution_interrupted();
      return calls_.interrupted(text_view(interrupted.call_id()), text_view(interrupted.display_text()));
    }
    case Payload::tool_execution_completed:
      return calls_.ended(text_view(event.payload_as_tool_execution_completed()->call_id()));
    case Payload::tool_execution_failed:
      return calls_.ended(text_view(event.payload_as_tool_execution_failed()->call_id()));
    case Payload::tool_execution_cancelled:
      return calls_.ended(text_view(event.payload_as_tool_execution_cancelled()->call_id()));
    case Payload::message_queued:
      return enqueue(*event.payload_as_message_queued()->message());
    case Payload::conversation_title_generated:
      title_ = text_view(event.payload_as_conversation_title_generated()->title());
      return;
    case Payload::agent_shutdown:
      return end(*event.payload_as_agent_shutdown());
    default:  // tells nothing of the state: what is saved, what middleware says, what a later version adds
      return;
  }
}

void AgentFold::apply(const events::StatusChanged& changed) {
  status_ = changed.status();
  interrupt_ = unpacked(changed.interrupt());
  error_ = unpacked(changed.error());
  if (status_ == AgentStatus::running) return;
  drop_messages();
  if (status_ == AgentStatus::interrupted) {
    calls_.keep_interrupted();
  } else {
    calls_.clear();
  }
}

void AgentFold::apply(const events::MessageDelta& delta) {
  grow_message(text_view(delta.message_id()), delta.role(), [&](FoldedMessage& message) {
    message.fold.add(delta);
    message.status = delta.status();
  });
}

/// It is the truth: what its deltas made of it and its place in the queue are history.
void AgentFold::apply(const events::Message& message) {
  const std::string_view id = text_view(message.id());
  if (const auto open = std::ranges::find(messages_, id, &FoldedMessage::id); open != messages_.end()) {
    messages_size_ -= open->id.size() + open->fold.size();
    messages_.erase(open);
    last_message_ = 0;
  }
  if (const auto waiting = std::ranges::find(queued_, id, &events::MessageT::id); waiting != queued_.end()) {
    queued_size_ -= size_of(*waiting);
    queued_.erase(waiting);
  }
}

/// A message that is told twice keeps its place.
void AgentFold::enqueue(const events::Message& message) {
  auto place = std::ranges::find(queued_, text_view(message.id()), &events::MessageT::id);
  if (place == queued_.end()) {
    if (queued_.size() == queued_max) return;
    place = queued_.emplace(place);
  } else {
    queued_size_ -= size_of(*place);
    *place = events::MessageT();
  }
  message.UnPackTo(&*place);
  const std::size_t size = size_of(*place);
  if (queued_size_ + size > queued_size_max) {
    queued_.erase(place);
  } else {
    queued_size_ += size;
  }
}

void AgentFold::end(const events::AgentShutdown& shutdown) {
  shutdown_ = unpacked(&shutdown);
  drop_messages();
  calls_.clear();
}

template <class Grow>
void AgentFold::grow_message(std::string_view id, events::Role role, Grow&& grow) {
  const bool same = last_message_ < messages_.size() && messages_[last_message_].id == id;
  FoldedMessage* const message = same ? &messages_[last_message_] : find_or_add_message(id, role);
  if (message == nullptr || message->truncated) return;
  const std::size_t before = message->fold.size();
  grow(*message);
  messages_size_ += message->fold.size() - before;
  message->truncated = messages_size_ > messages_size_max || message->fold.item_count() > items_max;
}

FoldedMessage* AgentFold::find_or_add_message(std::string_view id, events::Role role) {
  const auto known = std::ranges::find(messages_, id, &FoldedMessage::id);
  if (known == messages_.end()) {
    if (messages_.size() == messages_max) return nullptr;
    messages_.push_back({.id = std::string(id), .role = role, .fold = {}});
    messages_size_ += id.size();
    last_message_ = messages_.size() - 1;
  } else {
    last_message_ = static_cast<std::size_t>(known - messages_.begin());
  }
  return &messages_[last_message_];
}

void AgentFold::drop_messages() noexcept {
  messages_.clear();
  messages_size_ = 0;
}

void AgentFold::restore(Stamp stamp, const events::AgentState* state) {
  *this = AgentFold();
  stamp_ = stamp;
  if (state == nullptr) return;
  begun_ = true;
  status_ = state->status();
  interrupt_ = unpacked(state->interrupt());
  error_ = unpacked(state->error());
  shutdown_ = unpacked(state->shutdown());
  title_ = text_view(state->title());
  todos_ = unpacked_all(state->todos());
  queued_ = unpacked_all(state->queued());
  for (const events::MessageT& message : queued_)
    queued_size_ += size_of(message);
  calls_.restore(state->calls());
  if (state->usage() != nullptr) usage_.restore(*state->usage());
  if (state->messages() == nullptr) return;
  for (const events::OpenMessage* open : *state->messages()) {
    FoldedMessage& message = messages_.emplace_back();
    message.id = text_view(open->id());
    message.role = open->role();
    message.status = open->status();
    message.truncated = open->truncated();
    message.fold.restore(*open);
    messages_size_ += message.id.size() + message.fold.size();
  }
}

std::size_t AgentFold::size() const noexcept {
  constexpr std::size_t frame = 1024;
  return frame + messages_size_ + queued_size_ + calls_.size() + title_.size() +
         table_overhead * todos_.size();
}

}  // namespace ringside::schema
