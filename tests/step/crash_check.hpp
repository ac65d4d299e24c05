// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/attached_ring.hpp"
#include "tests/step/stepped_ring.hpp"

namespace ringside::step {

/// What is owed to readers whenever the writer dies.
struct Owed {
  Events events;
  std::vector<std::uint64_t> segment_starts;  // first sequences of the segments before the region
  std::size_t may_leave = 0;                  // so many of them may have left the window
  std::uint64_t committed = 0;                // the next sequence before the region
  std::uint64_t in_region = 0;                // so many events the region publishes
  shm::Cursor grant;                          // where a subscriber would have gone on before the region
};

/// What readers find after a death.
struct Found {
  std::string fault;            // empty: everything that is owed
  std::uint64_t committed = 0;  // behind the last event
  std::uint64_t keyframe = 0;   // the last event that the last keyframe includes; 0: there is none
};

/// Looks at a dead writer's ring as a client that has just come, in place and by copying, and as one that
/// subscribed before.
[[nodiscard]] Found find_after_death(const shm::AttachedRing& ring, const Owed& owed);

}  // namespace ringside::step
