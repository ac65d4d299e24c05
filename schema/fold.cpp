// SPDX-License-Identifier: Apache-2.0
#include "schema/fold.hpp"

#include "schema/topic_name.hpp"

namespace ringside::schema {

StateKind state_kind_of(std::string_view topic) noexcept {
  if (is_debug_topic(topic)) return StateKind::none;
  return agent_of(topic) ? StateKind::agent : StateKind::presence;
}

Fold::Fold(StateKind kind) {
  if (kind == StateKind::agent) state_.emplace<AgentFold>();
  if (kind == StateKind::presence) state_.emplace<PresenceFold>();
}

void Fold::apply(const events::Event& event) {
  if (event.payload_type() == events::Payload::snapshot) return replace(event, *event.payload_as_snapshot());
  if (auto* agent = std::get_if<AgentFold>(&state_)) return agent->apply(event);
  if (event.incarnation() != 0 || event.run() != 0) stamp_ = {event.incarnation(), event.run()};
  auto* const presence = std::get_if<PresenceFold>(&state_);
  const auto* const diff = event.payload_as_presence_diff();
  if (presence != nullptr && diff != nullptr) presence->apply(*diff);
}

void Fold::apply(const TokenDelta& delta) {
  if (auto* agent = std::get_if<AgentFold>(&state_)) return agent->apply(delta);
  if (delta.stamp != Stamp()) stamp_ = delta.stamp;
}

void Fold::replace(const events::Event& event, const events::Snapshot& snapshot) {
  stamp_ = {event.incarnation(), event.run()};
  if (auto* agent = std::get_if<AgentFold>(&state_)) agent->restore(stamp_, snapshot.agent());
  if (auto* presence = std::get_if<PresenceFold>(&state_)) presence->restore(snapshot.presence());
}

EventBuffer Fold::snapshot() const {
  flatbuffers::FlatBufferBuilder builder(size());
  snapshot(builder);
  return EventBuffer::copy_of(std::as_bytes(builder.GetBufferSpan()));
}

void Fold::snapshot(flatbuffers::FlatBufferBuilder& builder) const {
  flatbuffers::Offset<events::AgentState> agent_state;
  flatbuffers::Offset<events::PresenceState> presence_state;
  if (agent() != nullptr) agent_state = agent()->encode(builder);
  if (presence() != nullptr) presence_state = presence()->encode(builder);
  const auto snapshot = events::CreateSnapshot(builder, agent_state, presence_state);
  events::FinishEventBuffer(builder, events::CreateEvent(builder, stamp().incarnation, stamp().run,
                                                         events::Payload::snapshot, snapshot.Union()));
}

std::size_t Fold::size() const noexcept {
  constexpr std::size_t frame = 256;
  if (agent() != nullptr) return agent()->size();
  return frame + (presence() == nullptr ? 0 : presence()->size());
}

StateKind Fold::kind() const noexcept {
  return static_cast<StateKind>(state_.index());
}

Stamp Fold::stamp() const noexcept {
  return agent() == nullptr ? stamp_ : agent()->stamp();
}

}  // namespace ringside::schema
