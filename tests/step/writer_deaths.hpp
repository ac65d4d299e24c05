// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/step/crash_check.hpp"
#include "tests/step/stepped_ring.hpp"
#include "tests/step/traced_child.hpp"

namespace ringside::step {

/// A part of the writer's work, to be cut short at each of its instructions.
template <class Atomics>
struct WriterScenario {
  using Ring = SteppedRing<Atomics>;

  std::string name;
  std::function<void(Ring&)> prepare;  // brings the ring to where the part begins
  std::function<void(typename Ring::Writer&, const Events&)> region;  // the part
  std::uint64_t in_region = 1;                                        // events that it publishes
  std::size_t may_leave = 0;                                          // segments that it may withdraw
  bool publishes_keyframe = false;                                    // at its end
  std::function<bool(const typename Ring::Writer&)> did = {};  // whether that was the part which was meant
  std::function<void()> in_child = {};                         // what the writer's process is told before
};

struct Deaths {
  std::size_t tried = 0;
  std::vector<std::string> faults;
};

/// One death: a ring made for it, a writer that is killed before the instruction `index`, and readers that
/// come then.
template <class Atomics>
class Death {
 public:
  explicit Death(const WriterScenario<Atomics>& scenario) : scenario_(scenario) {
    scenario.prepare(ring_);
    owed_ = {ring_.events,       ring_.segment_starts(), scenario.may_leave, ring_.writer.next_sequence(),
             scenario.in_region, ring_.writer.latest()};
    const std::uint64_t pinned = ring_.page.pins(Ring::line)[0].load(std::memory_order::relaxed);
    if (pinned != 0) {
      pinned_index_ = ring_.index_of(pinned);
      pinned_bytes_ = ring_.bytes_of(pinned_index_);
    }
    sleeps_ = ring_.page.wake_flag()->load(std::memory_order::relaxed) != 0;
  }

  /// The way through the region; empty if it did not do what it should.
  Trace record() {
    TracedChild child(steps());
    const Trace trace = child.record();
    return child.go_on() == 0 ? trace : Trace();
  }

  /// What readers find.
  Found at(const Trace& trace, std::size_t index) {
    {
      TracedChild child(steps());
      // The dead one's end of the pipe must be the last.
      ring_.bell.reset();
      if (!child.run_to(trace, index)) return {"the writer took another way", 0};
    }
    Found found = find_after_death(ring_.attach(), owed_);
    if (!found.fault.empty()) return found;
    if (pinned_bytes_ != (pinned_bytes_.empty() ? pinned_bytes_ : ring_.bytes_of(pinned_index_)))
      found.fault = "a pinned segment was written to";
    if (sleeps_ &&
        shm::sleep_on_doorbell(ring_.waiting_end.get(), std::chrono::nanoseconds(0)) == shm::Woken::timeout)
      found.fault = "a sleeper was left asleep";
    if (index == trace.size() && found.committed != owed_.committed + owed_.in_region)
      found.fault = "what was published to the end is not there";
    if (index == trace.size() && scenario_.publishes_keyframe && found.keyframe + 1 != found.committed)
      found.fault = "the keyframe that was published to the end is not the last one";
    return found;
  }

 private:
  using Ring = SteppedRing<Atomics>;

  Steps steps() {
    return {scenario_.in_child, [this] { scenario_.region(ring_.writer, ring_.events); },
            [this] { return !scenario_.did || scenario_.did(ring_.writer) ? 0 : 1; }};
  }

  const WriterScenario<Atomics>& scenario_;
  Ring ring_;
  Owed owed_;
  std::uint32_t pinned_index_ = 0;
  std::vector<std::byte> pinned_bytes_;
  bool sleeps_ = false;
};

/// Kills the writer before each instruction of the scenario's region, and behind the last.
template <class Atomics>
Deaths die_everywhere(const WriterScenario<Atomics>& scenario) {
  const auto begin = std::chrono::steady_clock::now();
  const Trace trace = Death<Atomics>(scenario).record();
  Deaths deaths;
  std::uint64_t committed = 0;
  std::uint64_t keyframe = 0;
  for (std::size_t index = 0; index <= trace.size(); ++index, ++deaths.tried) {
    Found found = Death<Atomics>(scenario).at(trace, index);
    if (found.fault.empty() && found.committed < committed) found.fault = "what was committed is gone again";
    if (found.fault.empty() && scenario.publishes_keyframe && found.keyframe < keyframe)
      found.fault = "the last keyframe is gone again";
    if (!found.fault.empty())
      deaths.faults.push_back(
          fmt::format("{}, before instruction {}: {}", scenario.name, index, found.fault));
    committed = std::max(committed, found.committed);
    keyframe = std::max(keyframe, found.keyframe);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::printf("%s: killed at %zu instructions, %zu faults, %.1f s\n", scenario.name.c_str(), deaths.tried,
              deaths.faults.size(), seconds.count());
  return deaths;
}

}  // namespace ringside::step
