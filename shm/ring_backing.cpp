// SPDX-License-Identifier: Apache-2.0
#include "shm/ring_backing.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>

namespace ringside::shm {

int allocate(int fd, std::uint64_t offset, std::uint64_t size) noexcept {
  int error = EINTR;
  while (error == EINTR)
    error = ::posix_fallocate(fd, static_cast<off_t>(offset), static_cast<off_t>(size));
  return error;
}

bool RingBacking::extend() noexcept {
  const std::uint64_t size = std::min<std::uint64_t>(step_size, end_ - mark_);
  if (size == 0) {
    errno = ENOSPC;
    return false;
  }
  if (const int error = allocate(fd_, mark_, size); error != 0) {
    errno = error;
    return false;
  }
  // The pages are there; entering them into our own page table now saves a fault for each at publish. A
  // kernel that does not know the advice (before 5.14) costs those faults and nothing else.
  if (base_ != nullptr) static_cast<void>(::madvise(base_ + mark_, size, MADV_POPULATE_WRITE));
  mark_ += size;
  return true;
}

}  // namespace ringside::shm
