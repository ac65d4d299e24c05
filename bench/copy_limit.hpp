// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "bench/bench_options.hpp"

namespace ringside::bench {

/// Messages a second that one core copies, header and payload, into a window of the ring's size, with nobody
/// reading and nothing published: what throughput through shared memory is measured against.
double measure_copy(const BenchOptions& options, std::uint32_t payload_size);

}  // namespace ringside::bench
