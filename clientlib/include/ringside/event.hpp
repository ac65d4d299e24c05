// SPDX-License-Identifier: Apache-2.0
//
// One event, read in place in the ring.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <ringside/events_generated.h>

namespace ringside {

namespace detail {
struct EventAccess;
struct HeldState;
}  // namespace detail

/// One event where agentd wrote it.
///
/// Lifetime: the event, and every pointer, string or vector reached from it, is good until the handler that
///           was given it returns, or until the loop that iterates takes its next step.
///           `Subscription::hold` keeps it for longer.
/// Threads:  immutable; any thread may read it while it is good.
class Event {
 public:
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() = default;

  /// The event's number in its topic: 1, 2, 3, ... without a hole at the writer. Of a snapshot: that of the last event
  /// which it includes, 0 before the first.
  std::uint64_t sequence() const noexcept { return sequence_; }

  /// When agentd accepted it, or the last event that a snapshot includes: nanoseconds since the epoch (CLOCK_REALTIME;
  /// it may step with the host's clock).
  std::int64_t time_ns() const noexcept { return time_ns_; }

  /// The name of its topic; good for as long as the subscription or the held event.
  std::string_view topic() const noexcept { return topic_; }

  /// Which member of the payload union it carries. A newer agentd may say a kind of no name here: skip it.
  events::Payload kind() const noexcept { return kind_; }

  /// Whether it is no event but the state after all events up to `sequence`: `as<events::Snapshot>()`. Who subscribes from
  /// `keyframe` is given one to begin with, and one behind each gap.
  bool is_snapshot() const noexcept { return kind_ == events::Payload::snapshot; }

  /// The agent's life and its run within that life that the event belongs to; 0 on topics of no agent.
  std::uint64_t incarnation() const noexcept { return get().incarnation(); }
  std::uint64_t run() const noexcept { return get().run(); }

  /// The event itself, in place. Its accessors read the ring; absent strings and tables are null pointers.
  const events::Event& get() const noexcept { return *event_; }

  /// The payload, or null if the event is of another kind: `event.as<events::LlmDeltas>()`.
  template <class Table>
  const Table* as() const noexcept {
    return kind_ == events::PayloadTraits<Table>::enum_value ? static_cast<const Table*>(get().payload())
                                                             : nullptr;
  }

  /// The encoded event, a finished FlatBuffer.
  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  friend struct detail::EventAccess;
  Event() = default;

  const events::Event* event_ = nullptr;
  std::span<const std::byte> bytes_;
  std::string_view topic_;
  std::uint64_t sequence_ = 0;
  std::int64_t time_ns_ = 0;
  events::Payload kind_ = events::Payload::NONE;
};

/// An event that stays whole until this handle is destroyed, whatever is published meanwhile, also after its
/// subscription and its client have gone and after agentd has ended.
///
/// Its bytes stay in the ring where the subscription has a pin to spare; else the handle owns a
/// copy. A pin that is held keeps one segment of the ring (64 KiB by default) from being used
/// again, and nobody waits for it.
///
/// Threads: any thread may read it. Destroying it, moving it away or assigning to it while it is `in_place()`
/// counts as a use of its subscription: one thread at a time.
class HeldEvent {
 public:
  HeldEvent() noexcept;
  HeldEvent(HeldEvent&&) noexcept;
  HeldEvent& operator=(HeldEvent&&) noexcept;
  ~HeldEvent();

  /// False for a handle that is default made or moved from; then it must not be dereferenced.
  explicit operator bool() const noexcept { return state_ != nullptr; }

  const Event& operator*() const noexcept;
  const Event* operator->() const noexcept { return &**this; }

  /// Whether the bytes lie in the ring (true) or in a copy (false).
  bool in_place() const noexcept;

 private:
  friend struct detail::EventAccess;
  std::unique_ptr<detail::HeldState> state_;
};

}  // namespace ringside
