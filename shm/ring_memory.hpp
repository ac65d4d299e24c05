// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

#include "shm/atomics.hpp"
#include "shm/ring_geometry.hpp"
#include "shm/ring_layout.hpp"

namespace ringside::shm {

/// A mapped ring as the algorithms see it: table entries, words and payload bytes, by index and offset. It
/// owns nothing and checks nothing; the geometry is the private copy made when the ring was created or
/// attached. A model checker supplies a class with the same members over its own atomics.
///
/// Threads: as many copies as one likes.
/// Memory:  one pointer and a geometry; `Byte` is const for readers, whose mapping has no right to write:
///          there nothing but loads of at most 8 bytes compiles.
template <class AtomicsPolicy, class Byte>
class BasicRingMemory {
  static_assert(std::is_same_v<std::remove_const_t<Byte>, std::byte>);
  template <class T>
  using Like = std::conditional_t<std::is_const_v<Byte>, const T, T>;

 public:
  using Atomics = AtomicsPolicy;
  using Word = Like<typename Atomics::template atomic<std::uint64_t>>;

  /// One physical segment.
  class Segment {
   public:
    Segment() noexcept = default;
    explicit Segment(Byte* base) noexcept : base_(base) {}

    /// The 8 bytes at `offset`, a multiple of 8.
    [[nodiscard]] Word& word(std::uint64_t offset) const noexcept {
      return *std::launder(static_cast<Word*>(static_cast<Like<void>*>(base_ + offset)));
    }
    [[nodiscard]] Byte* bytes(std::uint64_t offset) const noexcept { return base_ + offset; }

    /// A hint that the three lines from `offset` on will be read; it may lie behind the segment's end.
    void prefetch(std::uint64_t offset) const noexcept {
      for (std::uint64_t line = 0; line < 3; ++line)
        __builtin_prefetch(base_ + offset + line * cache_line_size);
    }

    /// Makes a line of ours that holds nothing yet the writer's own, ahead of need. Requires that it is backed, and
    /// behind everything that was committed or claimed.
    void take_line(std::uint64_t offset) const noexcept {
      // relaxed: no reader looks there before a commit (E1), and the place of that is cleared again.
      word(offset).store(0, std::memory_order::relaxed);
    }

    /// Plain bytes to a place that no reader has pinned.
    void write(std::uint64_t offset, const std::byte* from, std::size_t size) const noexcept {
      Atomics::copy_in(base_ + offset, from, size);
    }

   private:
    Byte* base_ = nullptr;
  };

  BasicRingMemory() noexcept = default;
  BasicRingMemory(Byte* base, const RingGeometry& geometry) noexcept : base_(base), geometry_(geometry) {}

  [[nodiscard]] const RingGeometry& geometry() const noexcept { return geometry_; }
  /// Of each index: requires index < table_entries().
  [[nodiscard]] Word& generation(std::uint32_t index) const noexcept {
    return entry_word(index, offsetof(SegmentEntry, generation));
  }
  [[nodiscard]] Word& first_sequence(std::uint32_t index) const noexcept {
    return entry_word(index, offsetof(SegmentEntry, first_sequence));
  }
  [[nodiscard]] Segment segment(std::uint32_t index) const noexcept {
    return Segment(base_ + geometry_.segment_offset(index));
  }
  [[nodiscard]] Word& keyframe_position() const noexcept {
    return Segment(base_).word(offsetof(RingHeader, keyframe_position));
  }
  /// The word of RingCounters that lies `offset` bytes into them.
  [[nodiscard]] Word& counter(std::size_t offset) const noexcept {
    return Segment(base_).word(offsetof(RingHeader, counters) + offset);
  }

 private:
  [[nodiscard]] Word& entry_word(std::uint32_t index, std::size_t field) const noexcept {
    return Segment(base_).word(sizeof(RingHeader) + index * sizeof(SegmentEntry) + field);
  }

  Byte* base_ = nullptr;
  RingGeometry geometry_;
};

using RingMemory = BasicRingMemory<SystemAtomics, std::byte>;
using RingView = BasicRingMemory<SystemAtomics, const std::byte>;

}  // namespace ringside::shm
