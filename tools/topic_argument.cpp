// SPDX-License-Identifier: Apache-2.0
#include "tools/topic_argument.hpp"

#include <ringside/topic.hpp>

namespace ringside::tools {

std::string topic_of_argument(std::string_view name) {
  return name.find(':') == std::string_view::npos ? agent_topic(name) : std::string(name);
}

}  // namespace ringside::tools
