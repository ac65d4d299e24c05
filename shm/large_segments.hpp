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
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "shm/assert.hpp"
#include "shm/atomics.hpp"
#include "shm/expected.hpp"
#include "shm/large_pages.hpp"
#include "shm/ring_geometry.hpp"
#include "shm/ring_layout.hpp"

namespace ringside::shm {

/// A large segment that is the owner's alone, until its release() or its end.
template <class Segments>
class BasicLargeSegment {
 public:
  BasicLargeSegment(BasicLargeSegment&& other) noexcept
      : segments_(std::exchange(other.segments_, nullptr)),
        index_(other.index_),
        length_(other.length_),
        payload_(other.payload_) {}
  BasicLargeSegment& operator=(BasicLargeSegment&& other) noexcept {
    if (this == &other) return *this;
    if (segments_ != nullptr) segments_->give_back(index_);
    segments_ = std::exchange(other.segments_, nullptr);
    index_ = other.index_;
    length_ = other.length_;
    payload_ = other.payload_;
    return *this;
  }
  BasicLargeSegment(const BasicLargeSegment&) = delete;
  BasicLargeSegment& operator=(const BasicLargeSegment&) = delete;
  /// Gives it back where it was not released.
  ~BasicLargeSegment() {
    if (segments_ != nullptr) segments_->give_back(index_);
  }

  /// Where the payload goes, aligned to 8; as long as claim() was asked for.
  [[nodiscard]] std::byte* payload() const noexcept { return payload_; }
  /// For BasicRingWriter::publish_large().
  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
  [[nodiscard]] std::uint32_t length() const noexcept { return length_; }

  /// From here on it is the ring's, until take_freed_large() names it.
  void release() noexcept { segments_ = nullptr; }

 private:
  friend Segments;
  BasicLargeSegment(Segments& segments, std::uint32_t index, std::uint32_t length,
                    std::byte* payload) noexcept
      : segments_(&segments), index_(index), length_(length), payload_(payload) {}

  Segments* segments_;
  std::uint32_t index_;
  std::uint32_t length_;
  std::byte* payload_;
};

enum class LargeFault : std::uint8_t {
  none_free,  // each is readable, pinned or claimed
  no_pages,   // the system has none left: errno says why
};

template <class Atomics = SystemAtomics, class Pages = LargePages>
class BasicLargeSegments {
 public:
  using Segment = BasicLargeSegment<BasicLargeSegments>;

  /// What `pages` refers to outlives this, and this its segments.
  explicit BasicLargeSegments(const Pages& pages) noexcept
      : pages_(pages), free_(mask_of(pages.geometry().large_segments)) {}

  /// One with pages for a payload of `size` bytes. Requires size <= geometry.large_payload_size_max().
  [[nodiscard]] expected<Segment, LargeFault> claim(std::uint32_t size) noexcept;

  /// Gives its pages back to the system, and the segment to whoever claims next. Requires that the ring is done with it.
  void give_back(std::uint32_t index) noexcept;

 private:
  static constexpr std::uint32_t mask_of(std::uint32_t count) noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
  }
  /// Pages for a payload of `size` bytes, its header, and behind it a place and a LINK.
  static constexpr std::uint32_t length_for(std::uint32_t size) noexcept {
    const std::uint64_t length = next_place(0, size) + link_size;
    return static_cast<std::uint32_t>((length + page_size - 1) / page_size * page_size);
  }

  Pages pages_;
  typename Atomics::template atomic<std::uint32_t> free_;  // a bit each
};

template <class Atomics, class Pages>
auto BasicLargeSegments<Atomics, Pages>::claim(std::uint32_t size) noexcept -> expected<Segment, LargeFault> {
  RINGSIDE_ASSERT(size <= pages_.geometry().large_payload_size_max());
  // relaxed: the exchange below decides.
  std::uint32_t free = free_.load(std::memory_order::relaxed);
  std::uint32_t taken = 0;
  do {
    if (free == 0) return unexpected(LargeFault::none_free);
    taken = free & -free;
    // E8: acquires what give_back() released. relaxed: a failed try says nothing.
  } while (!free_.compare_exchange_weak(free, free & ~taken, std::memory_order::acquire,
                                        std::memory_order::relaxed));
  const auto index = pages_.geometry().pool_segments() + static_cast<std::uint32_t>(std::countr_zero(taken));
  const std::uint32_t length = length_for(size);
  if (!pages_.back(index, length)) {
    const int error = errno;
    give_back(index);
    errno = error;
    return unexpected(LargeFault::no_pages);
  }
  // E5, E8: who copies a byte stored after this sees, after its own fence, that the old generation was withdrawn.
  Atomics::fence(std::memory_order::release);
  return Segment(*this, index, length, pages_.payload(index));
}

template <class Atomics, class Pages>
void BasicLargeSegments<Atomics, Pages>::give_back(std::uint32_t index) noexcept {
  const RingGeometry& geometry = pages_.geometry();
  RINGSIDE_ASSERT(geometry.is_large(index) && index < geometry.table_entries());
  pages_.give_back(index);
  // E8: after what its readers and its last writer did to it.
  free_.fetch_or(1U << (index - geometry.pool_segments()), std::memory_order::release);
}

using LargeSegments = BasicLargeSegments<>;
using LargeSegment = LargeSegments::Segment;

}  // namespace ringside::shm
