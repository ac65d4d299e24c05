// SPDX-License-Identifier: Apache-2.0
//
// The state of an agent, as its main topic tells it: the same fold that agentd makes its keyframes of.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <ringside/event.hpp>

namespace ringside {

/// One part of a message in flight, as far as it was streamed.
struct PartInFlight {
  std::uint32_t index = 0;
  events::ContentType type = events::ContentType::text;
  std::string_view content;
};

/// A message of which deltas came and the whole did not yet.
struct MessageInFlight {
  std::string_view id;
  events::Role role = events::Role::assistant;
  events::DeltaStatus status = events::DeltaStatus::incomplete;
  bool truncated = false;                         ///< it has outgrown what a state keeps, and ends early
  std::span<const PartInFlight> parts;            ///< by index; thinking is a part of its own
  std::span<const events::ToolCallT> tool_calls;  ///< by index; the arguments so far
};

/// A tool call that was identified or started and has no end yet.
struct OpenToolCall {
  events::CallPhase phase = events::CallPhase::identified;
  std::uint32_t index = 0;
  std::string_view call_id;  ///< empty: not known
  std::string_view name;
  std::string_view arguments;
  std::string_view display_text;
};

/// Sums over the model calls of this life. `extras` are the provider's own counters.
struct AgentUsage {
  std::uint64_t calls = 0;
  std::uint64_t input = 0;
  std::uint64_t output = 0;
  std::map<std::string, std::uint64_t, std::less<>> extras = {};
};

/// Follows the main topic of one agent: hand it every event that a subscription hands out.
///
///     AgentView view;
///     sub->poll([&](const Event& event) { view.apply(event); });
///     if (view.known()) show(view.status(), view.messages());
///
/// The state is known from a `snapshot` on, from the topic's first event on, and from the first event of a life that
/// begins while the view follows. A hole in the sequence makes it unknown again until one of them comes; the accessors
/// then say what a state says of which nothing is known.
///
/// Lifetime: what accessors return is good until the next apply, lost or move.
/// Threads:  one at a time, accessors included.
class AgentView {
 public:
  AgentView();
  AgentView(AgentView&&) noexcept;
  AgentView& operator=(AgentView&&) noexcept;
  ~AgentView();

  /// Takes the next event in and returns true; one that the state includes already changes nothing and returns false.
  bool apply(const Event& event);
  /// The same for an event that was read elsewhere. Requires one that agentd has published or `EventJson` has read.
  bool apply(const events::Event& event, std::uint64_t sequence, std::int64_t time_ns = 0);

  /// Events were missed: the state is unknown.
  void lost();

  bool known() const noexcept;
  /// False before the agent's first life.
  bool begun() const noexcept;

  /// The number of the last event that was taken in; 0: none.
  std::uint64_t sequence() const noexcept;
  /// When agentd accepted it.
  std::int64_t time_ns() const noexcept;

  std::uint64_t incarnation() const noexcept;
  std::uint64_t run() const noexcept;
  events::AgentStatus status() const noexcept;
  /// What the agent waits for: with status interrupted, else null.
  const events::InterruptT* interrupt() const noexcept;
  /// With status error, else null.
  const events::ErrorT* error() const noexcept;
  /// Empty: none yet.
  std::string_view title() const noexcept;
  std::span<const events::TodoT> todos() const noexcept;
  std::span<const MessageInFlight> messages() const;
  std::span<const OpenToolCall> calls() const;
  /// User messages that wait for the run to end.
  std::span<const events::MessageT> queued() const noexcept;
  AgentUsage usage() const;
  /// How the life ended; null while it goes on.
  const events::AgentShutdownT* shutdown() const noexcept;

 private:
  friend class EventJson;
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace ringside
