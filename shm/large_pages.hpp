// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "shm/ring_geometry.hpp"
#include "shm/ring_layout.hpp"

namespace ringside::shm {

/// The pages behind a ring's large segments: there while a segment is in use, and holes in the file else.
///
/// Threads:  any; of one segment, its owner.
/// Progress: back() and give_back() make system calls.
class LargePages {
 public:
  /// `fd` is the object's handle and `base` its writable mapping. Both outlive this.
  LargePages(int fd, std::byte* base, const RingGeometry& geometry) noexcept
      : fd_(fd), base_(base), geometry_(geometry) {}

  [[nodiscard]] const RingGeometry& geometry() const noexcept { return geometry_; }

  /// Pages for the first `length` bytes. False where the system has none left: errno says why.
  [[nodiscard]] bool back(std::uint32_t index, std::uint32_t length) const noexcept;

  /// Gives back all that there are. Where the system cannot, they stay for the next event.
  void give_back(std::uint32_t index) const noexcept;

  [[nodiscard]] std::byte* payload(std::uint32_t index) const noexcept {
    return base_ + geometry_.segment_offset(index) + record_header_size;
  }

 private:
  int fd_;
  std::byte* base_;
  RingGeometry geometry_;
};

}  // namespace ringside::shm
