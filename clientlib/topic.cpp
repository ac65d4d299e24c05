// SPDX-License-Identifier: Apache-2.0
#include <ringside/topic.hpp>

#include "schema/topic_name.hpp"

namespace ringside {

static_assert(agents_topic == schema::agents_topic);

std::string agent_topic(std::string_view agent_id) {
  return schema::main_topic(agent_id);
}

std::string agent_debug_topic(std::string_view agent_id) {
  return schema::debug_topic(agent_id);
}

std::optional<std::string_view> agent_of_topic(std::string_view topic) noexcept {
  return schema::agent_of(topic);
}

}  // namespace ringside
