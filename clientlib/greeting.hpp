// SPDX-License-Identifier: Apache-2.0
//
// From a socket's path to a session that can be trusted: connect, hello, attach.
//
// Trust: in this order, each before anything of the next is believed: the socket's folder, versions, who sent the
//        hello's reply (the kernel's word), the owners of the page and its seals.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <sys/types.h>

#include <ringside/client.hpp>

#include "shm/channel.hpp"
#include "shm/descriptor.hpp"
#include "shm/session_page.hpp"

namespace ringside::detail {

struct ClientId {
  std::uint64_t high;
  std::uint64_t low;
};

/// 32 hexadecimal digits.
std::string to_text(ClientId id);

struct Greeted {
  shm::Channel channel;
  shm::SessionPage page;
  shm::Descriptor doorbell;
  uid_t daemon;  ///< who owns what agentd hands out
  std::chrono::milliseconds beat_interval;
  std::string client_id;
  std::string socket_path;
  std::string namespace_name;
  std::string daemon_version;
};

expected<Greeted, ConnectError> greet(const ConnectOptions& options);

}  // namespace ringside::detail
