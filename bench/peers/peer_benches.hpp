// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "bench/bench_options.hpp"
#include "bench/peers/peer.hpp"
#include "bench/result.hpp"

namespace ringside::bench {

/// One run of one peer each, without floors: the figures that Ringside's benches of the same names give. They throw
/// std::exception where the peer does not do what it should.

/// One sender, one receiver, no loss: how many events a second?
Result peer_throughput_once(const BenchOptions& options, Peer& peer, Waiting waiting, std::uint32_t size);

/// Two processes answer each other through two channels: how long is one way?
Result peer_latency_once(const BenchOptions& options, Peer& peer, Waiting waiting, std::uint32_t size);

}  // namespace ringside::bench
