// SPDX-License-Identifier: Apache-2.0
//
// Reliable subscriptions: a reader that acknowledges as it goes misses nothing as long as what it is owed fits into the
// extended window; beyond that it is evicted, and knows so before it misses anything. E7 of docs/memory-model.md.
#include <array>
#include <memory>

#include "tests/model/checker.hpp"
#include "tests/model/pinning_end.hpp"

namespace ringside::model {
namespace {

/// A window of two segments, which one reader may extend by one; one event to a segment. The reader begins at the oldest
/// of two; `events` more are published while it takes `steps`.
template <int events, int steps>
struct Owed : rl::test_suite<Owed<events, steps>, 2> {
  using Ring = ModelRing<OneARecordSegment, PlainPayload, 1, 1>;

  void before() {
    use_plain_heap();
    ring = std::make_unique<Ring>();
    ring->publish(shm::window_segments_min);
    end.join_reliable(*ring, ring->writer().oldest());
  }
  void thread(unsigned index) {
    if (index == 0) {
      ring->publish(events);
      return;
    }
    for (int i = 0; i < steps; ++i) {
      if (end.next().kind == shm::Next::Kind::gap)
        require(end.evicted(), "it missed events and was not evicted");
    }
    end.leave();
  }
  void after() {
    if (events == 1) require(!end.evicted(), "it was evicted while the window could be extended");
    ring.reset();
  }

  std::unique_ptr<Ring> ring;
  PinningEnd<Ring> end;
};

constexpr std::array models = {
    entry<Owed<1, 2>, Random<150'000>>("owed"),
    entry<Owed<1, 2>, Bounded<3>>("owed_bounded"),
    entry<Owed<3, 3>, Random<150'000>>("evict"),
    entry<Owed<3, 3>, Bounded<2>>("evict_bounded"),
};

}  // namespace
}  // namespace ringside::model

int main(int argc, char** argv) {
  return ringside::model::run(argc, argv, ringside::model::models);
}
