// SPDX-License-Identifier: Apache-2.0
//
// The state of one topic as the fold of its events, for agentd's keyframes and for the views of clients.
//
// Threads: one at a time.
// Trust:   events that have passed `check_event`.
// Memory:  that of the state; see AgentFold and PresenceFold. A one-token delta allocates nothing but what its message's
//          string needs to grow.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "schema/agent_fold.hpp"
#include "schema/event_buffer.hpp"
#include "schema/presence_fold.hpp"
#include "schema/token_delta.hpp"

namespace ringside::schema {

/// What the events of a topic add up to.
enum class StateKind : std::uint8_t {
  none,      ///< nothing: each event stands for itself
  agent,     ///< an `AgentState`
  presence,  ///< a `PresenceState`
};

/// An agent's main topic has the state of the agent, its debug topic none, every other topic a presence table.
StateKind state_kind_of(std::string_view topic) noexcept;

class Fold {
 public:
  explicit Fold(StateKind kind);

  /// Takes the next event in the topic's order. A `snapshot` replaces the state.
  void apply(const events::Event& event);
  /// The same as its encoded event, and cheaper.
  void apply(const TokenDelta& delta);

  /// An event with payload `snapshot`, stamped as the last event that had a stamp. One state has one encoding.
  [[nodiscard]] EventBuffer snapshot() const;
  /// The same into a builder that is clear, for those who keep one: its buffer then holds the finished event.
  void snapshot(flatbuffers::FlatBufferBuilder& builder) const;
  /// About the size of the snapshot: what a builder may begin with.
  [[nodiscard]] std::size_t size() const noexcept;

  [[nodiscard]] StateKind kind() const noexcept;
  [[nodiscard]] Stamp stamp() const noexcept;
  /// Nullptr for the other kinds.
  [[nodiscard]] const AgentFold* agent() const noexcept { return std::get_if<AgentFold>(&state_); }
  [[nodiscard]] const PresenceFold* presence() const noexcept { return std::get_if<PresenceFold>(&state_); }

 private:
  void replace(const events::Event& event, const events::Snapshot& snapshot);

  std::variant<std::monostate, AgentFold, PresenceFold> state_;
  Stamp stamp_;  // of topics of no agent; an AgentFold keeps its own
};

}  // namespace ringside::schema
