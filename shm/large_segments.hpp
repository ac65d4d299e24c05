// SPDX-License-Identifier: Apache-2.0
//
// The large segments of a ring: for events that fit into no segment of the pool, one each.
//
// A producer takes a segment, fills it, and only then asks for a place in the topic's order; the holder of the writing
// role links it, and copies nothing. So a copy of 64 MiB keeps nobody from writing, a want of space is told before
// anything is promised, and what was promised cannot fail.
//
// Threads   : any.
// Progress  : claim() and give_back() make system calls (pages), and wait for nobody.
// Ordering  : E8: who gives a segment back has seen its readers leave; who claims it writes after that. Its release fence
//             is that of E5, for readers that copy.
// Crash     : the pages stay until the object goes; a new ring begins with none.
// Memory    : pages from claim() to give_back(); the file's size stays at what it once was, and its holes hold nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "shm/expected.hpp"
#include "shm/ring_geometry.hpp"

namespace ringside::shm {

class LargeSegments;

/// A large segment that is the owner's alone, until its release() or its end.
class LargeSegment {
 public:
  LargeSegment(LargeSegment&& other) noexcept
      : segments_(std::exchange(other.segments_, nullptr)),
        index_(other.index_),
        length_(other.length_),
        payload_(other.payload_) {}
  LargeSegment& operator=(LargeSegment&& other) noexcept;
  LargeSegment(const LargeSegment&) = delete;
  LargeSegment& operator=(const LargeSegment&) = delete;
  /// Gives it back where it was not released.
  ~LargeSegment();

  /// Where the payload goes, aligned to 8; as long as claim() was asked for.
  [[nodiscard]] std::byte* payload() const noexcept { return payload_; }
  /// For BasicRingWriter::publish_large().
  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
  [[nodiscard]] std::uint32_t length() const noexcept { return length_; }

  /// From here on it is the ring's, until take_freed_large() names it.
  void release() noexcept { segments_ = nullptr; }

 private:
  friend class LargeSegments;
  LargeSegment(LargeSegments& segments, std::uint32_t index, std::uint32_t length,
               std::byte* payload) noexcept
      : segments_(&segments), index_(index), length_(length), payload_(payload) {}

  LargeSegments* segments_;
  std::uint32_t index_;
  std::uint32_t length_;
  std::byte* payload_;
};

enum class LargeFault : std::uint8_t {
  none_free,  // each is readable, pinned or claimed
  no_pages,   // the system has none left: errno says why
};

class LargeSegments {
 public:
  /// `fd` is the object's handle and `base` its writable mapping. Both outlive this, and this its segments.
  LargeSegments(int fd, std::byte* base, const RingGeometry& geometry) noexcept;

  /// One with pages for a payload of `size` bytes. Requires size <= geometry.large_payload_size_max().
  [[nodiscard]] expected<LargeSegment, LargeFault> claim(std::uint32_t size) noexcept;

  /// Gives its pages back to the system, and the segment to whoever claims next. Requires that the ring is done with it.
  void give_back(std::uint32_t index) noexcept;

 private:
  [[nodiscard]] bool back(std::uint32_t index, std::uint32_t length) const noexcept;

  int fd_;
  std::byte* base_;
  RingGeometry geometry_;
  std::atomic<std::uint32_t> free_;  // a bit each
};

}  // namespace ringside::shm
