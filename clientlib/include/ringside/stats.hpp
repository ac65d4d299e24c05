// SPDX-License-Identifier: Apache-2.0
//
// What the rings tell of themselves, and who reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace ringside {

/// What a ring's writer has counted: sums since the ring was made, and states of now.
struct RingCounts {
  std::uint64_t events = 0;           ///< published
  std::uint64_t bytes = 0;            ///< of these
  std::uint64_t wakes = 0;            ///< sleeping clients woken
  std::uint64_t rolls = 0;            ///< changes of the segment
  std::uint64_t withdrawn = 0;        ///< segments that left the window
  std::uint64_t window_segments = 0;  ///< now: segments that can be read
  std::uint64_t set_aside = 0;        ///< now: segments that left the window and that readers keep
  std::uint64_t subscribers = 0;      ///< now
  std::uint64_t shrunk = 0;           ///< segments withdrawn early, for want of shared memory
  std::uint64_t backing_failed = 0;   ///< refusals of shared memory
  std::uint64_t no_space = 0;         ///< publishes refused, or made to wait
  std::uint64_t evicted = 0;          ///< reliable subscriptions that fell too far behind
  std::uint64_t large_events = 0;     ///< events in segments of their own
  std::uint64_t backed_bytes = 0;     ///< now: shared memory, large events not counted
  std::uint64_t keyframes = 0;        ///< published for those who join, beside the events
  std::uint64_t keyframe_bytes = 0;   ///< of these
};

/// One topic.
struct TopicStat {
  std::string topic = {};
  std::string object_name = {};  ///< of the ring's shared memory object, with its leading '/'
  std::uint64_t next_sequence = 0;
  RingCounts counts = {};
  std::uint64_t stale_dropped = 0;  ///< events of a life or run that was over
  bool stalled = false;             ///< now: accepted events wait for shared memory
};

enum class Reading : std::uint8_t {
  copying,   ///< copies each event out of the ring
  pinning,   ///< reads in place
  reliable,  ///< reads in place, and the ring keeps what it has not consumed
};

/// One subscription of a topic. What it has consumed and lost is its client's own word.
struct ReaderStat {
  std::uint64_t session = 0;
  std::uint64_t subscription = 0;  ///< within the session
  pid_t pid = 0;
  uid_t uid = 0;
  std::string client = {};  ///< as it calls itself
  Reading reading = Reading::copying;
  bool evicted = false;              ///< it was reliable, and is no more
  std::optional<std::uint64_t> lag;  ///< events that it has yet to consume; unknown of one that copies
  std::uint64_t lost = 0;            ///< events that it has missed
};

}  // namespace ringside
