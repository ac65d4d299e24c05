// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/peers/peer.hpp"

namespace ringside::bench {

/// What a peer may use while it lives: a folder of its own for sockets and files, the cores of the run for a daemon.
struct PeerPlace {
  std::filesystem::path folder;
  std::vector<int> cores;
};

/// One peer that there is a file for. `make` is empty where its package was not there when this was built; it throws
/// std::exception where the peer cannot run here (its daemon does not start, say).
struct PeerEntry {
  std::string name;
  std::string package;  ///< Debian's, for who misses it
  std::function<std::unique_ptr<Peer>(const PeerPlace&)> make;
};

/// Every peer, in the order of the tables.
std::vector<PeerEntry> all_peers();

std::unique_ptr<Peer> make_pipe();
std::unique_ptr<Peer> make_pipe_batched();
std::unique_ptr<Peer> make_seqpacket();
std::unique_ptr<Peer> make_boost_message_queue();
std::unique_ptr<Peer> make_iceoryx(const PeerPlace& place);
std::unique_ptr<Peer> make_zeromq(const PeerPlace& place);
std::unique_ptr<Peer> make_nng(const PeerPlace& place);
std::unique_ptr<Peer> make_redis(const PeerPlace& place);

}  // namespace ringside::bench
