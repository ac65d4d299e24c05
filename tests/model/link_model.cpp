// SPDX-License-Identifier: Apache-2.0
//
// Following the writer: a reader at the tail, two records to a segment, over segments full of old records. What it
// finds behind the last event is an end, never an old record; a LINK takes it on; and once the writer rests it has
// everything. E1, E3 of docs/memory-model.md.
#include <array>
#include <memory>

#include "tests/model/checker.hpp"
#include "tests/model/pinning_end.hpp"

namespace ringside::model {
namespace {

/// `waits`: the reader's last look is when the writer rests, rather than only if it does already.
template <int events, int steps, bool waits>
struct Following : rl::test_suite<Following<events, steps, waits>, 2> {
  using Ring = ModelRing<TwoARecordSegment, PlainPayload, 1>;

  static constexpr int before_events = 2 * shm::window_segments_min;

  void before() {
    use_plain_heap();
    ring = std::make_unique<Ring>();
    ring->publish(before_events);
    end.join(*ring, ring->writer().latest());
    end.next();
  }
  void thread(unsigned index) {
    if (index == 0) {
      ring->publish(events);
      rested.store(1, std::memory_order::release);
      return;
    }
    for (int i = 0; i < steps; ++i)
      end.next();
    while (rested.load(std::memory_order::acquire) == 0) {
      if (!waits) return;
      rl::yield(1, {});
    }
    while (end.next().kind != shm::Next::Kind::nothing) {
    }
    require(end.expectation().next() == ring->writer().next_sequence(), "the reader stays behind");
  }
  void after() {
    end.leave();
    ring.reset();
  }

  std::unique_ptr<Ring> ring;
  PinningEnd<Ring> end;
  Atomic<std::uint32_t> rested;
};

constexpr std::array models = {
    entry<Following<5, 4, true>, Random<150'000>>("follow"),
    entry<Following<3, 3, true>, Bounded<3>>("follow_bounded"),
    entry<Following<1, 1, false>, Every>("follow_every_schedule"),
};

}  // namespace
}  // namespace ringside::model

int main(int argc, char** argv) {
  return ringside::model::run(argc, argv, ringside::model::models);
}
