// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace ringside::agentd {

/// The 128 random bits by which a client is known for as long as it lives. All zero: the daemon itself.
struct ClientId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend constexpr auto operator<=>(const ClientId&, const ClientId&) = default;
};

constexpr ClientId daemon_client{};

/// 32 hexadecimal digits.
[[nodiscard]] std::string to_string(ClientId client);

}  // namespace ringside::agentd
