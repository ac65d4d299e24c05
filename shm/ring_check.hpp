// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "shm/expected.hpp"
#include "shm/ring_geometry.hpp"

namespace ringside::shm {

enum class RingFault : std::uint8_t {
  too_small,      // not even a header
  no_magic,       // not a ring, or one whose creation was cut off
  wrong_version,  // a ring of another layout version
  fingerprint,    // the same version, but a build that lays it out differently
  geometry,       // a shape that no writer of ours makes
  header,         // a header that contradicts its geometry
  size,           // the file is smaller or larger than the header says it may be
  table,          // a segment lies elsewhere than the geometry puts it
};

[[nodiscard]] std::string_view describe(RingFault fault) noexcept;

/// Whether found bytes are a ring that this build can read, in the order in which its fields may be believed.
/// `found` are the file's first bytes, as many as there are of header and table; `file_size` is what fstat
/// told. The result is the caller's private copy; nothing of it is to be read from shared memory again.
///
/// Trust: none; no byte outside `found` is touched, no loop is longer than the table. The ring may be live
/// meanwhile: what its writer changes (generations, first sequences) is not looked at.
[[nodiscard]] expected<RingGeometry, RingFault> check_ring(std::span<const std::byte> found,
                                                           std::uint64_t file_size) noexcept;

}  // namespace ringside::shm
