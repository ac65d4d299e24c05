// SPDX-License-Identifier: Apache-2.0
#include "shm/segment_scan.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include "shm/ring_layout.hpp"

namespace ringside::shm {

std::vector<ReadableSegment> readable_segments(const RingView& view) {
  std::vector<ReadableSegment> found;
  for (std::uint32_t index = 0; index < view.geometry().table_entries(); ++index) {
    // E3: with a generation comes its first sequence.
    const std::uint64_t generation = view.generation(index).load(std::memory_order::acquire);
    if (generation == 0) continue;
    // relaxed: E3 brought it; the generation is looked at again behind it.
    const std::uint64_t first = view.first_sequence(index).load(std::memory_order::relaxed);
    // E5: what was read from a later use of the segment brings the withdrawal with it.
    RingView::Atomics::fence(std::memory_order::acquire);
    // relaxed: E5, by the fence above.
    if (view.generation(index).load(std::memory_order::relaxed) == generation)
      found.push_back({index, generation, first});
  }
  std::ranges::sort(found, {}, &ReadableSegment::generation);
  return found;
}

std::string_view describe(RecordFault fault) noexcept {
  switch (fault) {
    case RecordFault::foreign_word:
      return "neither a record of this sequence nor the segment's end";
    case RecordFault::too_long:
      return "a record that would not end inside its segment";
    case RecordFault::bad_link:
      return "a link to a segment that cannot follow";
    case RecordFault::cut_off:
      return "cut off by the end of the file";
  }
  return "an unknown fault";
}

SegmentScan::SegmentScan(const RingView& view, const ReadableSegment& segment,
                         std::vector<std::uint64_t>& copy) noexcept
    : view_(view),
      segment_(view.segment(segment.index)),
      copy_(copy),
      of_(segment),
      start_(view.geometry().segment_offset(segment.index)),
      next_sequence_(segment.first_sequence) {}

SegmentScan::Found SegmentScan::next(std::uint64_t backed_size) {
  looked_at_ = offset_;
  if (place() + 8 > backed_size) return damaged(RecordFault::cut_off);
  // E1: with the commit word comes its record.
  const std::uint64_t word = segment_.word(offset_).load(std::memory_order::acquire);
  if (!still_here()) return Found::withdrawn;
  if (word == 0) return Found::nothing;
  const bool keyframe = is_keyframe(word);
  const std::uint64_t base =
      keyframe ? keyframe_word(next_sequence_ - 1, 0) : commit_word_base(next_sequence_);
  if (((word ^ base) & ~commit_length_mask) != 0) return follow(word, backed_size);

  const std::uint32_t length = length_bits(word);
  const std::uint64_t after = next_place(offset_, length);
  if (after > last_place(view_.geometry().segment_length(of_.index))) return damaged(RecordFault::too_long);
  const std::uint64_t words = (std::uint64_t{length} + 7) / 8;
  if (place() + record_header_size + words * 8 > backed_size) return damaged(RecordFault::cut_off);
  if (copy_.size() < words) copy_.resize(words);
  record_.time_ns = static_cast<std::int64_t>(load(offset_ + offsetof(RecordHeader, time_ns)));
  record_.kind = static_cast<std::uint32_t>(load(offset_ + offsetof(RecordHeader, kind)));
  for (std::uint64_t i = 0; i < words; ++i)
    copy_[i] = load(offset_ + record_header_size + i * 8);
  if (!still_here()) return Found::withdrawn;
  record_.payload = std::as_bytes(std::span(copy_)).data();
  record_.size = length;
  record_.sequence = keyframe ? next_sequence_ - 1 : next_sequence_++;
  offset_ = after;
  return keyframe ? Found::keyframe : Found::record;
}

SegmentScan::Found SegmentScan::damaged(RecordFault fault) noexcept {
  fault_ = fault;
  return Found::damage;
}

/// A confirmed word that is no record of ours.
SegmentScan::Found SegmentScan::follow(std::uint64_t word, std::uint64_t backed_size) noexcept {
  const std::uint32_t index = length_bits(word);
  if (word != link_word(next_sequence_, index)) return damaged(RecordFault::foreign_word);
  if (place() + link_size > backed_size) return damaged(RecordFault::cut_off);
  const std::uint64_t generation = load(offset_ + offsetof(LinkRecord, generation));
  if (!still_here()) return Found::withdrawn;
  const bool could_follow = generation == of_.generation + 1 && index < view_.geometry().table_entries();
  return could_follow ? Found::link : damaged(RecordFault::bad_link);
}

/// Whether everything read so far was this generation's.
bool SegmentScan::still_here() const noexcept {
  // E5: what was read before this and came from a later use of the segment brings the withdrawal with it.
  RingView::Atomics::fence(std::memory_order::acquire);
  // relaxed: E5, by the fence above.
  return view_.generation(of_.index).load(std::memory_order::relaxed) == of_.generation;
}

std::uint64_t SegmentScan::load(std::uint64_t offset) const noexcept {
  // relaxed: E1 brought it if the generation still stands, which still_here() finds out (E5).
  return segment_.word(offset).load(std::memory_order::relaxed);
}

}  // namespace ringside::shm
