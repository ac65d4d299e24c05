// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/peers/peer.hpp"
#include "bench/peers/peer_options.hpp"
#include "bench/result.hpp"

namespace ringside::bench {

/// A settled figure of one subject in one regime. `result.ratio` is to the raw limit (copy, line).
struct PeerResult {
  Result result;
  std::string waiting;                                      ///< busy or blocking; empty for what is no peer
  std::string configuration;                                ///< of the peer
  std::optional<double> ringside_advantage = std::nullopt;  ///< how many times better Ringside's is
  bool counts = true;                                       ///< the better of the peer's two ways to wait
};

using PeerSink = std::function<void(const PeerResult&)>;

/// Each runs, for each size, `options.runs` rounds: the raw limit, Ringside, each peer busy, each peer blocking, with a
/// line floor before and after each. The sink gets, for each regime, the median run of each subject; the ratios are
/// those of these medians, for a round is too long to be of one regime.
void one_to_one_throughput_beside_peers(const PeerOptions& options,
                                        const std::vector<std::unique_ptr<Peer>>& peers,
                                        const PeerSink& sink);
void ping_pong_latency_beside_peers(const PeerOptions& options,
                                    const std::vector<std::unique_ptr<Peer>>& peers, const PeerSink& sink);

/// The line of JSON that to_json gives for the result, and what a peer's adds.
std::string to_json(const PeerResult& result);

/// The same for a person.
std::string to_row(const PeerResult& result);

}  // namespace ringside::bench
