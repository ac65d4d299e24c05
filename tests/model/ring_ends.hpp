// SPDX-License-Identifier: Apache-2.0
//
// Both ends of a modelled ring: a writer whose every event follows from its sequence, and what a reader may be given.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "shm/ring_record.hpp"
#include "shm/ring_writer.hpp"
#include "tests/model/relacy_atomics.hpp"
#include "tests/model/ring_bytes.hpp"

namespace ringside::model {

[[nodiscard]] constexpr shm::RingGeometry small_geometry(std::uint32_t subscriptions,
                                                         std::uint32_t reliable_segments = 0,
                                                         std::uint32_t large_segments = 0) noexcept {
  return {.segment_size = shm::segment_size_min,
          .window_segments = shm::window_segments_min,
          .subscription_max = subscriptions,
          .pins_per_subscription = shm::pins_min,
          .reliable_segments = reliable_segments,
          .large_segments = large_segments,
          .large_segment_size = large_segments == 0 ? 0 : shm::segment_size_min + shm::page_size};
}

[[nodiscard]] constexpr std::uint64_t value_of(std::uint64_t sequence) noexcept {
  return sequence * 1000;
}

/// Of the keyframe that includes the events up to this sequence.
[[nodiscard]] constexpr std::uint64_t state_value_of(std::uint64_t sequence) noexcept {
  return sequence * 1000 + 7;
}

/// A ring and its writer. `backed` segments have pages; the pool's own number of them where nothing else is said.
template <class Shape, class Payload, std::uint32_t subscriptions, std::uint32_t reliable_segments = 0,
          std::uint32_t large_segments = 0>
class ModelRing {
 public:
  static constexpr shm::RingGeometry geometry =
      small_geometry(subscriptions, reliable_segments, large_segments);
  using Memory = RelacyMemory<Shape, Payload, geometry.table_entries()>;
  using Writer = shm::BasicRingWriter<Memory, FixedBacking>;

  explicit ModelRing(std::uint32_t backed = geometry.pool_segments())
      : writer_(std::make_unique<Writer>(view(), FixedBacking(geometry, backed), 1)) {}

  [[nodiscard]] Memory view() noexcept { return Memory(bytes_, geometry); }
  [[nodiscard]] Writer& writer() noexcept { return *writer_; }

  /// Of the events so far.
  void publish_keyframe() noexcept {
    const std::uint64_t sequence = writer_->next_sequence() - 1;
    const std::uint64_t value = state_value_of(sequence);
    std::memcpy(payload_.data(), &value, sizeof(value));
    const auto published = writer_->publish_keyframe(payload_, static_cast<std::uint32_t>(sequence),
                                                     static_cast<std::int64_t>(sequence * 10));
    require(published.has_value(), "the keyframe was refused");
  }

  /// The next `count` events. A writer never waits and, with the pool that it is promised, never shrinks its window.
  void publish(int count) noexcept {
    for (int i = 0; i < count; ++i) {
      const std::uint64_t sequence = writer_->next_sequence();
      const std::uint64_t value = value_of(sequence);
      std::memcpy(payload_.data(), &value, sizeof(value));
      const auto published = writer_->publish(payload_, static_cast<std::uint32_t>(sequence),
                                              static_cast<std::int64_t>(sequence * 10));
      require(published.has_value() && *published == sequence, "the publish was refused");
      require(writer_->counters().shrunk == 0, "the window had to shrink");
    }
  }
  /// The next event, whose value lies in this large segment already.
  void publish_large(std::uint32_t index, std::uint32_t length) noexcept {
    const std::uint64_t sequence = writer_->next_sequence();
    const std::uint64_t published =
        writer_->publish_large(index, length, Shape::record_size, static_cast<std::uint32_t>(sequence),
                               static_cast<std::int64_t>(sequence * 10));
    require(published == sequence, "the event took another sequence");
  }

 private:
  RingBytes<Shape, Payload, geometry.table_entries()> bytes_;
  std::unique_ptr<Writer>
      writer_;  // wants a line of its own, which relacy's place for a model is not aligned to
  std::array<std::byte, Shape::record_size> payload_{};
};

[[nodiscard]] inline std::uint64_t value_in_place(const shm::Record& record) noexcept {
  return static_cast<const PlainPayload*>(static_cast<const void*>(record.payload))->load();
}
[[nodiscard]] inline std::uint64_t value_of_copy(const shm::Record& record) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, record.payload, sizeof(value));
  return value;
}

/// Every event once, in order and whole, but for gaps that name exactly what is missing; and where state is wanted, behind
/// each gap the state so far, once.
class Expectation {
 public:
  explicit Expectation(std::uint64_t first, shm::StateWish wish = shm::StateWish::none) noexcept
      : next_(first),
        wants_state_(wish != shm::StateWish::none),
        owed_state_(wish == shm::StateWish::at_once) {}

  /// `value` reads the payload of a record.
  template <class Value>
  void see(const shm::Next& found, Value&& value) noexcept {
    if (found.kind == shm::Next::Kind::gap) {
      require(found.gap.first == next_ && found.gap.count > 0, "the gap does not begin where the reader was");
      next_ += found.gap.count;
      owed_state_ = wants_state_;
    } else if (found.kind == shm::Next::Kind::keyframe) {
      const shm::Record& record = found.record;
      require(owed_state_, "a keyframe that nobody asked for");
      require(record.sequence + 1 == next_, "events are missing behind the keyframe, or come twice");
      require(
          record.kind == record.sequence && record.time_ns == static_cast<std::int64_t>(record.sequence * 10),
          "time or kind are another record's");
      require(value(record) == state_value_of(record.sequence), "the state is another keyframe's");
      owed_state_ = false;
    } else if (found.kind == shm::Next::Kind::record) {
      const shm::Record& record = found.record;
      require(!owed_state_, "an event before the state that it changes");
      require(record.sequence == next_, "an event is missing, or comes twice");
      require(record.kind == next_ && record.time_ns == static_cast<std::int64_t>(next_ * 10),
              "time or kind are another event's");
      require(value(record) == value_of(next_), "the payload is another event's");
      ++next_;
    }
  }
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }

 private:
  std::uint64_t next_;
  bool wants_state_;
  bool owed_state_;
};

}  // namespace ringside::model
