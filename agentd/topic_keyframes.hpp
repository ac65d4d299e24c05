// SPDX-License-Identifier: Apache-2.0
//
// The state of a topic, as keyframes of its ring.
//
// Nothing is folded when it is published: what the ring holds is read back and folded before its segment is left, while it
// is still in the cache, and where a keyframe is due. One is due
//   - before the last one would be more than half a window behind; a large state, which would take more than a twentieth
//     of what is published meanwhile, waits longer, up to the window less two segments, and where nobody reads for ever;
//   - at a joint, if it takes no more than a twentieth of what was published since the last one;
//   - for who asks for state, if there is none or too much came since the last one (docs/adr/0008-keyframes.md).
//
// Threads  : the holder of the topic's writing role.
// Progress : bounded by a segment's events and by the state.
// Loss     : where a keyframe finds no space publishing goes on; the next try is half a window later, or for who asks. A
//            state that has no place in the ring is encoded once, and then not before it is smaller.
// Memory   : the state. Where there is none for it, the topic has no keyframes until its agent's next life.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "schema/event_buffer.hpp"
#include "schema/fold.hpp"
#include "shm/large_segments.hpp"
#include "shm/ring_writer.hpp"

namespace ringside::agentd {

/// Where a status, a message or a life ends: a state worth beginning with, and a small one.
[[nodiscard]] constexpr bool is_joint(events::Payload kind) noexcept {
  return kind == events::Payload::status_changed || kind == events::Payload::llm_message ||
         kind == events::Payload::agent_shutdown;
}

class TopicKeyframes {
 public:
  /// A keyframe takes at most one part in so many of what is published, as long as the state is not too large for that.
  static constexpr std::uint64_t events_per_keyframe = 20;

  /// Of a ring that has no event yet; `initial`, a snapshot, is the state until then. Both outlive this.
  TopicKeyframes(shm::RingWriter& writer, shm::LargeSegments& large, schema::StateKind kind,
                 const std::optional<schema::EventBuffer>& initial);

  /// Whether the topic has a state at all.
  [[nodiscard]] bool wanted() const noexcept { return kind_ != schema::StateKind::none; }

  /// Before anything that may roll: what the ring holds is in the state afterwards, and the last keyframe near enough.
  void before_roll(std::int64_t time_ns) noexcept;
  /// Behind a joint.
  void at_joint(std::int64_t time_ns) noexcept;
  /// Where who asks for state begins; nothing where there is no keyframe and no space for one.
  [[nodiscard]] std::optional<shm::Cursor> for_subscriber(std::int64_t time_ns) noexcept;

  /// Before the first event of a life, which needs nothing of those before: the state begins anew if it was given up.
  void begin_life() noexcept;

  /// Before events that were not folded might leave the window.
  void catch_up() noexcept;

 private:
  [[nodiscard]] std::uint64_t bytes_since() const noexcept {
    return writer_.published_bytes() - bytes_at_keyframe_;
  }
  [[nodiscard]] bool rests() const noexcept;
  [[nodiscard]] bool is_due_at_roll() const noexcept;
  [[nodiscard]] std::uint64_t payload_size_max() const noexcept;
  void publish(std::int64_t time_ns, std::uint64_t size_max) noexcept;
  bool write(std::span<const std::byte> snapshot, std::int64_t time_ns) noexcept;

  shm::RingWriter& writer_;
  shm::LargeSegments& large_;
  schema::StateKind kind_;
  std::optional<schema::Fold> fold_;     // none: no state, or no memory for it
  shm::Cursor folded_;                   // everything before it is in the state
  std::optional<std::int64_t> time_ns_;  // of the last event in it
  std::uint64_t bytes_at_keyframe_ = 0;
  std::optional<std::uint64_t> failed_at_;  // the generation of the last try, if it found no space
  // fold_->size() of a state that had no place in the ring.
  std::size_t too_large_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace ringside::agentd
