// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "bench/bench_options.hpp"
#include "bench/latency_samples.hpp"

namespace ringside::bench {

/// The floor of everything: one cache line bounced between two processes on the two cores of the run, nothing
/// else in it. Half a round trip is one way. What no transport through shared memory can be faster than.
LatencySamples measure_line(const BenchOptions& options, std::size_t round_trips);

/// The median of a short measure_line, in ns: taken before and after each run, it tells the regime.
double line_floor_ns(const BenchOptions& options);

}  // namespace ringside::bench
