// SPDX-License-Identifier: Apache-2.0
//
// One session that sleeps on one doorbell for two topics, each with its own writer: nobody is ever left asleep, which
// relacy would call a deadlock, and nobody is rung twice for one sleep. E20, E21 of docs/memory-model.md.
#include <array>
#include <atomic>
#include <memory>

#include "shm/copying_reader.hpp"
#include "shm/doorbell.hpp"
#include "tests/model/checker.hpp"
#include "tests/model/pinning_end.hpp"
#include "tests/model/relacy_pipe.hpp"

namespace ringside::model {
namespace {

/// Thread 0 and 1 write a topic each; the others wait for events: one for both topics, or, wrongly, one for each.
/// `freely`: to ring twice for one sleep is no fault here, only to leave somebody asleep is.
template <int events, std::uint8_t waiters, bool freely>
struct Waking : rl::test_suite<Waking<events, waiters, freely>, 2 + int{waiters}> {
  using Ring = ModelRing<SmallRecords, PlainPayload, 1>;

  void before() {
    use_plain_heap();
    for (std::size_t i = 0; i < rings.size(); ++i) {
      rings[i] = std::make_unique<Ring>();
      ends[i].join(*rings[i], rings[i]->writer().latest(), &flag);
      ends[i].next();
    }
  }
  void thread(unsigned index) {
    if (index < rings.size()) {
      write(*rings[index]);
    } else if (waiters == 1) {
      wait(0, 2);
    } else {
      wait(index - 2, index - 1);
    }
  }
  void after() {
    for (std::size_t i = 0; i < rings.size(); ++i) {
      ends[i].leave();
      rings[i].reset();
    }
  }

  void write(Ring& ring) noexcept {
    for (int i = 0; i < events; ++i) {
      ring.publish(1);
      ring.writer().ring([this](int) {
        ++rung;
        require(freely || rung <= armed, "two writers rang for one sleep");
        pipe.ring();
      });
    }
  }
  /// As a client does: drain, poll, arm, sleep.
  void wait(std::size_t first, std::size_t end) noexcept {
    for (;;) {
      pipe.drain();
      bool all = true;
      for (std::size_t i = first; i < end; ++i) {
        while (ends[i].next().kind != shm::Next::Kind::nothing) {
        }
        all = all && ends[i].expectation().next() == events + 1;
      }
      if (all) return;
      ++armed;
      const auto any_news = [&] {
        for (std::size_t i = first; i < end; ++i) {
          if (ends[i].reader().has_news()) return true;
        }
        return false;
      };
      if (shm::arm_doorbell<RelacyAtomics>(flag, any_news)) pipe.sleep();
    }
  }

  std::array<std::unique_ptr<Ring>, 2> rings;
  std::array<PinningEnd<Ring>, 2> ends;
  Atomic<std::uint32_t> flag;
  RelacyPipe pipe;
  // Books of the model, not of the modelled: relacy switches threads at atomics only.
  int armed = 0;
  int rung = 0;
};

/// A copying reader sleeps at a place that the writer recycles behind its back, and rings only at the end.
template <int events>
struct WakingACopier : rl::test_suite<WakingACopier<events>, 2> {
  using Ring = ModelRing<TwoARecordSegment, CopiedPayload, 1>;
  using Reader = shm::BasicCopyingReader<typename Ring::Memory>;

  void before() {
    use_plain_heap();
    ring = std::make_unique<Ring>();
    ring->publish(1);
    const auto joined = ring->writer().add_subscriber({nullptr, &flag, -1});
    require(joined.has_value(), "no slot");
    reader = std::make_unique<Reader>(ring->view(), ring->writer().latest());
    static_cast<void>(reader->next());
  }
  void thread(unsigned index) {
    if (index == 0) {
      ring->publish(events);
      ring->writer().ring([this](int) { pipe.ring(); });
      return;
    }
    Expectation expectation(2);
    for (;;) {
      pipe.drain();
      shm::Next found;
      do {
        found = reader->next();
        expectation.see(found, value_of_copy);
      } while (found.kind != shm::Next::Kind::nothing);
      if (expectation.next() == events + 2) return;
      if (shm::arm_doorbell<RelacyAtomics>(flag, [this] { return reader->has_news(); })) pipe.sleep();
    }
  }
  void after() {
    reader.reset();
    ring.reset();
  }

  std::unique_ptr<Ring> ring;
  std::unique_ptr<Reader> reader;
  Atomic<std::uint32_t> flag;
  RelacyPipe pipe;
};

constexpr std::array models = {
    entry<Waking<2, 1, false>, Random<150'000>>("wake"),
    entry<Waking<1, 1, false>, Bounded<3>>("wake_bounded"),
    entry<Waking<2, 1, true>, Random<150'000>>("wake_rung_freely"),
    entry<Waking<2, 2, true>, Random<150'000>>("wake_two_waiters"),
    entry<WakingACopier<4>, Random<150'000>>("wake_copier"),
    entry<WakingACopier<4>, Bounded<2>>("wake_copier_bounded"),
};

}  // namespace
}  // namespace ringside::model

int main(int argc, char** argv) {
  return ringside::model::run(argc, argv, ringside::model::models);
}
