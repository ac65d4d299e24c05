// SPDX-License-Identifier: Apache-2.0
#include "tools/ring_counts.hpp"

#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace ringside::tools {
namespace {

struct Count {
  std::string_view name;  ///< in JSON
  std::string_view text;
  std::uint64_t RingCounts::*value;
};

constexpr std::array counts_in_order{
    Count{"events", "events published", &RingCounts::events},
    Count{"large_events", "of these in segments of their own", &RingCounts::large_events},
    Count{"bytes", "bytes published", &RingCounts::bytes},
    Count{"keyframes", "keyframes published beside them", &RingCounts::keyframes},
    Count{"keyframe_bytes", "bytes of keyframes", &RingCounts::keyframe_bytes},
    Count{"wakes", "sleeping clients woken", &RingCounts::wakes},
    Count{"rolls", "changes of the segment", &RingCounts::rolls},
    Count{"withdrawn", "segments that left the window", &RingCounts::withdrawn},
    Count{"shrunk", "of these early, for want of memory", &RingCounts::shrunk},
    Count{"backing_failed", "refusals of shared memory", &RingCounts::backing_failed},
    Count{"no_space", "publishes without space", &RingCounts::no_space},
    Count{"evicted", "reliable readers evicted", &RingCounts::evicted},
    Count{"subscribers", "subscriptions now", &RingCounts::subscribers},
    Count{"window_segments", "segments to read now", &RingCounts::window_segments},
    Count{"set_aside", "segments kept for readers now", &RingCounts::set_aside},
    Count{"backed_bytes", "bytes of shared memory now", &RingCounts::backed_bytes},
};

}  // namespace

void append_counts_json(std::string& out, const RingCounts& counts) {
  std::string_view separator = "";
  for (const Count& count : counts_in_order) {
    fmt::format_to(std::back_inserter(out), R"({}"{}":{})", separator, count.name, counts.*count.value);
    separator = ",";
  }
}

void append_counts_text(std::string& out, const RingCounts& counts) {
  for (const Count& count : counts_in_order)
    fmt::format_to(std::back_inserter(out), "{:34}  {}\n", count.text, counts.*count.value);
}

}  // namespace ringside::tools
