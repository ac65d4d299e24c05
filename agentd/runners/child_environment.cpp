// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/child_environment.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace ringside::agentd {
namespace {

bool passed_on(std::string_view name) {
  constexpr std::array<std::string_view, 9> names = {"PATH",   "HOME", "USER", "LOGNAME", "SHELL",
                                                     "TMPDIR", "TZ",   "LANG", "LANGUAGE"};
  return name.starts_with("LC_") || std::ranges::find(names, name) != names.end();
}

}  // namespace

std::vector<std::string> child_environment(const char* const* environment, const std::string& agent_id,
                                           std::uint64_t incarnation) {
  std::vector<std::string> variables;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    if (passed_on(variable.substr(0, variable.find('=')))) variables.emplace_back(variable);
  }
  variables.push_back("RINGSIDE_AGENT=" + agent_id);
  variables.push_back("RINGSIDE_INCARNATION=" + std::to_string(incarnation));
  return variables;
}

}  // namespace ringside::agentd
