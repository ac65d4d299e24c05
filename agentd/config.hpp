// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "agentd/expected.hpp"
#include "shm/ring_geometry.hpp"

namespace ringside::agentd {

/// What an agent gets where its start says nothing else.
struct AgentDefaults {
  std::uint64_t grace_period_ms = 5'000;
  std::uint64_t inactivity_ms = 300'000;  ///< 0: an agent never ends of inactivity
  std::uint64_t stop_timeout_ms = 25'000;
};

/// What one user, one session or all together may take of the daemon.
struct Limits {
  std::uint32_t sessions_per_uid = 256;
  std::uint32_t subscriptions_per_session = 1'024;
  std::uint32_t presences_per_session = 1'024;
  std::uint32_t agents = 4'096;
  std::uint32_t topics = 16'384;
};

/// Everything that can be configured. Where the file is silent, this is what holds.
struct Config {
  std::string namespace_name = "default";
  std::optional<std::filesystem::path> socket;
  std::string log_level = "info";
  shm::RingGeometry ring;
  AgentDefaults agent;
  Limits limits;
  std::vector<uid_t> start_uids;  ///< who may start agents, besides root and the daemon's own user
};

/// `message` is one line: which file, which line, what is wrong, what would be right.
struct ConfigError {
  std::string message;
};

/// Letters, digits, `-`, `_` and `.`, 1 to 64 of them, not starting with a dot: a namespace is a folder's name.
[[nodiscard]] bool valid_namespace_name(std::string_view name) noexcept;

/// Reads TOML. A key that we do not know is refused: what was meant by it would silently not hold.
[[nodiscard]] expected<Config, ConfigError> parse_config(std::string_view text, std::string_view path);
[[nodiscard]] expected<Config, ConfigError> load_config(const std::filesystem::path& path);

}  // namespace ringside::agentd
