// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "shm/ring_memory.hpp"

namespace ringside::shm {

/// A segment as the table named it a moment ago; to be pinned or re-checked before
/// anything in it is believed.
struct FoundSegment {
  std::uint64_t generation;
  std::uint32_t index;
};

/// The segment that better(candidate, best) prefers among those that can be read. Walks the whole table.
template <class View, class Better>
[[nodiscard]] std::optional<FoundSegment> best_segment(const View& view, Better&& better) noexcept {
  std::optional<FoundSegment> best;
  for (std::uint32_t index = 0; index < view.geometry().table_entries(); ++index) {
    // E3: with a generation comes its first sequence.
    const std::uint64_t generation = view.generation(index).load(std::memory_order::acquire);
    if (generation != 0 && (!best || better(generation, best->generation)))
      best = FoundSegment{generation, index};
  }
  return best;
}

template <class View>
[[nodiscard]] std::optional<FoundSegment> oldest_segment(const View& view) noexcept {
  return best_segment(view, [](std::uint64_t a, std::uint64_t b) { return a < b; });
}

template <class View>
[[nodiscard]] std::optional<FoundSegment> newest_segment(const View& view) noexcept {
  return best_segment(view, [](std::uint64_t a, std::uint64_t b) { return a > b; });
}

template <class View>
[[nodiscard]] std::optional<FoundSegment> find_segment(const View& view, std::uint64_t generation) noexcept {
  const auto best = best_segment(
      view, [=](std::uint64_t a, std::uint64_t b) { return a == generation && b != generation; });
  if (!best || best->generation != generation) return std::nullopt;
  return best;
}

/// The segment in which the header's keyframe position lies.
template <class View>
[[nodiscard]] std::optional<FoundSegment> segment_of_position(const View& view,
                                                              std::uint64_t position) noexcept {
  const std::uint32_t size = view.geometry().segment_size;
  const std::uint64_t begin = position - offset_of_position(position, size);
  const auto best = best_segment(
      view, [=](std::uint64_t a, std::uint64_t b) { return a * size == begin && b * size != begin; });
  if (!best || best->generation * size != begin) return std::nullopt;
  return best;
}

/// How often a reader looks for the last keyframe: each time but one the writer went half a window on meanwhile.
inline constexpr std::uint32_t keyframe_looks_max = 8;

}  // namespace ringside::shm
