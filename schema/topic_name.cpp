// SPDX-License-Identifier: Apache-2.0
#include "schema/topic_name.hpp"

#include "schema/utf8.hpp"

namespace ringside::schema {
namespace {

constexpr std::string_view main_prefix = "agent_server:";
constexpr std::string_view debug_marker = "debug:";
constexpr std::size_t agent_id_size_max = topic_name_size_max - main_prefix.size() - debug_marker.size();

static_assert(agents_topic.starts_with(main_prefix));
constexpr std::string_view reserved_id = agents_topic.substr(main_prefix.size());

}  // namespace

bool valid_topic_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= topic_name_size_max && name.find('\0') == std::string_view::npos &&
         valid_utf8(name);
}

bool valid_agent_id(std::string_view agent_id) noexcept {
  return agent_id.size() <= agent_id_size_max && valid_topic_name(agent_id) && agent_id != reserved_id &&
         !agent_id.starts_with(debug_marker);
}

std::string main_topic(std::string_view agent_id) {
  return std::string(main_prefix).append(agent_id);
}

std::string debug_topic(std::string_view agent_id) {
  return std::string(main_prefix).append(debug_marker).append(agent_id);
}

bool is_debug_topic(std::string_view topic) noexcept {
  return topic.starts_with(main_prefix) && topic.substr(main_prefix.size()).starts_with(debug_marker) &&
         agent_of(topic).has_value();
}

std::optional<std::string_view> agent_of(std::string_view topic) noexcept {
  if (!topic.starts_with(main_prefix)) return std::nullopt;
  std::string_view agent_id = topic.substr(main_prefix.size());
  if (agent_id.starts_with(debug_marker)) agent_id.remove_prefix(debug_marker.size());
  if (!valid_agent_id(agent_id)) return std::nullopt;
  return agent_id;
}

}  // namespace ringside::schema
