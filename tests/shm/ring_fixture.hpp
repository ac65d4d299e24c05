// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "shm/copying_reader.hpp"
#include "shm/ring_reader.hpp"
#include "shm/ring_writer.hpp"

namespace ringside::shm {

/// Segments of a page, a window of three, two subscriptions of two pins: everything happens soon.
inline constexpr RingGeometry small_geometry{.segment_size = 4096,
                                             .window_segments = 3,
                                             .subscription_max = 2,
                                             .pins_per_subscription = 2,
                                             .reliable_segments = 0,
                                             .large_segments = 0,
                                             .large_segment_size = 0};

/// A payload whose words are a function of its sequence, so that a torn or foreign one is found out.
inline std::vector<std::byte> payload_of(std::uint64_t sequence, std::size_t size) {
  std::vector<std::byte> payload(size);
  for (std::size_t i = 0; i < size; i += 8) {
    const std::uint64_t word = (sequence + 1) * 0x9e3779b97f4a7c15 + i;
    std::memcpy(payload.data() + i, &word, std::min<std::size_t>(8, size - i));
  }
  return payload;
}

inline bool is_whole(const Record& record) {
  const auto expected = payload_of(record.sequence, record.size);
  return std::equal(expected.begin(), expected.end(), record.payload);
}

/// Of the keyframe that includes the events up to this sequence.
inline std::vector<std::byte> keyframe_payload_of(std::uint64_t sequence, std::size_t size) {
  return payload_of(~sequence, size);
}

inline bool is_whole_keyframe(const Record& record) {
  const auto expected = keyframe_payload_of(record.sequence, record.size);
  return std::equal(expected.begin(), expected.end(), record.payload);
}

/// The sequences from `first` on, up to the one before `end`.
inline std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t end) {
  std::vector<std::uint64_t> sequences(end - first);
  std::iota(sequences.begin(), sequences.end(), first);
  return sequences;
}

/// Backs what `allows` says yes to.
class ScriptedBacking {
 public:
  static constexpr std::uint32_t step_size = 4096;
  struct Script {
    std::uint64_t mark = 0;
    std::uint64_t end = 0;
    std::uint64_t steps = 0;
    std::function<bool(std::uint64_t step)> allows = [](std::uint64_t) { return true; };
  };

  explicit ScriptedBacking(Script& script) : script_(&script) {}
  [[nodiscard]] std::uint64_t mark() const noexcept { return script_->mark; }
  [[nodiscard]] bool extend() noexcept {
    if (script_->mark == script_->end || !script_->allows(script_->steps++)) return false;
    script_->mark += step_size;
    return true;
  }

 private:
  Script* script_;
};

/// A ring in private memory with its writer, and pin words for as many subscriptions as a test wants.
class HeapRing {
 public:
  using Writer = BasicRingWriter<RingMemory, ScriptedBacking>;

  explicit HeapRing(const RingGeometry& shape = small_geometry, std::uint64_t first_sequence = 1,
                    std::uint64_t first_backed = 4096, std::byte fill = std::byte{0})
      : geometry(shape),
        bytes_(std::make_unique<Page[]>(shape.object_size() / sizeof(Page))),
        script{.mark = shape.header_size() + first_backed, .end = shape.pool_end()},
        writer(memory_filled_with(fill), ScriptedBacking(script), first_sequence) {
    for (std::uint32_t index = geometry.pool_segments(); index < geometry.table_entries(); ++index)
      free_large.push_back(index);
  }

  [[nodiscard]] std::byte* base() { return bytes_[0].bytes.data(); }
  [[nodiscard]] RingView view() { return {base(), geometry}; }

