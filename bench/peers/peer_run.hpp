// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <unistd.h>

#include "bench/bench_options.hpp"
#include "bench/host.hpp"
#include "bench/latency_samples.hpp"
#include "bench/payload.hpp"
#include "bench/peers/allow_cores.hpp"
#include "bench/peers/meeting.hpp"
#include "bench/peers/peer.hpp"

namespace ringside::bench {

/// What the two processes of a peer's run share beside the channel: where they meet, and what came out.
struct PeerRun {
  Meeting meeting;
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
  std::uint64_t lost = 0;
  std::uint64_t torn = 0;
  LatencySamples::Percentiles latency;
};

/// Checks what comes out of a channel: events numbered 1, 2, 3, ..., every byte as fill_payload wrote it.
class EventCheck {
 public:
  /// Counts the events missing before this one, and this one if it is not whole or not the size.
  void operator()(std::span<const std::byte> event, std::uint32_t size) {
    std::uint64_t number = 0;
    if (event.size() == size) std::memcpy(&number, event.data(), sizeof number);
    if (event.size() != size || number <= last_ || !payload_is_whole(event.data(), size, number)) {
      ++torn_;
      ++last_;
      return;
    }
    lost_ += number - last_ - 1;
    last_ = number;
  }

  /// The number of the last event that came.
  [[nodiscard]] std::uint64_t last() const { return last_; }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  [[nodiscard]] std::uint64_t torn() const { return torn_; }

 private:
  std::uint64_t last_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t torn_ = 0;
};

/// Where the threads may run that a peer starts in this process when its end on `core` is opened. An end that waits by
/// looking leaves them no room there: they may use every core of the run, and only the end is pinned, after it was
/// opened. An end that waits in the kernel shares its core with them.
inline void place_threads(const BenchOptions& options, int core, Waiting waiting) {
  if (waiting.busy) {
    allow_cores(options.cores);
  } else {
    pin_to_core(core);
  }
}

/// Ends this process should it hang: a peer whose other end died may wait for ever.
inline void watch_over_this_process() {
  constexpr unsigned longest_run_s = 120;
  alarm(longest_run_s);
}

}  // namespace ringside::bench
