// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringside::agentd {

/// What an agent's process gets of our environment: PATH, HOME, USER, LOGNAME, SHELL, TMPDIR, TZ, LANG,
/// LANGUAGE and LC_*, and nothing else, so that no secret of the daemon's reaches it by accident; and
/// RINGSIDE_AGENT and RINGSIDE_INCARNATION. Whoever needs more says so: `env NAME=value COMMAND`.
std::vector<std::string> child_environment(const char* const* environment, const std::string& agent_id,
                                           std::uint64_t incarnation);

}  // namespace ringside::agentd
