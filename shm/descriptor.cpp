// SPDX-License-Identifier: Apache-2.0
#include "shm/descriptor.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace ringside::shm {

void Descriptor::reset(int fd) noexcept {
  const int old = std::exchange(fd_, fd);
  if (old < 0) return;
  const int kept = errno;
  ::close(old);
  errno = kept;
}

Descriptor Descriptor::duplicate() const noexcept {
  return Descriptor(::fcntl(fd_, F_DUPFD_CLOEXEC, 0));
}

}  // namespace ringside::shm
