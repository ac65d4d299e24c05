// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <ringside/agent_view.hpp>

namespace ringside::tools {

/// Appends the state of an agent as a person reads it: a name, then what there is to say, line by line. What there is
/// nothing of has no line. All of it is visible text.
void append_agent_state(std::string& out, std::string_view agent, const AgentView& view);

}  // namespace ringside::tools
