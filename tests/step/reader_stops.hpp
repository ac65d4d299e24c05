// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <sys/syscall.h>

#include <fmt/format.h>

#include "shm/doorbell.hpp"
#include "tests/step/stepped_ring.hpp"
#include "tests/step/traced_child.hpp"

namespace ringside::step {

/// How a reader's process ends.
enum class Outcome : std::uint8_t { saw_everything, out_of_order, torn, inexact_gap, corrupt, hung_up };

/// Of an exit code.
inline std::string name_of(int outcome) {
  constexpr std::array<const char*, 6> names{"saw everything", "out of order", "torn",
                                             "an inexact gap", "corrupt",      "hung up"};
  const auto index = static_cast<std::size_t>(outcome);
  return index < names.size() ? names[index] : fmt::format("exit code {}", outcome);
}

template <class Reader>
struct ViewOf;
template <class View>
struct ViewOf<shm::BasicRingReader<View>> {
  using Type = View;
  static constexpr bool pins = true;
};
template <class View>
struct ViewOf<shm::BasicCopyingReader<View>> {
  using Type = View;
  static constexpr bool pins = false;
};

/// A reader as a client's process has it, and what it has seen so far.
template <class Reader>
class Client {
 public:
  using View = typename ViewOf<Reader>::Type;
  static constexpr bool pins = ViewOf<Reader>::pins;

  Client(const shm::SessionPage& daemons_page, shm::Descriptor descriptor, int waiting_end,
         const shm::Cursor& grant, const Events& events, shm::StateWish wish)
      : waiting(waiting_end),
        page(shm::SessionPage::attach(daemons_page.descriptor().duplicate()).value()),
        ring_(shm::AttachedRing::attach(std::move(descriptor), ::geteuid()).value()),
        expected(grant.next_sequence),
        wants_state_(wish != shm::StateWish::none),
        events_(events) {
    const View view(ring_.view().segment(0).bytes(0) - ring_.geometry().segment_offset(0), ring_.geometry());
    if constexpr (pins) {
      auto* const words = page.pins(shm::subscription_line_first);
      reader.emplace(view, grant, static_cast<typename Reader::Word*>(words), nullptr, wish);
    } else {
      reader.emplace(view, grant, wish);
    }
  }

  void take(const shm::Next& next) {
    if (next.kind == shm::Next::Kind::record) {
      if (owed_state_ || next.record.sequence != expected) fail(Outcome::out_of_order);
      if (!events_.is_whole(next.record)) fail(Outcome::torn);
      ++expected;
    } else if (next.kind == shm::Next::Kind::gap) {
      if (next.gap.first != expected || next.gap.count == 0) fail(Outcome::inexact_gap);
      expected += next.gap.count;
      owed_state_ = wants_state_;
    } else if (next.kind == shm::Next::Kind::keyframe) {
      if (!std::exchange(owed_state_, false) || next.record.sequence + 1 != expected)
        fail(Outcome::out_of_order);
      if (!Events::is_whole_keyframe(next.record)) fail(Outcome::torn);
    }
    if (reader->state() == shm::ReaderState::corrupt) fail(Outcome::corrupt);
  }
  /// What is there now.
  void take_all() {
    for (;;) {
      const shm::Next next = reader->next();
      take(next);
      if (next.kind == shm::Next::Kind::nothing) return;
    }
  }
  bool arm() {
    return shm::arm_doorbell<shm::SystemAtomics>(*page.wake_flag(), [this] { return reader->has_news(); });
  }
  /// Whether a LINK is what it comes to next.
  [[nodiscard]] bool at_link() const {
    const shm::Cursor cursor = reader->cursor();
    const auto segment = shm::find_segment(ring_.view(), cursor.generation).value();
    const auto& word = ring_.view().segment(segment.index).word(cursor.offset);
    return (word.load(std::memory_order::acquire) & shm::commit_link) != 0;
  }
  /// As a client waits: until it has seen what was published before `end`.
  void wait_for(std::uint64_t end) {
    while (outcome == Outcome::saw_everything && expected != end) {
      if (shm::drain_doorbell(waiting) == shm::Drained::hung_up) return fail(Outcome::hung_up);
      take_all();
      if (expected == end || !arm()) continue;
      if (shm::sleep_on_doorbell(waiting, std::nullopt) == shm::Woken::hung_up) return fail(Outcome::hung_up);
    }
  }
  [[nodiscard]] bool is_whole(const shm::Record& record) const { return events_.is_whole(record); }
  void fail(Outcome fault) {
    if (outcome == Outcome::saw_everything) outcome = fault;
  }

  int waiting;
  shm::SessionPage page;

 private:
  shm::AttachedRing ring_;

 public:
  std::optional<Reader> reader;
  std::uint64_t expected;
  Outcome outcome = Outcome::saw_everything;
  // What the region leaves to be looked at behind it.
  shm::Next found;
  shm::BasicHeld<typename View::Atomics> held;

 private:
  bool wants_state_;
  bool owed_state_ = false;
  Events events_;
};

/// A part of a reader's work, to be held up at each of its instructions.
template <class Reader>
struct ReaderScenario {
  using Ring = SteppedRing<shm::SystemAtomics>;

