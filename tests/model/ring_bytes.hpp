// SPDX-License-Identifier: Apache-2.0
//
// A ring's shared memory under the model checker: what BasicRingMemory is over mapped bytes, over relacy's atomics and
// plain variables. Only the words that the algorithms use exist: those at the few places where records of one fixed
// size begin. So a segment has the real least size, and the state stays small.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "shm/ring_geometry.hpp"
#include "shm/ring_layout.hpp"
#include "shm/ring_record.hpp"
#include "tests/model/relacy_atomics.hpp"

namespace ringside::model {

/// Records so large that a segment holds one, or two; or small ones, for models that never roll. `places` are those
/// where a record or, the last one, the LINK begins.
struct OneARecordSegment {
  static constexpr std::uint32_t record_size = 4000;
  static constexpr std::array<std::uint64_t, 2> places = {0, 4032};
};
struct TwoARecordSegment {
  static constexpr std::uint32_t record_size = 1984;
  static constexpr std::array<std::uint64_t, 3> places = {0, 2008, 4032};
};
struct SmallRecords {
  static constexpr std::uint32_t record_size = 8;
  static constexpr std::array<std::uint64_t, 4> places = {0, 32, 64, 96};
};

template <class Shape>
constexpr bool places_follow_from_the_layout() {
  for (std::size_t i = 0; i + 1 < Shape::places.size(); ++i) {
    if (shm::next_place(Shape::places[i], Shape::record_size) != Shape::places[i + 1]) return false;
  }
  return true;
}

/// The first word of a payload, where the rest says nothing: atomic, since copying readers load it while it may be
/// overwritten. The writer's plain bytes are relaxed words here (docs/memory-model.md says why that is fair).
class CopiedPayload {
 public:
  void store(std::uint64_t value) noexcept { word_.store(value, std::memory_order::relaxed); }
  Atomic<std::uint64_t>& word() noexcept { return word_; }

 private:
  Atomic<std::uint64_t> word_;
};

template <class Shape, class Payload, std::size_t segments>
struct RingBytes {
  static_assert(places_follow_from_the_layout<Shape>());

  struct Place {
    std::array<Atomic<std::uint64_t>, 3> words;  // commit word, time, kind; of a LINK the first two
    Payload payload;
  };
  struct Segment {
    std::array<Place, Shape::places.size()> places;
  };

  RingBytes() noexcept { quiet.make_quiet(); }

  std::array<Atomic<std::uint64_t>, segments> generations;
  std::array<Atomic<std::uint64_t>, segments> first_sequences;
  std::array<Segment, segments> all;
  Atomic<std::uint64_t> keyframe_position;
  Atomic<std::uint64_t> quiet;  // stands for every payload word but the first
};

/// The members of shm::BasicRingMemory, for both ends.
template <class Shape, class Payload, std::size_t segments>
class RelacyMemory {
  using Bytes = RingBytes<Shape, Payload, segments>;

 public:
  using Atomics = RelacyAtomics;
  using Word = Atomic<std::uint64_t>;

  class Segment {
   public:
    Segment() noexcept = default;
    Segment(Bytes& bytes, std::uint32_t index) noexcept : bytes_(&bytes), segment_(&bytes.all[index]) {}

    [[nodiscard]] Word& word(std::uint64_t offset) const noexcept {
      auto& place = at(offset);
      const std::uint64_t inside = offset - begin(offset);
      if (inside < shm::record_header_size) return place.words[inside / 8];
      if constexpr (requires { place.payload.word(); }) {
        if (inside == shm::record_header_size) return place.payload.word();
      }
      return bytes_->quiet;
    }
    /// The payload's variable, by the address of bytes that nobody may touch but through it.
    [[nodiscard]] std::byte* bytes(std::uint64_t offset) const noexcept {
      return static_cast<std::byte*>(static_cast<void*>(&at(offset).payload));
    }
    void prefetch(std::uint64_t) const noexcept {}
    void take_line(std::uint64_t) const noexcept {}  // what no reader looks at
    void write(std::uint64_t offset, const std::byte* from, std::size_t) const noexcept {
      std::uint64_t value = 0;
      std::memcpy(&value, from, sizeof(value));
      at(offset).payload.store(value);
    }
    /// Its pages are holes now: zeros.
    void punch() const noexcept {
      for (auto& place : segment_->places) {
        for (Word& each : place.words)
          each.store(0, std::memory_order::relaxed);
        place.payload.store(0);
      }
    }

   private:
    static std::size_t rank(std::uint64_t offset) noexcept {
      std::size_t rank = Shape::places.size() - 1;
      while (Shape::places[rank] > offset)
        --rank;
      return rank;
    }
    static std::uint64_t begin(std::uint64_t offset) noexcept { return Shape::places[rank(offset)]; }
    [[nodiscard]] auto& at(std::uint64_t offset) const noexcept { return segment_->places[rank(offset)]; }

    Bytes* bytes_ = nullptr;
    typename Bytes::Segment* segment_ = nullptr;
  };

  RelacyMemory(Bytes& bytes, const shm::RingGeometry& geometry) noexcept
      : bytes_(&bytes), geometry_(geometry) {}

  [[nodiscard]] const shm::RingGeometry& geometry() const noexcept { return geometry_; }
  [[nodiscard]] Word& generation(std::uint32_t index) const noexcept { return bytes_->generations[index]; }
  [[nodiscard]] Word& first_sequence(std::uint32_t index) const noexcept {
    return bytes_->first_sequences[index];
  }
  [[nodiscard]] Segment segment(std::uint32_t index) const noexcept { return Segment(*bytes_, index); }
  [[nodiscard]] Word& keyframe_position() const noexcept { return bytes_->keyframe_position; }
  [[nodiscard]] Word& counter(std::size_t) const noexcept { return bytes_->quiet; }

 private:
  Bytes* bytes_;
  shm::RingGeometry geometry_;
};

/// The pages of large segments: there are always some.
template <class Memory>
class RelacyPages {
 public:
  explicit RelacyPages(const Memory& memory) noexcept : memory_(memory) {}

  [[nodiscard]] const shm::RingGeometry& geometry() const noexcept { return memory_.geometry(); }
  [[nodiscard]] bool back(std::uint32_t, std::uint32_t) const noexcept { return true; }
  void give_back(std::uint32_t index) const noexcept {
    // Whoever finds a hole in a mapping has gone through the kernel's locks, behind who made it.
    RelacyAtomics::fence(std::memory_order::release);
    memory_.segment(index).punch();
  }
  [[nodiscard]] std::byte* payload(std::uint32_t index) const noexcept {
    return memory_.segment(index).bytes(shm::record_header_size);
  }

 private:
  Memory memory_;
};

/// The first `segments` of the pool have their pages, and no more ever will.
class FixedBacking {
 public:
  static constexpr std::uint32_t step_size = 16 * 1024;

  FixedBacking(const shm::RingGeometry& geometry, std::uint32_t segments) noexcept
      : mark_(geometry.segment_offset(segments)) {}
  [[nodiscard]] std::uint64_t mark() const noexcept { return mark_; }
  [[nodiscard]] bool extend() noexcept { return false; }

 private:
  std::uint64_t mark_;
};

}  // namespace ringside::model
