// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringside::shm {

/// The pages behind a ring's pool of segments: one high-water mark that only rises, below
/// which every byte has its page. (Large segments: large_pages.hpp.)
///
/// Threads:  the holder of the topic's writing role.
/// Progress: extend() makes system calls; it belongs into prepare(), off the publishing path.
/// Loss:     none: a step that the system cannot back leaves the mark where it was.
/// Crash:    the file's size is at least the mark; the kernel raises it when a step is wholly backed.
class RingBacking {
 public:
  static constexpr std::uint32_t step_size = 16 * 1024;

  /// `fd` is the object's handle and `base` its writable mapping of at least `end` bytes (may be null: then
  /// pages are not faulted in ahead). Both outlive this. Everything below `mark` is backed.
  RingBacking(int fd, std::byte* base, std::uint64_t mark, std::uint64_t end) noexcept
      : fd_(fd), base_(base), mark_(mark), end_(end) {}

  [[nodiscard]] std::uint64_t mark() const noexcept { return mark_; }

  /// Backs one step more (to the pool's end at most). False, with errno, if the system
  /// cannot or the end is reached.
  [[nodiscard]] bool extend() noexcept;

 private:
  int fd_;
  std::byte* base_;
  std::uint64_t mark_;
  std::uint64_t end_;
};

/// posix_fallocate that goes on after a signal. Returns 0 or the error number.
[[nodiscard]] int allocate(int fd, std::uint64_t offset, std::uint64_t size) noexcept;

}  // namespace ringside::shm
