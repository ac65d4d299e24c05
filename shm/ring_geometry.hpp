// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "shm/ring_layout.hpp"

namespace ringside::shm {

/// The shape of one ring: S segments that can be read, from a pool that also holds what its
/// readers may pin. Written once into the header; whoever attaches keeps a private copy and never
/// reads it from shared memory again.
struct RingGeometry {
  std::uint32_t segment_size = 64 * 1024;
  std::uint32_t window_segments = 16;       // S
  std::uint32_t subscription_max = 64;      // R: subscriptions that pin; those that copy are not counted
  std::uint32_t pins_per_subscription = 4;  // K

  /// S + R*K + 1: with every pin on a segment of its own a roll still finds a free one (S + R*K is the tight
  /// bound), and one more may stand prepared.
  [[nodiscard]] constexpr std::uint32_t pool_segments() const noexcept {
    return window_segments + subscription_max * pins_per_subscription + 1;
  }
  /// Header and table, in whole pages.
  [[nodiscard]] constexpr std::uint32_t header_size() const noexcept {
    const std::uint64_t size = sizeof(RingHeader) + pool_segments() * std::uint64_t{sizeof(SegmentEntry)};
    return static_cast<std::uint32_t>((size + page_size - 1) / page_size * page_size);
  }
  /// Requires index < pool_segments().
  [[nodiscard]] constexpr std::uint64_t segment_offset(std::uint32_t index) const noexcept {
    return header_size() + std::uint64_t{index} * segment_size;
  }
  [[nodiscard]] constexpr std::uint64_t object_size() const noexcept {
    return segment_offset(pool_segments());
  }
  /// The largest payload that fits: alone in a segment, with room for the LINK behind it.
  [[nodiscard]] constexpr std::uint32_t payload_size_max() const noexcept {
    return shm::payload_size_max(segment_size);
  }
  /// 64 bits that only grow: what a subscriber acknowledges.
  [[nodiscard]] constexpr std::uint64_t position(std::uint64_t generation,
                                                 std::uint32_t offset) const noexcept {
    return generation * segment_size + offset;
  }

  friend constexpr bool operator==(const RingGeometry&, const RingGeometry&) = default;
};

enum class GeometryFault : std::uint8_t {
  segment_size,   // not a power of two, or outside [segment_size_min, segment_size_max]
  window,         // outside [window_segments_min, window_segments_max]
  subscriptions,  // above subscription_limit
  pins,           // outside [pins_min, pins_max]
};

inline constexpr std::uint32_t segment_size_min = 4 * 1024;
inline constexpr std::uint32_t segment_size_max = 16 * 1024 * 1024;
inline constexpr std::uint32_t window_segments_min = 2;
inline constexpr std::uint32_t window_segments_max = 4096;
inline constexpr std::uint32_t subscription_limit = 4096;
inline constexpr std::uint32_t pins_min = 2;
inline constexpr std::uint32_t pins_max = 4;  // the pin words of one line of a session page

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
  return std::nullopt;
}

}  // namespace ringside::shm
