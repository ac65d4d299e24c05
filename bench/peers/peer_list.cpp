// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/peer_list.hpp"

namespace ringside::bench {

std::vector<PeerEntry> all_peers() {
  std::vector<PeerEntry> peers = {
      {"iceoryx", "libiceoryx-posh-dev and iceoryx", {}},
      {"boost_message_queue", "libboost1.81-dev",
       [](const PeerPlace&) { return make_boost_message_queue(); }},
      {"pipe", "none", [](const PeerPlace&) { return make_pipe(); }},
      {"pipe_batched", "none", [](const PeerPlace&) { return make_pipe_batched(); }},
      {"seqpacket", "none", [](const PeerPlace&) { return make_seqpacket(); }},
      {"zeromq", "libzmq3-dev", {}},
      {"nng", "libnng-dev", {}},
      {"redis", "redis-server and libhiredis-dev", {}},
  };
  for ([[maybe_unused]] PeerEntry& peer : peers) {
#ifdef RINGSIDE_PEER_ICEORYX
    if (peer.name == "iceoryx") peer.make = make_iceoryx;
#endif
#ifdef RINGSIDE_PEER_ZEROMQ
    if (peer.name == "zeromq") peer.make = make_zeromq;
#endif
#ifdef RINGSIDE_PEER_NNG
    if (peer.name == "nng") peer.make = make_nng;
#endif
#ifdef RINGSIDE_PEER_REDIS
    if (peer.name == "redis") peer.make = make_redis;
#endif
  }
  return peers;
}

}  // namespace ringside::bench
