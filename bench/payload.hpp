// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ringside::bench {

inline constexpr std::uint32_t payload_line_size = 64;
inline constexpr std::uint32_t payload_line_words = payload_line_size / sizeof(std::uint64_t);

/// The payload of every bench: words that are a function of the event's number, so that a torn event shows. Writing and
/// reading them all is part of the measured work, as it is for a user. A line at a time, so that the compiler takes
/// the widest registers there are: the work is to move the bytes, not to make them up.
inline void fill_payload(std::byte* to, std::uint32_t size, std::uint64_t number) {
  std::uint32_t at = 0;
  for (; at + payload_line_size <= size; at += payload_line_size) {
    std::uint64_t words[payload_line_words];
    for (std::uint32_t i = 0; i < payload_line_words; ++i)
      words[i] = number + at + i;
    std::memcpy(to + at, words, sizeof words);
  }
  for (; at + sizeof number <= size; at += sizeof number) {
    const std::uint64_t word = number + at;
    std::memcpy(to + at, &word, sizeof word);
  }
}

/// Whether every word is the one that fill_payload wrote for this number.
inline bool payload_is_whole(const std::byte* from, std::uint32_t size, std::uint64_t number) {
  std::uint64_t differences[payload_line_words] = {};
  std::uint32_t at = 0;
  for (; at + payload_line_size <= size; at += payload_line_size) {
    std::uint64_t words[payload_line_words];
    std::memcpy(words, from + at, sizeof words);
    for (std::uint32_t i = 0; i < payload_line_words; ++i)
      differences[i] |= words[i] ^ (number + at + i);
  }
  std::uint64_t all = 0;
  for (const std::uint64_t difference : differences)
    all |= difference;
  for (; at + sizeof number <= size; at += sizeof number) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + at, sizeof word);
    all |= word ^ (number + at);
  }
  return all == 0;
}

}  // namespace ringside::bench
