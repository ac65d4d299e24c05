// SPDX-License-Identifier: Apache-2.0
//
// The state of one agent as the fold of its main events: what a viewer needs to go on.
//
// A greater incarnation begins anew; a greater run drops the messages in flight and the open calls of the run before,
// save those that wait for a person: it may be the run that goes on with the answer, and each of them is told its end.
// What comes late, of an older life or an older run or of a life that has told its end, is ignored. An event
// without an incarnation or a run belongs to the current one. Two folds that saw the same events are equal, and
// so are a fold and one that was restored from its state and saw the rest.
//
// Threads: one at a time.
// Trust:   events that have passed `check_event`.
// Memory:  bounded, whatever is told: see the limits. A token in a message that is open allocates nothing but what its
//          string needs to grow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events_generated.h"
#include "schema/event_buffer.hpp"
#include "schema/message_fold.hpp"
#include "schema/open_calls_fold.hpp"
#include "schema/token_delta.hpp"
#include "schema/usage_fold.hpp"

namespace ringside::schema {

/// A message in flight: its deltas came and its `llm_message` did not yet.
struct FoldedMessage {
  std::string id;
  events::Role role = events::Role::assistant;
  events::DeltaStatus status = events::DeltaStatus::incomplete;
  bool truncated = false;  ///< it has outgrown the limits: nothing is added any more
  MessageFold fold;
};

class AgentFold {
 public:
  static constexpr std::size_t messages_max = 64;               ///< in flight; one that is beyond is not kept
  static constexpr std::size_t items_max = 4096;                ///< parts, options and calls of one message
  static constexpr std::size_t messages_size_max = 32u << 20u;  ///< of all messages in flight
  static constexpr std::size_t queued_max = 1024;               ///< one that is beyond is not kept
  static constexpr std::size_t queued_size_max = 8u << 20u;

  void apply(const events::Event& event);
  /// The same as its encoded event, and cheaper.
  void apply(const TokenDelta& delta);

  /// The state of which `encode` made this; nullptr is that of before the first life.
  void restore(Stamp stamp, const events::AgentState* state);
  /// One state has one encoding. Yields a null offset before the first life.
  flatbuffers::Offset<events::AgentState> encode(flatbuffers::FlatBufferBuilder& builder) const;
  /// About what `encode` needs.
  [[nodiscard]] std::size_t size() const noexcept;

  /// False before the first life.
  [[nodiscard]] bool begun() const noexcept { return begun_; }
  [[nodiscard]] Stamp stamp() const noexcept { return stamp_; }
  [[nodiscard]] events::AgentStatus status() const noexcept { return status_; }
  /// With status interrupted, else nullptr.
  [[nodiscard]] const events::InterruptT* interrupt() const noexcept { return interrupt_.get(); }
  /// With status error, else nullptr.
  [[nodiscard]] const events::ErrorT* error() const noexcept { return error_.get(); }
  [[nodiscard]] const std::string& title() const noexcept { return title_; }
  [[nodiscard]] std::span<const events::TodoT> todos() const noexcept { return todos_; }
  /// In order of appearance, as the next two.
  [[nodiscard]] std::span<const FoldedMessage> messages() const noexcept { return messages_; }
  [[nodiscard]] std::span<const FoldedCall> calls() const noexcept { return calls_.calls(); }
  [[nodiscard]] std::span<const events::MessageT> queued() const noexcept { return queued_; }
  [[nodiscard]] const UsageFold& usage() const noexcept { return usage_; }
  /// How the life ended; nullptr while it goes on.
  [[nodiscard]] const events::AgentShutdownT* shutdown() const noexcept { return shutdown_.get(); }

 private:
  /// Whether an event of this stamp counts; moves the state on to its life and run.
  bool admit(Stamp stamp);
  bool admit_other(Stamp stamp);
  void apply_payload(const events::Event& event);
  void apply(const events::StatusChanged& changed);
  void apply(const events::MessageDelta& delta);
  void apply(const events::Message& message);
  void apply(const events::TodosUpdated& updated);
  void enqueue(const events::Message& message);
  void end(const events::AgentShutdown& shutdown);

  /// `grow(FoldedMessage&)` is called with the message, unless it is truncated or one too many.
  template <class Grow>
  void grow_message(std::string_view id, events::Role role, Grow&& grow);
  FoldedMessage* find_or_add_message(std::string_view id, events::Role role);
  void drop_messages() noexcept;

  Stamp stamp_;
  bool begun_ = false;
  events::AgentStatus status_ = events::AgentStatus::idle;
  std::size_t last_message_ = 0;
  std::vector<FoldedMessage> messages_;
  std::size_t messages_size_ = 0;
  OpenCallsFold calls_;
  std::unique_ptr<events::InterruptT> interrupt_;
  std::unique_ptr<events::ErrorT> error_;
  std::unique_ptr<events::AgentShutdownT> shutdown_;
  std::string title_;
  std::vector<events::TodoT> todos_;
  std::vector<events::MessageT> queued_;
  std::size_t queued_size_ = 0;
  UsageFold usage_;
};

}  // namespace ringside::schema
