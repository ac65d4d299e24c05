// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "shm/pause_processor.hpp"

namespace ringside::shm {

/// How long a reader that has caught up stays away from the line that the writer is about to store.
///
/// A reader that looks at once takes that line out of the writer's cache for each event, and both run at the pace of that one
/// line: a third to half of what they reach when the reader lets a batch gather. One that is waiting for a single
/// answer must look at once. Which it is shows in what a poll finds behind an empty one: in a stream, a short
/// absence finds several events. So: no absence at first; after a run of single finds one trial; absences grow while
/// they find less than a batch, end when they find one event again, and trials that found no stream become rarer.
///
/// Threads: the reader's. Progress: an absence has at most `pauses_max` pauses of the processor, some 10 to 25 us; it
/// comes before a look, never after, so that a poll still finds what was there when it was called.
class PollBackoff {
 public:
  static constexpr std::uint32_t batch_wanted = 64;
  static constexpr std::uint32_t pauses_first = 16;
  static constexpr std::uint32_t pauses_min = 8;
  static constexpr std::uint32_t pauses_max = 512;
  static constexpr std::uint32_t stream_min = 4;  // so many after a trial are a stream
  static constexpr std::uint32_t singles_first = 64;
  static constexpr std::uint32_t singles_max = 64 * 1024;

  /// Before a poll looks: stays away where the last one caught up with a stream.
  void before_look() const noexcept {
    if (!caught_up_) return;
    for (std::uint32_t i = 0; i < pauses_; ++i)
      pause_processor();
  }

  /// After a poll: it found `count` events, and then nothing more if `caught_up`.
  void after_look(std::size_t count, bool caught_up) noexcept {
    if (caught_up_ && count != 0 && count < batch_wanted) adapt(count);
    caught_up_ = caught_up;
  }

  /// Of the next absence, if there is one.
  [[nodiscard]] std::uint32_t pauses() const noexcept { return pauses_; }

 private:
  void adapt(std::size_t count) noexcept {
    if (pauses_ == 0) {
      if (count == 1 && ++singles_ < singles_wanted_) return;
      singles_ = 0;
      pauses_ = pauses_first;
      trial_ = true;
    } else if (trial_ && count < stream_min) {
      trial_ = false;
      pauses_ = 0;
      singles_wanted_ = std::min(2 * singles_wanted_, singles_max);
    } else if (count == 1) {
      pauses_ = pauses_ > pauses_min ? pauses_ / 2 : 0;
    } else {
      if (trial_) singles_wanted_ = singles_first;
      trial_ = false;
      pauses_ = std::min(2 * pauses_, pauses_max);
    }
  }

  std::uint32_t pauses_ = 0;
  std::uint32_t singles_ = 0;
  std::uint32_t singles_wanted_ = singles_first;
  bool trial_ = false;
  bool caught_up_ = false;
};

}  // namespace ringside::shm
