// SPDX-License-Identifier: Apache-2.0
//
// The names of topics: 1 to 200 bytes of UTF-8 without NUL, compared byte by byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringside {

/// Which agents run: their joins, leaves and meta, as presence events.
inline constexpr std::string_view agents_topic = "agent_server:presence";

/// `agent_server:<agent_id>`: the main events of one agent.
std::string agent_topic(std::string_view agent_id);

/// `agent_server:debug:<agent_id>`: its debug events.
std::string agent_debug_topic(std::string_view agent_id);

/// The agent that a main or debug topic belongs to; nothing for every other topic.
std::optional<std::string_view> agent_of_topic(std::string_view topic) noexcept;

}  // namespace ringside
