// SPDX-License-Identifier: Apache-2.0
//
// Large segments: who claims one has it alone, also from who gave it back, from the readers that had it pinned, and from
// those that copied it and are overtaken. E8 of docs/memory-model.md, and E4 and E5 as far as it rests on them.
#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "shm/copying_reader.hpp"
#include "shm/large_segments.hpp"
#include "tests/model/checker.hpp"
#include "tests/model/pinning_end.hpp"
#include "tests/model/ring_ends.hpp"

namespace ringside::model {
namespace {

template <class Ring>
using LargeSegmentsOf = shm::BasicLargeSegments<RelacyAtomics, RelacyPages<typename Ring::Memory>>;

/// What its producer alone may touch.
template <class Payload>
Payload& payload_at(std::byte* address) noexcept {
  return *static_cast<Payload*>(static_cast<void*>(address));
}

/// `producers` claim, fill and drop, as those do whose events are refused in the end. Where there are as many segments as
/// producers, each finds one.
template <std::uint8_t producers, std::uint32_t segments, int times>
struct Claiming : rl::test_suite<Claiming<producers, segments, times>, producers> {
  using Ring = ModelRing<OneARecordSegment, PlainPayload, 1, 0, segments>;

  void before() {
    use_plain_heap();
    ring = std::make_unique<Ring>();
    large = std::make_unique<LargeSegmentsOf<Ring>>(RelacyPages(ring->view()));
  }
  void thread(unsigned index) {
    for (int i = 0; i < times; ++i) {
      const auto segment = large->claim(OneARecordSegment::record_size);
      require(segment.has_value() || segments < producers, "none is free, where there is one for each");
      if (!segment) continue;
      auto& payload = payload_at<PlainPayload>(segment->payload());
      payload.store(index);
      require(payload.load() == index, "somebody else writes to it");
    }
  }
  void after() {
    for (std::uint32_t i = 0; i < segments; ++i) {
      auto segment = large->claim(OneARecordSegment::record_size);
      require(segment.has_value(), "a segment was lost");
      segment->release();
    }
    large.reset();
    ring.reset();
  }

  std::unique_ptr<Ring> ring;
  std::unique_ptr<LargeSegmentsOf<Ring>> large;
};

/// A reader that copies, with the members of PinningEnd.
template <class Ring>
class CopyingEnd {
 public:
  void join(Ring& ring, const shm::Cursor& cursor) {
    expectation_ = Expectation(cursor.next_sequence);
    reader_ = std::make_unique<shm::BasicCopyingReader<typename Ring::Memory>>(ring.view(), cursor);
  }
  void next() noexcept {
    const shm::Next found = reader_->next();
    require(reader_->state() != shm::ReaderState::corrupt, "the reader took the ring for corrupt");
    expectation_.see(found, value_of_copy);
  }
  void leave() noexcept { reader_.reset(); }

 private:
  std::unique_ptr<shm::BasicCopyingReader<typename Ring::Memory>> reader_;
  Expectation expectation_{1};
};

/// One large segment for `events` large events: the holder of the role links it and wants it back at once, a producer fills
/// it again as soon as it can be had, and a reader looks `steps` times.
template <class Payload, template <class> class End, int events, int steps>
struct Recycling : rl::test_suite<Recycling<Payload, End, events, steps>, 3> {
  using Ring = ModelRing<OneARecordSegment, Payload, 1, 0, 1>;
  enum Role : unsigned { holder, producer, reader };

  void before() {
    use_plain_heap();
    ring = std::make_unique<Ring>();
    large = std::make_unique<LargeSegmentsOf<Ring>>(RelacyPages(ring->view()));
    ring->publish(1);
    first = ring->writer().next_sequence();
    end.join(*ring, ring->writer().oldest());
  }
  void thread(unsigned index) {
    switch (index) {
      case holder:
        return link_all();
      case producer:
        return fill_all();
      default:
        for (int i = 0; i < steps; ++i)
          end.next();
        end.leave();
    }
  }
  void after() {
    large.reset();
    ring.reset();
  }

  void fill_all() noexcept {
    for (std::uint32_t i = 0; i < events; ++i) {
      auto segment = large->claim(OneARecordSegment::record_size);
      for (; !segment; segment = large->claim(OneARecordSegment::record_size))
        rl::yield(1, {});
      payload_at<Payload>(segment->payload()).store(value_of(first + i));
      submitted = {segment->index(), segment->length()};
      segment->release();
      // release: stands for the queue (E24) or the role (E22).
      submitted_count.store(i + 1, std::memory_order::release);
    }
  }
  void link_all() noexcept {
    for (std::uint32_t i = 0; i < events; ++i) {
      // acquire: as the release above.
      while (submitted_count.load(std::memory_order::acquire) == i)
        rl::yield(1, {});
      ring->publish_large(submitted.index, submitted.length);
      while (!ring->writer().free_large())
        rl::yield(1, {});
      while (const auto freed = ring->writer().take_freed_large())
        large->give_back(*freed);
    }
  }

  struct Submitted {
    std::uint32_t index;
    std::uint32_t length;
  };
  std::unique_ptr<Ring> ring;
  std::unique_ptr<LargeSegmentsOf<Ring>> large;
  std::uint64_t first = 0;
  Submitted submitted{};  // of one event at a time, since there is one segment
  Atomic<std::uint32_t> submitted_count;
  End<Ring> end;
};

constexpr std::array models = {
    entry<Claiming<3, 3, 2>, Random<150'000>>("claim"),
    entry<Claiming<2, 2, 2>, Bounded<3>>("claim_bounded"),
    entry<Claiming<3, 1, 2>, Random<150'000>>("claim_the_one"),
    entry<Claiming<2, 1, 2>, Bounded<3>>("claim_the_one_bounded"),
    entry<Recycling<PlainPayload, PinningEnd, 2, 3>, Random<150'000>>("large"),
    entry<Recycling<PlainPayload, PinningEnd, 2, 2>, Bounded<2>>("large_bounded"),
    entry<Recycling<CopiedPayload, CopyingEnd, 2, 3>, Random<150'000>>("large_copy"),
    entry<Recycling<CopiedPayload, CopyingEnd, 2, 2>, Bounded<2>>("large_copy_bounded"),
};

}  // namespace
}  // namespace ringside::model

int main(int argc, char** argv) {
  return ringside::model::run(argc, argv, ringside::model::models);
}
