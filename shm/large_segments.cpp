// SPDX-License-Identifier: Apache-2.0
#include "shm/large_segments.hpp"

#include <bit>
#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>

#include "shm/assert.hpp"
#include "shm/atomics.hpp"
#include "shm/ring_backing.hpp"

namespace ringside::shm {

namespace {

constexpr std::uint32_t mask_of(std::uint32_t count) noexcept {
  return static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
}

/// Pages for a payload of `size` bytes, its header, and behind it a place and a LINK.
constexpr std::uint32_t length_for(std::uint32_t size) noexcept {
  const std::uint64_t length = next_place(0, size) + link_size;
  return static_cast<std::uint32_t>((length + page_size - 1) / page_size * page_size);
}

}  // namespace

LargeSegment& LargeSegment::operator=(LargeSegment&& other) noexcept {
  if (this != &other) {
    if (segments_ != nullptr) segments_->give_back(index_);
    segments_ = std::exchange(other.segments_, nullptr);
    index_ = other.index_;
    length_ = other.length_;
    payload_ = other.payload_;
  }
  return *this;
}

LargeSegment::~LargeSegment() {
  if (segments_ != nullptr) segments_->give_back(index_);
}

LargeSegments::LargeSegments(int fd, std::byte* base, const RingGeometry& geometry) noexcept
    : fd_(fd), base_(base), geometry_(geometry), free_(mask_of(geometry.large_segments)) {}

expected<LargeSegment, LargeFault> LargeSegments::claim(std::uint32_t size) noexcept {
  RINGSIDE_ASSERT(size <= geometry_.large_payload_size_max());
  // relaxed: the exchange below decides.
  std::uint32_t free = free_.load(std::memory_order::relaxed);
  std::uint32_t taken = 0;
  do {
    if (free == 0) return unexpected(LargeFault::none_free);
    taken = free & -free;
    // E8: acquires what give_back() released. relaxed: a failed try says nothing.
  } while (!free_.compare_exchange_weak(free, free & ~taken, std::memory_order::acquire,
                                        std::memory_order::relaxed));
  const auto index = geometry_.pool_segments() + static_cast<std::uint32_t>(std::countr_zero(taken));
  const std::uint32_t length = length_for(size);
  if (!back(index, length)) {
    const int error = errno;
    give_back(index);
    errno = error;
    return unexpected(LargeFault::no_pages);
  }
  // E5, E8: who copies a byte stored after this sees, after its own fence, that the old generation was withdrawn.
  SystemAtomics::fence(std::memory_order::release);
  return LargeSegment(*this, index, length, base_ + geometry_.segment_offset(index) + record_header_size);
}

bool LargeSegments::back(std::uint32_t index, std::uint32_t length) const noexcept {
  const std::uint64_t offset = geometry_.segment_offset(index);
  if (const int error = allocate(fd_, offset, length); error != 0) {
    errno = error;
    return false;
  }
  // As RingBacking does: saves a fault for each page.
  static_cast<void>(::madvise(base_ + offset, length, MADV_POPULATE_WRITE));
  return true;
}

void LargeSegments::give_back(std::uint32_t index) noexcept {
  RINGSIDE_ASSERT(geometry_.is_large(index) && index < geometry_.table_entries());
  // Where the system cannot, its pages stay for the next event. The whole segment: a client that has walked over holes
  // has filled them.
  static_cast<void>(::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                static_cast<off_t>(geometry_.segment_offset(index)),
                                geometry_.large_segment_size));
  const std::uint32_t given = 1U << (index - geometry_.pool_segments());
  // E8: after what its readers and its last writer did to it.
  free_.fetch_or(given, std::memory_order::release);
}

}  // namespace ringside::shm
