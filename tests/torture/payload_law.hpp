// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "shm/ring_record.hpp"

namespace ringside::torture {

/// A word of which every bit depends on every bit of `value` (the finaliser of splitmix64).
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t value) noexcept {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// What the event of each sequence is: size and every word are functions of it, and its time is their
/// checksum. So nothing that is torn, stale or another's passes for it.
class PayloadLaw {
 public:
  PayloadLaw(std::uint64_t seed, std::uint32_t size_max, std::uint32_t large_size_max) noexcept
      : seed_(seed), size_max_(size_max), large_size_max_(large_size_max) {}

  /// Mostly small, now and then some KiB, seldom the largest that there is, or one for a segment of its own.
  [[nodiscard]] std::uint32_t size_of(std::uint64_t sequence) const noexcept {
    const std::uint64_t any = mixed(sequence + seed_);
    if (any % 1000 != 1) return common_size_of(sequence);
    return size_max_ + 1 + static_cast<std::uint32_t>((any >> 32) % (large_size_max_ - size_max_));
  }
  /// The size that a large event has where no large segment is free.
  [[nodiscard]] std::uint32_t common_size_of(std::uint64_t sequence) const noexcept {
    const std::uint64_t any = mixed(sequence + seed_);
    const std::uint64_t lot = any % 1000;
    if (lot == 0) return size_max_;
    const std::uint32_t limit = lot < 20 ? 8192 : lot < 120 ? 2048 : 256;
    return static_cast<std::uint32_t>((any >> 32) % std::min(limit, size_max_));
  }
  [[nodiscard]] std::uint32_t kind_of(std::uint64_t sequence) const noexcept {
    return static_cast<std::uint32_t>(mixed(sequence ^ seed_));
  }

  /// Writes the payload of `sequence`; returns its checksum, which is to be its time.
  std::int64_t fill(std::byte* to, std::uint64_t sequence, std::uint32_t size) const noexcept {
    return walk(sequence, size, [to](std::size_t at, const std::uint64_t& word, std::size_t bytes) {
      std::memcpy(to + at, &word, bytes);
      return word;
    });
  }

  [[nodiscard]] bool holds_for(const shm::Record& record) const noexcept {
    const bool sized =
        record.size == size_of(record.sequence) || record.size == common_size_of(record.sequence);
    if (!sized || record.kind != kind_of(record.sequence)) return false;
    bool as_due = true;
    const std::int64_t checksum =
        walk(record.sequence, record.size, [&](std::size_t at, const std::uint64_t& due, std::size_t size) {
          std::uint64_t found = 0;
          std::memcpy(&found, record.payload + at, size);
          as_due = as_due && std::memcmp(&found, &due, size) == 0;
          return found;
        });
    return as_due && checksum == record.time_ns;
  }

 private:
  /// visit(offset, the word that is due there, its size) gives the word that counts; returns their checksum.
  template <class Visit>
  std::int64_t walk(std::uint64_t sequence, std::size_t size, Visit&& visit) const noexcept {
    std::uint64_t word = mixed(sequence * 3 + seed_);
    std::uint64_t checksum = size;
    for (std::size_t at = 0; at < size; at += 8) {
      const std::size_t bytes = std::min<std::size_t>(8, size - at);
      if (bytes < 8) word &= (std::uint64_t{1} << (8 * bytes)) - 1;
      checksum = (checksum ^ visit(at, word, bytes)) * 0x100000001b3;
      word += 0x9e3779b97f4a7c15;
    }
    return static_cast<std::int64_t>(checksum);
  }

  std::uint64_t seed_;
  std::uint32_t size_max_;
  std::uint32_t large_size_max_;
};

}  // namespace ringside::torture
