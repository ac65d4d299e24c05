// SPDX-License-Identifier: Apache-2.0
//
// Reads a ring from its memory alone, segment by segment, and says what is wrong with it and where: for who has a ring
// and no daemon.
//
// Threads   : one at a time; the ring may be live, or dead, or damaged.
// Progress  : each next() is bounded by one record, and a scan by its segment: it only moves on, and follows no LINK.
// Isolation : read-only in every sense, as a CopyingReader is.
// Ordering  : E1 commit word; E3 generation, then first sequence; E5 copy, acquire fence, generation again.
// Loss      : a segment that is withdrawn meanwhile ends its scan.
// Trust     : none. Beyond check_ring() nothing is believed: not a length, not a sequence, not that the file reaches
//             to where a record is. Nothing at or behind `backed_size` is touched.
// Memory    : the caller's, grown to the largest payload that was found.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "shm/ring_memory.hpp"
#include "shm/ring_record.hpp"

namespace ringside::shm {

/// A segment that could be read when the table was looked at.
struct ReadableSegment {
  std::uint32_t index = 0;
  std::uint64_t generation = 0;
  std::uint64_t first_sequence = 0;
};

/// All of them, the oldest first.
[[nodiscard]] std::vector<ReadableSegment> readable_segments(const RingView& view);

enum class RecordFault : std::uint8_t {
  foreign_word,  // neither the next record, nor a LINK, nor nothing
  too_long,      // a record that would not end inside its segment
  bad_link,      // a LINK to no segment that could follow
  cut_off,       // the file ends before it does
};

[[nodiscard]] std::string_view describe(RecordFault fault) noexcept;

class SegmentScan {
 public:
  enum class Found : std::uint8_t {
    record,     // record() shows it
    keyframe,   // the same
    link,       // the segment ends here, as it should
    nothing,    // nothing was written here yet
    withdrawn,  // the segment is used again: nothing more of it can be read
    damage,     // fault() says what; nothing more of it can be read
  };

  /// Payloads are copied into `copy`, which outlives this, as the view's memory does.
  SegmentScan(const RingView& view, const ReadableSegment& segment,
              std::vector<std::uint64_t>& copy) noexcept;

  /// Looks at the next place. The file has `backed_size` bytes, or has more by now. Throws std::bad_alloc where there is no
  /// memory for a copy.
  [[nodiscard]] Found next(std::uint64_t backed_size);

  /// Good until the next next().
  [[nodiscard]] const Record& record() const noexcept { return record_; }
  [[nodiscard]] RecordFault fault() const noexcept { return fault_; }
  /// Of the record that next() looks at next, or that was not to be had.
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return next_sequence_; }
  /// Where in the object what next() looked at begins.
  [[nodiscard]] std::uint64_t place() const noexcept { return start_ + looked_at_; }

 private:
  [[nodiscard]] Found damaged(RecordFault fault) noexcept;
  [[nodiscard]] Found follow(std::uint64_t word, std::uint64_t backed_size) noexcept;
  [[nodiscard]] bool still_here() const noexcept;
  [[nodiscard]] std::uint64_t load(std::uint64_t offset) const noexcept;

  RingView view_;
  RingView::Segment segment_;
  std::vector<std::uint64_t>& copy_;
  ReadableSegment of_;
  std::uint64_t start_;
  std::uint64_t next_sequence_;
  std::uint64_t offset_ = 0;
  std::uint64_t looked_at_ = 0;
  Record record_;
  RecordFault fault_ = RecordFault::foreign_word;
};

}  // namespace ringside::shm
