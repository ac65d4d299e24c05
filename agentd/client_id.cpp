// SPDX-License-Identifier: Apache-2.0
#include "agentd/client_id.hpp"

#include <fmt/format.h>

namespace ringside::agentd {

std::string to_string(ClientId client) {
  return fmt::format("{:016x}{:016x}", client.high, client.low);
}

}  // namespace ringside::agentd
