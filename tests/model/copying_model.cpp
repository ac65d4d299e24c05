// SPDX-License-Identifier: Apache-2.0
//
// Readers that copy, whom no scan sees: a segment is recycled under them, they find it out, and what they hand on is
// whole. An end that they find may be a recycled place: once the writer rests, they have everything, or know the gap.
// E1, E3, E5 of docs/memory-model.md.
#include <array>
#include <memory>

#include "shm/copying_reader.hpp"
#include "tests/model/checker.hpp"
#include "tests/model/ring_ends.hpp"

namespace ringside::model {
namespace {

/// The reader begins where `cursor` says while the first `before_events` are there.
template <class Shape, int before_events, int events, int steps, bool from_latest>
struct Copying : rl::test_suite<Copying<Shape, before_events, events, steps, from_latest>, 2> {
  using Ring = ModelRing<Shape, CopiedPayload, 1>;
  using Reader = shm::BasicCopyingReader<typename Ring::Memory>;

  void before() {
    use_plain_heap();
    ring = std::make_unique<Ring>();
    ring->publish(before_events);
    const shm::Cursor cursor = from_latest ? ring->writer().latest() : ring->writer().oldest();
    expectation = Expectation(cursor.next_sequence);
    reader = std::make_unique<Reader>(ring->view(), cursor);
    if (from_latest) next();
  }
  void thread(unsigned index) {
    if (index == 0) {
      ring->publish(events);
      rested.store(1, std::memory_order::release);
      return;
    }
    for (int i = 0; i < steps; ++i)
      next();
    while (rested.load(std::memory_order::acquire) == 0)
      rl::yield(1, {});
    while (next().kind != shm::Next::Kind::nothing) {
    }
    require(expectation.next() == ring->writer().next_sequence(), "the reader stays behind");
  }
  void after() {
    reader.reset();
    ring.reset();
  }

  shm::Next next() noexcept {
    const shm::Next found = reader->next();
    require(reader->state() != shm::ReaderState::corrupt, "the reader took the ring for corrupt");
    expectation.see(found, value_of_copy);
    return found;
  }

  std::unique_ptr<Ring> ring;
  std::unique_ptr<Reader> reader;
  Expectation expectation{1};
  Atomic<std::uint32_t> rested;
};

/// Who has no writer to ask, and finds the oldest segment while the window moves.
template <int events>
struct Finding : rl::test_suite<Finding<events>, 2> {
  using Ring = ModelRing<OneARecordSegment, CopiedPayload, 1>;

  void before() {
    use_plain_heap();
    ring = std::make_unique<Ring>();
    ring->publish(shm::window_segments_min);
  }
  void thread(unsigned index) {
    if (index == 0) {
      ring->publish(events);
    } else if (const auto cursor = shm::start_of_oldest(ring->view())) {
      // One record to a segment: both count from 1.
      require(cursor->next_sequence == cursor->generation, "the first sequence is another generation's");
    }
  }
  void after() { ring.reset(); }

  std::unique_ptr<Ring> ring;
};

constexpr std::array models = {
    entry<Copying<OneARecordSegment, 2, 5, 5, false>, Random<150'000>>("copy"),
    entry<Copying<OneARecordSegment, 2, 2, 2, false>, Bounded<2>>("copy_bounded"),
    entry<Copying<TwoARecordSegment, 1, 4, 2, true>, Random<150'000>>("copy_at_an_end"),
    entry<Copying<TwoARecordSegment, 1, 4, 2, true>, Bounded<2>>("copy_at_an_end_bounded"),
    entry<Finding<2>, Random<150'000>>("find_oldest"),
    entry<Finding<2>, Bounded<3>>("find_oldest_bounded"),
};

}  // namespace
}  // namespace ringside::model

int main(int argc, char** argv) {
  return ringside::model::run(argc, argv, ringside::model::models);
}
