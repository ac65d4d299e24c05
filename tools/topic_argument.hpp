// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace ringside::tools {

/// `TOPIC|AGENT`: a name with a colon is a topic, any other is an agent and means the agent's main topic.
std::string topic_of_argument(std::string_view name);

}  // namespace ringside::tools
