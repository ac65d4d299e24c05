// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "bench/bench_options.hpp"
#include "bench/latency_samples.hpp"
#include "bench/result.hpp"

namespace ringside::bench {

/// The floor of everything: one cache line bounced between two processes on the two cores of the run, nothing
/// else in it. Half a round trip is one way. What no transport through shared memory can be faster than.
LatencySamples measure_line(const BenchOptions& options, std::size_t round_trips);

/// The median of a short measure_line, in ns: taken before and after each run, it tells the regime.
double line_floor_ns(const BenchOptions& options);

/// Runs a latency bench for each size, each time beside the bare line, `options.runs` times, and gives the sink both medians.
void measure_beside_line(const BenchOptions& options, const char* bench,
                         const std::function<Result(const BenchOptions&, std::uint32_t size)>& run_once,
                         const std::function<void(const Result&)>& sink);

}  // namespace ringside::bench