  std::string name;
  std::function<void(Ring&)> prepare;           // before the grant
  std::function<void(Ring&)> behind_grant;      // what is there to be read
  std::function<void(Client<Reader>&)> before;  // in the reader's process, not held up
  std::function<void(Client<Reader>&)> region;  // held up
  std::function<void(Client<Reader>&)> look;    // at what the region found
  shm::StateWish wish = shm::StateWish::none;   // with it each lap leaves keyframes
};

inline constexpr std::string_view left_asleep = "the reader was left asleep";

/// One reader, held up before one instruction while the writer laps it.
template <class Reader>
class Stop {
 public:
  explicit Stop(const ReaderScenario<Reader>& scenario) : scenario_(scenario) {
    void* memory = ::mmap(nullptr, sizeof *end_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    end_ = new (memory) std::atomic<std::uint64_t>(0);
    if (scenario.prepare) scenario.prepare(ring_);
    grant_ = ring_.writer.latest();
    if (scenario.behind_grant) scenario.behind_grant(ring_);
  }
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;
  ~Stop() { ::munmap(end_, sizeof *end_); }

  /// The way through the region, undisturbed but for a ring where it sleeps: `sleep` is where.
  Trace record(std::optional<std::size_t>& sleep) {
    TracedChild child(steps());
    return child.record([&](std::size_t index, std::uint64_t number) {
      if (number != SYS_ppoll) return;
      sleep = index;
      wake();
    });
  }

  /// Holds it up before `index`, and once more `again` instructions later: what was wrong, or nothing.
  std::string at(const Trace& trace, std::optional<std::size_t> sleep, std::size_t index, std::size_t again) {
    TracedChild child(steps());
    if (sleep && index > *sleep) {
      if (!child.run_to(trace, *sleep)) return "the reader took another way to its sleep";
      wake();
      child.step(index - *sleep);
    } else if (!child.run_to(trace, index)) {
      return "the reader took another way";
    }
    lap();
    if (again != 0) {
      child.step(again);
      lap();
    }
    end_->store(ring_.writer.next_sequence(), std::memory_order::seq_cst);
    const int outcome = child.go_on();
    if (outcome == TracedChild::hangs) return std::string(left_asleep);
    if (outcome != 0) return "the reader ends: " + name_of(outcome);
    return what_is_left();
  }

 private:
  using Ring = SteppedRing<shm::SystemAtomics>;

  void wake() {
    ring_.publish();
    ring_.writer.ring();
  }
  /// Everything that could be read, and more, then the bell as after every batch.
  void lap() {
    for (std::uint32_t i = 0; i < stepped_geometry.window_segments + 2; ++i) {
      ring_.roll();
      if (scenario_.wish != shm::StateWish::none) ring_.publish_keyframe(100);
    }
    ring_.writer.ring();
  }
  std::string what_is_left() {
    if (ring_.writer.counters().no_space != 0) return "the reader has kept the writer from publishing";
    for (std::uint32_t word = 0; word < stepped_geometry.pins_per_subscription; ++word) {
      if (ring_.page.pins(Ring::line)[word].load(std::memory_order::acquire) != 0) return "a pin was left";
    }
    ring_.roll();
    return ring_.writer.set_aside_segments() == 0 ? "" : "a segment was left set aside";
  }

  Steps steps() {
    return {[this] {
              client_.emplace(ring_.page, ring_.descriptor(), ring_.waiting_end.get(), grant_, ring_.events,
                              scenario_.wish);
              if (scenario_.before) scenario_.before(*client_);
            },
            [this] { scenario_.region(*client_); },
            [this] {
              if (scenario_.look) scenario_.look(*client_);
              client_->wait_for(end_->load(std::memory_order::seq_cst));
              client_->held.reset();
              client_->reader->close();
              return static_cast<int>(client_->outcome);
            }};
  }

  const ReaderScenario<Reader>& scenario_;
  Ring ring_;
  shm::Cursor grant_;
  std::atomic<std::uint64_t>* end_;
  std::optional<Client<Reader>> client_;  // in the reader's process only
};

struct Stops {
  std::size_t tried = 0;
  std::vector<std::string> faults;
};

/// Stops the reader before each instruction of the scenario's region, and behind the last; each `again` of
/// them is one round.
template <class Reader>
Stops stop_everywhere(const ReaderScenario<Reader>& scenario, const std::vector<std::size_t>& again) {
  const auto begin = std::chrono::steady_clock::now();
  std::optional<std::size_t> sleep;
  const Trace trace = Stop<Reader>(scenario).record(sleep);
  Stops stops;
  for (const std::size_t further : again) {
    for (std::size_t index = 0; index <= trace.size(); ++index, ++stops.tried) {
      const std::string fault = Stop<Reader>(scenario).at(trace, sleep, index, further);
      if (!fault.empty()) {
        stops.faults.push_back(
            fmt::format("{}, before instruction {} and {} later: {}", scenario.name, index, further, fault));
        // Found by a watchdog, which is slow: once is enough.
        if (fault == left_asleep) return stops;
      }
    }
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::printf("%s: stopped at %zu instructions, %zu faults, %.1f s\n", scenario.name.c_str(), stops.tried,
              stops.faults.size(), seconds.count());
  return stops;
}

}  // namespace ringside::step
