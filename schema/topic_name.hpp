// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ringside::schema {

inline constexpr std::size_t topic_name_size_max = 200;

/// Which agents run: joins, leaves, status.
inline constexpr std::string_view agents_topic = "agent_server:presence";

/// A topic name is 1..200 bytes of UTF-8 without NUL. Names are matched exactly.
bool valid_topic_name(std::string_view name) noexcept;

/// An agent id is valid if both of its topics have valid names and neither is a topic of something else: it
/// is not `presence`, and it does not begin with `debug:`.
bool valid_agent_id(std::string_view agent_id) noexcept;

/// `agent_server:<agent_id>`. Requires a valid agent id, for a valid topic name.
std::string main_topic(std::string_view agent_id);

/// `agent_server:debug:<agent_id>`. Requires a valid agent id, for a valid topic name.
std::string debug_topic(std::string_view agent_id);

/// True for the debug topic of a valid agent id.
bool is_debug_topic(std::string_view topic) noexcept;

/// The agent whose main or debug topic this is; nothing for any other topic, `agents_topic` among them. The
/// view points into `topic`.
std::optional<std::string_view> agent_of(std::string_view topic) noexcept;

}  // namespace ringside::schema
