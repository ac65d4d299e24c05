// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "shm/ring_layout.hpp"

namespace ringside::shm {

/// The shape of one ring: S segments that can be read, from a pool that also holds what its
/// readers may pin, and a few large segments. Written once into the header; whoever attaches keeps a private copy
/// and never reads it from shared memory again.
struct RingGeometry {
  std::uint32_t segment_size = 64 * 1024;
  std::uint32_t window_segments = 16;       // S
  std::uint32_t subscription_max = 64;      // R: subscriptions that pin; those that copy are not counted
  std::uint32_t pins_per_subscription = 4;  // K
  std::uint32_t reliable_segments = 48;     // B: by so many reliable subscriptions extend the window
  std::uint32_t large_segments = 8;         // L: for events that fit into no other; 0: there are none
  std::uint32_t large_segment_size = 64 * 1024 * 1024 + page_size;  // 0 without

  /// S + B + R*K + 1: with every pin on a segment of its own a roll still finds a free one (S + B + R*K is the tight
  /// bound), and one more may stand prepared.
  [[nodiscard]] constexpr std::uint32_t pool_segments() const noexcept {
    return window_segments_extended() + subscription_max * pins_per_subscription + 1;
  }
  /// The most segments that can be readable at a time.
  [[nodiscard]] constexpr std::uint32_t window_segments_extended() const noexcept {
    return window_segments + reliable_segments;
  }
  /// Physical segments: the pool, then the large ones.
  [[nodiscard]] constexpr std::uint32_t table_entries() const noexcept {
    return pool_segments() + large_segments;
  }
  [[nodiscard]] constexpr bool is_large(std::uint32_t index) const noexcept {
    return index >= pool_segments();
  }
  /// Header and table, in whole pages.
  [[nodiscard]] constexpr std::uint32_t header_size() const noexcept {
    const std::uint64_t size = sizeof(RingHeader) + table_entries() * std::uint64_t{sizeof(SegmentEntry)};
    return static_cast<std::uint32_t>((size + page_size - 1) / page_size * page_size);
  }
  /// Requires index <= table_entries().
  [[nodiscard]] constexpr std::uint64_t segment_offset(std::uint32_t index) const noexcept {
    if (!is_large(index)) return header_size() + std::uint64_t{index} * segment_size;
    return pool_end() + std::uint64_t{index - pool_segments()} * large_segment_size;
  }
  [[nodiscard]] constexpr std::uint32_t segment_length(std::uint32_t index) const noexcept {
    return is_large(index) ? large_segment_size : segment_size;
  }
  /// Behind the pool; the large segments begin here.
  [[nodiscard]] constexpr std::uint64_t pool_end() const noexcept {
    return header_size() + std::uint64_t{pool_segments()} * segment_size;
  }
  [[nodiscard]] constexpr std::uint64_t object_size() const noexcept {
    return segment_offset(table_entries());
  }
  /// The largest payload that fits into a segment of the pool: alone, with room for the LINK behind it.
  [[nodiscard]] constexpr std::uint32_t payload_size_max() const noexcept {
    return shm::payload_size_max(segment_size);
  }
  /// The largest payload that fits at all.
  [[nodiscard]] constexpr std::uint32_t large_payload_size_max() const noexcept {
    return large_segments == 0 ? payload_size_max() : shm::payload_size_max(large_segment_size);
  }

  friend constexpr bool operator==(const RingGeometry&, const RingGeometry&) = default;
};

/// That of a large segment for payloads of up to `size` bytes: whole pages, and one for what stands around them.
[[nodiscard]] constexpr std::uint32_t large_segment_size_for(std::uint32_t size) noexcept {
  return (size + page_size - 1) / page_size * page_size + page_size;
}

enum class GeometryFault : std::uint8_t {
  segment_size,   // not a power of two, or outside [segment_size_min, segment_size_max]
  window,         // outside [window_segments_min, window_segments_max]
  subscriptions,  // above subscription_limit
  pins,           // outside [pins_min, pins_max]
  reliable,       // above reliable_segments_max
  large,  // above large_segments_max; or a size that is no multiple of page_size, not larger than a segment, or
          // above large_segment_size_max; not 0 without large segments
};

inline constexpr std::uint32_t segment_size_min = 4 * 1024;
inline constexpr std::uint32_t segment_size_max = 16 * 1024 * 1024;
inline constexpr std::uint32_t window_segments_min = 2;
inline constexpr std::uint32_t window_segments_max = 4096;
inline constexpr std::uint32_t subscription_limit = 4096;
inline constexpr std::uint32_t pins_min = 2;
inline constexpr std::uint32_t pins_max = 4;  // the pin words of one line of a session page
inline constexpr std::uint32_t reliable_segments_max = 4096;
inline constexpr std::uint32_t large_segments_max = 32;  // one word of flags
inline constexpr std::uint32_t large_segment_size_max = 128 * 1024 * 1024;

/// What is wrong with it, or nothing. Bounds every size that is computed from a geometry.
[[nodiscard]] constexpr std::optional<GeometryFault> fault_of(const RingGeometry& geometry) noexcept {
  const auto outside = [](std::uint32_t value, std::uint32_t low, std::uint32_t high) {
    return value < low || value > high;
  };
  const bool power_of_two = (geometry.segment_size & (geometry.segment_size - 1)) == 0;
  if (!power_of_two || outside(geometry.segment_size, segment_size_min, segment_size_max))
    return GeometryFault::segment_size;
  if (outside(geometry.window_segments, window_segments_min, window_segments_max))
    return GeometryFault::window;
  if (geometry.subscription_max > subscription_limit) return GeometryFault::subscriptions;
  if (outside(geometry.pins_per_subscription, pins_min, pins_max)) return GeometryFault::pins;
  if (geometry.reliable_segments > reliable_segments_max) return GeometryFault::reliable;
  if (geometry.large_segments > large_segments_max) return GeometryFault::large;
  if (geometry.large_segments == 0 && geometry.large_segment_size != 0) return GeometryFault::large;
  if (geometry.large_segments != 0 &&
      (geometry.large_segment_size % page_size != 0 ||
       outside(geometry.large_segment_size, geometry.segment_size + page_size, large_segment_size_max))) {
    return GeometryFault::large;
  }
  return std::nullopt;
}

}  // namespace ringside::shm
