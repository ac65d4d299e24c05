// SPDX-License-Identifier: Apache-2.0
#include "shm/large_pages.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>

#include "shm/ring_backing.hpp"

namespace ringside::shm {

bool LargePages::back(std::uint32_t index, std::uint32_t length) const noexcept {
  const std::uint64_t offset = geometry_.segment_offset(index);
  if (const int error = allocate(fd_, offset, length); error != 0) {
    errno = error;
    return false;
  }
  // As RingBacking does: saves a fault for each page.
  static_cast<void>(::madvise(base_ + offset, length, MADV_POPULATE_WRITE));
  return true;
}

void LargePages::give_back(std::uint32_t index) const noexcept {
  // The whole segment: a client that has walked over holes has filled them.
  static_cast<void>(::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                static_cast<off_t>(geometry_.segment_offset(index)),
                                geometry_.large_segment_size));
}

}  // namespace ringside::shm
