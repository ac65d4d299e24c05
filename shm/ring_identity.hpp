// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "shm/expected.hpp"
#include "shm/ring_layout.hpp"

namespace ringside::shm {

/// Whose events a ring holds.
struct RingIdentity {
  std::string topic;  // at most topic_bytes
  std::uint64_t incarnation = 0;
  std::array<std::uint8_t, boot_id_bytes> boot_id{};

  friend bool operator==(const RingIdentity&, const RingIdentity&) = default;
};

/// This boot's id, as the kernel names it; the error is an errno.
[[nodiscard]] expected<std::array<std::uint8_t, boot_id_bytes>, int> read_boot_id();

}  // namespace ringside::shm
