// SPDX-License-Identifier: Apache-2.0
#include "shm/ring_check.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "shm/atomics.hpp"
#include "shm/ring_layout.hpp"

namespace ringside::shm {
namespace {

template <class Field>
Field field_at(std::span<const std::byte> found, std::size_t offset) noexcept {
  Field value;
  std::memcpy(&value, found.data() + offset, sizeof value);
  return value;
}

bool magic_stands(std::span<const std::byte> found) noexcept {
  const void* at = found.data() + offsetof(RingHeader, magic);
  const auto& magic = *static_cast<const SystemAtomics::atomic<std::uint64_t>*>(at);
  // E6: with the magic comes the header that was written before it.
  return magic.load(std::memory_order::acquire) == ring_magic;
}

RingGeometry geometry_in(std::span<const std::byte> found) noexcept {
  RingGeometry geometry;
  geometry.segment_size = field_at<std::uint32_t>(found, offsetof(RingHeader, segment_size));
  geometry.window_segments = field_at<std::uint32_t>(found, offsetof(RingHeader, window_segments));
  geometry.subscription_max = field_at<std::uint32_t>(found, offsetof(RingHeader, subscription_max));
  geometry.pins_per_subscription =
      field_at<std::uint32_t>(found, offsetof(RingHeader, pins_per_subscription));
  geometry.reliable_segments = field_at<std::uint32_t>(found, offsetof(RingHeader, reliable_segments));
  geometry.large_segments = field_at<std::uint32_t>(found, offsetof(RingHeader, large_segments));
  geometry.large_segment_size = field_at<std::uint32_t>(found, offsetof(RingHeader, large_segment_size));
  return geometry;
}

bool header_agrees(std::span<const std::byte> found, const RingGeometry& geometry) noexcept {
  return field_at<std::uint32_t>(found, offsetof(RingHeader, header_size)) == geometry.header_size() &&
         field_at<std::uint32_t>(found, offsetof(RingHeader, pool_segments)) == geometry.pool_segments() &&
         field_at<std::uint64_t>(found, offsetof(RingHeader, object_size)) == geometry.object_size() &&
         field_at<std::uint32_t>(found, offsetof(RingHeader, topic_size)) <= topic_bytes;
}

bool table_agrees(std::span<const std::byte> found, const RingGeometry& geometry) noexcept {
  for (std::uint32_t index = 0; index < geometry.table_entries(); ++index) {
    const std::size_t entry = sizeof(RingHeader) + index * sizeof(SegmentEntry);
    const auto offset = field_at<std::uint64_t>(found, entry + offsetof(SegmentEntry, offset));
    const auto length = field_at<std::uint64_t>(found, entry + offsetof(SegmentEntry, length));
    if (offset != geometry.segment_offset(index) || length != geometry.segment_length(index)) return false;
  }
  return true;
}

}  // namespace

std::string_view describe(RingFault fault) noexcept {
  switch (fault) {
    case RingFault::too_small:
      return "too small to be a ring";
    case RingFault::no_magic:
      return "not a ring";
    case RingFault::wrong_version:
      return "a ring of another layout version";
    case RingFault::fingerprint:
      return "a ring of a build that lays it out differently";
    case RingFault::geometry:
      return "a ring of an impossible shape";
    case RingFault::header:
      return "a ring whose header contradicts itself";
    case RingFault::size:
      return "a ring whose size is not what its header says";
    case RingFault::table:
      return "a ring whose segments are not where they should be";
  }
  return "an unknown fault";
}

expected<RingGeometry, RingFault> check_ring(std::span<const std::byte> found,
                                             std::uint64_t file_size) noexcept {
  if (file_size < page_size || found.size() < sizeof(RingHeader)) return unexpected(RingFault::too_small);
  if (!magic_stands(found)) return unexpected(RingFault::no_magic);
  if (field_at<std::uint32_t>(found, offsetof(RingHeader, layout_version)) != ring_layout_version)
    return unexpected(RingFault::wrong_version);
  if (field_at<std::uint64_t>(found, offsetof(RingHeader, fingerprint)) != ring_fingerprint())
    return unexpected(RingFault::fingerprint);
  const RingGeometry geometry = geometry_in(found);
  if (fault_of(geometry)) return unexpected(RingFault::geometry);
  if (!header_agrees(found, geometry)) return unexpected(RingFault::header);
  // The file grows by steps, each a multiple of a page, from behind the header to the object's end; it is longer
  // than what is backed once a large segment was used.
  if (file_size <= geometry.header_size() || file_size > geometry.object_size() ||
      file_size % page_size != 0 || found.size() < geometry.header_size()) {
    return unexpected(RingFault::size);
  }
  if (!table_agrees(found, geometry)) return unexpected(RingFault::table);
  return geometry;
}

}  // namespace ringside::shm
