// SPDX-License-Identifier: Apache-2.0
//
// Keyframes: the writer publishes one behind each event, two records to a segment, so that there always is one, while
// readers that ask for state are lapped. Each finds the last keyframe whole, behind the exact gap, and every event behind
// that. E9 of docs/memory-model.md, with E2 and E5 on the way.
#include <array>
#include <memory>

#include "shm/copying_reader.hpp"
#include "tests/model/checker.hpp"
#include "tests/model/pinning_end.hpp"

namespace ringside::model {
namespace {

/// `events` with their keyframes come while the reader takes `steps`; it begins at the first of two events, or at the
/// keyframe of the second.
template <class Ring>
struct Written {
  void publish(int events) {
    for (int i = 0; i < events; ++i) {
      ring.publish(1);
      ring.publish_keyframe();
    }
  }
  [[nodiscard]] shm::Cursor cursor(shm::StateWish wish) {
    return wish == shm::StateWish::at_once ? ring.writer().keyframe().value() : ring.writer().oldest();
  }

  Ring ring;
};

template <int events, int steps, shm::StateWish wish>
struct Viewing : rl::test_suite<Viewing<events, steps, wish>, 2> {
  using Ring = ModelRing<TwoARecordSegment, PlainPayload, 1>;

  void before() {
    use_plain_heap();
    written = std::make_unique<Written<Ring>>();
    written->publish(2);
    end.join_for_state(written->ring, written->cursor(wish), wish);
  }
  void thread(unsigned index) {
    if (index == 0) {
      written->publish(events);
      return;
    }
    for (int i = 0; i < steps; ++i)
      end.next();
    end.leave();
  }
  void after() { written.reset(); }

  std::unique_ptr<Written<Ring>> written;
  PinningEnd<Ring> end;
};

template <int events, int steps, shm::StateWish wish>
struct Copying : rl::test_suite<Copying<events, steps, wish>, 2> {
  using Ring = ModelRing<TwoARecordSegment, CopiedPayload, 1>;
  using Reader = shm::BasicCopyingReader<typename Ring::Memory>;

  void before() {
    use_plain_heap();
    written = std::make_unique<Written<Ring>>();
    written->publish(2);
    const shm::Cursor cursor = written->cursor(wish);
    expectation = Expectation(cursor.next_sequence, wish);
    reader = std::make_unique<Reader>(written->ring.view(), cursor, wish);
  }
  void thread(unsigned index) {
    if (index == 0) {
      written->publish(events);
      return;
    }
    for (int i = 0; i < steps; ++i) {
      const shm::Next found = reader->next();
      require(reader->state() != shm::ReaderState::corrupt, "the reader took the ring for corrupt");
      expectation.see(found, value_of_copy);
    }
  }
  void after() {
    reader.reset();
    written.reset();
  }

  std::unique_ptr<Written<Ring>> written;
  std::unique_ptr<Reader> reader;
  Expectation expectation{1};
};

using enum shm::StateWish;

constexpr std::array models = {
    entry<Viewing<3, 4, after_a_gap>, Random<150'000>>("view"),
    entry<Viewing<3, 3, after_a_gap>, Bounded<2>>("view_bounded"),
    entry<Viewing<3, 4, at_once>, Random<150'000>>("view_at_once"),
    entry<Copying<3, 4, after_a_gap>, Random<150'000>>("copy_state"),
    entry<Copying<3, 3, after_a_gap>, Bounded<2>>("copy_state_bounded"),
    entry<Copying<3, 4, at_once>, Random<150'000>>("copy_state_at_once"),
};

}  // namespace
}  // namespace ringside::model

int main(int argc, char** argv) {
  return ringside::model::run(argc, argv, ringside::model::models);
}
