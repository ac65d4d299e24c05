// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ringside::bench {

/// The payload of every bench: words that are a function of the event's number, so that a torn event shows. Reading them
/// all is part of the measured work, as it is for a user.
inline void fill_payload(std::byte* to, std::uint32_t size, std::uint64_t number) {
  for (std::uint32_t at = 0; at + sizeof number <= size; at += sizeof number) {
    const std::uint64_t word = number + at;
    std::memcpy(to + at, &word, sizeof word);
  }
}

/// Whether every word is the one that fill_payload wrote for this number.
inline bool payload_is_whole(const std::byte* from, std::uint32_t size, std::uint64_t number) {
  std::uint64_t differences = 0;
  for (std::uint32_t at = 0; at + sizeof number <= size; at += sizeof number) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + at, sizeof word);
    differences |= word ^ (number + at);
  }
  return differences == 0;
}

}  // namespace ringside::bench