  /// Publishes the payload of the next sequence.
  auto publish(std::size_t size) {
    const auto payload = payload_of(writer.next_sequence(), size);
    return writer.publish(payload, static_cast<std::uint32_t>(size), static_cast<std::int64_t>(size));
  }
  /// The same in a large segment, freed if need be; nothing where none can be.
  std::optional<std::uint64_t> publish_large(std::size_t size) {
    const auto index = fill_large(payload_of(writer.next_sequence(), size));
    if (!index) return std::nullopt;
    return writer.publish_large(*index, large_length(size), static_cast<std::uint32_t>(size),
                                static_cast<std::uint32_t>(size), static_cast<std::int64_t>(size));
  }
  /// Publishes a keyframe of what is there.
  auto publish_keyframe(std::size_t size) {
    const auto payload = keyframe_payload_of(writer.next_sequence() - 1, size);
    return writer.publish_keyframe(payload, static_cast<std::uint32_t>(size),
                                   static_cast<std::int64_t>(size));
  }
  /// The same in a large segment; false where none can be had.
  bool publish_large_keyframe(std::size_t size) {
    const auto index = fill_large(keyframe_payload_of(writer.next_sequence() - 1, size));
    if (!index) return false;
    writer.publish_large_keyframe(*index, large_length(size), static_cast<std::uint32_t>(size),
                                  static_cast<std::uint32_t>(size), static_cast<std::int64_t>(size));
    return true;
  }
  /// Publishes until the writer has gone on to the next segment.
  void roll(std::size_t size = 1000) {
    const auto generation = writer.latest().generation;
    while (writer.latest().generation == generation)
      (void)publish(size).value();
  }

 private:
  struct alignas(4096) Page {
    std::array<std::byte, 4096> bytes;
  };

  static std::uint32_t large_length(std::size_t size) {
    return static_cast<std::uint32_t>((next_place(0, size) + link_size + 4095) / 4096 * 4096);
  }
  std::optional<std::uint32_t> fill_large(const std::vector<std::byte>& payload) {
    if (free_large.empty() && !writer.free_large()) return std::nullopt;
    while (const auto freed = writer.take_freed_large())
      free_large.push_back(*freed);
    const std::uint32_t index = free_large.back();
    free_large.pop_back();
    RingMemory(base(), geometry).segment(index).write(record_header_size, payload.data(), payload.size());
    return index;
  }

  RingMemory memory_filled_with(std::byte fill) {
    std::memset(base(), 0, geometry.header_size());
    std::memset(base() + geometry.header_size(), static_cast<int>(fill),
                geometry.object_size() - geometry.header_size());
    return {base(), geometry};
  }

 public:
  RingGeometry geometry;

 private:
  std::unique_ptr<Page[]> bytes_;

 public:
  ScriptedBacking::Script script;
  Writer writer;
  std::vector<std::uint32_t> free_large;
};

/// One subscription: its words, known to the writer, and its reader at the latest event.
class Subscribed {
 public:
  explicit Subscribed(HeapRing& ring) : Subscribed(ring, ring.writer.latest()) {}
  Subscribed(HeapRing& ring, const Cursor& cursor, bool reliable = false, StateWish wish = StateWish::none)
      : id(ring.writer
               .add_subscriber({.pins = pins.data(), .acknowledged = &acknowledged, .evicted = &evicted})
               .value()),
        reader(ring.view(), cursor, pins.data(), &acknowledged, wish) {
    if (!reliable) return;
    if (wish == StateWish::at_once) {
      ring.writer.make_reliable_from_keyframe(id, cursor);
    } else {
      ring.writer.make_reliable(id, cursor);
    }
  }

  std::array<std::atomic<std::uint64_t>, pins_max> pins{};
  std::atomic<std::uint64_t> acknowledged{};
  std::atomic<std::uint64_t> evicted{};
  SubscriberId id;
  RingReader reader;
};

/// What a poll gave, in order.
struct Seen {
  std::vector<std::uint64_t> sequences;
  std::vector<Gap> gaps;
  std::vector<std::uint64_t> keyframes;
  bool whole = true;

  template <class Reader>
  std::size_t poll(Reader& reader, std::size_t limit = ~std::size_t{0}) {
    return reader.poll(
        [this](const Record& record) {
          sequences.push_back(record.sequence);
          whole = whole && is_whole(record);
        },
        [this](const Gap& gap) { gaps.push_back(gap); },
        [this](const Record& record) {
          keyframes.push_back(record.sequence);
          whole = whole && is_whole_keyframe(record);
        },
        limit);
  }
};

}  // namespace ringside::shm
