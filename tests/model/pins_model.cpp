// SPDX-License-Identifier: Apache-2.0
//
// Pin and recycle: the writer rolls at every event and reuses what is free, while readers enter, read in place, hold,
// go on and leave. E1, E2, E3, E4 of docs/memory-model.md, and the tight bound of the pool.
#include <array>
#include <memory>

#include "tests/model/checker.hpp"
#include "tests/model/pinning_end.hpp"
#include "tests/model/ring_ends.hpp"

namespace ringside::model {
namespace {

/// `readers` read `steps` times while `events` more are published, one to a segment, into a full window.
template <std::uint8_t readers, int events, int steps, std::uint32_t backed>
struct Recycling : rl::test_suite<Recycling<readers, events, steps, backed>, 1 + int{readers}> {
  using Ring = ModelRing<OneARecordSegment, PlainPayload, readers>;

  void before() {
    use_plain_heap();
    ring = std::make_unique<Ring>(backed);
    ring->publish(shm::window_segments_min);
    for (auto& end : ends)
      end.join(*ring, ring->writer().oldest());
  }
  void thread(unsigned index) {
    if (index == 0) {
      ring->publish(events);
    } else {
      for (int i = 0; i < steps; ++i)
        ends[index - 1].next();
      ends[index - 1].leave();
    }
  }
  void after() { ring.reset(); }

  std::unique_ptr<Ring> ring;
  std::array<PinningEnd<Ring>, readers> ends;
};

/// One reader with two pins holds its first event while its cursor goes on: both pins are in use at once. What it
/// would hold beyond that is copied.
template <int events, int steps, std::uint32_t backed>
struct Holding : rl::test_suite<Holding<events, steps, backed>, 2> {
  using Ring = ModelRing<OneARecordSegment, PlainPayload, 1>;

  void before() {
    use_plain_heap();
    ring = std::make_unique<Ring>(backed);
    ring->publish(shm::window_segments_min);
    end.join(*ring, ring->writer().oldest());
  }
  void thread(unsigned index) {
    if (index == 0) {
      ring->publish(events);
      return;
    }
    typename PinningEnd<Ring>::Reader::Held held;
    for (int i = 0; i < steps; ++i) {
      const shm::Next found = end.next();
      if (found.kind != shm::Next::Kind::record) continue;
      if (held.record().payload == nullptr) {
        held = end.reader().hold(found.record);
        require(!held.copied(), "the first was copied");
        continue;
      }
      const auto second = end.reader().hold(found.record);
      require(second.copied(), "the last pin was given away");
      require(value_of_copy(second.record()) == value_of(found.record.sequence), "the copy is not whole");
      require(value_in_place(held.record()) == value_of(held.record().sequence), "what is held changed");
    }
    held.reset();
    end.next();
    end.leave();
  }
  void after() { ring.reset(); }

  std::unique_ptr<Ring> ring;
  PinningEnd<Ring> end;
};

constexpr std::uint32_t tight(std::uint32_t readers) {
  return shm::window_segments_min + readers * shm::pins_min;  // S + R * K
}

constexpr std::array models = {
    entry<Recycling<1, 3, 3, tight(1)>, Random<150'000>>("recycle"),
    entry<Recycling<1, 3, 3, tight(1)>, Bounded<3>>("recycle_bounded"),
    entry<Recycling<2, 3, 3, tight(2)>, Random<150'000>>("recycle_two_readers"),
    entry<Recycling<2, 1, 2, tight(2)>, Bounded<2>>("recycle_two_readers_bounded"),
    entry<Holding<4, 3, tight(1)>, Random<150'000>>("hold"),
    entry<Holding<2, 3, tight(1)>, Bounded<3>>("hold_bounded"),
    entry<Holding<4, 3, tight(1) - 1>, Random<150'000>>("hold_pool_too_small"),
};

}  // namespace
}  // namespace ringside::model

int main(int argc, char** argv) {
  return ringside::model::run(argc, argv, ringside::model::models);
}
