// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agentd/runners/runner.hpp"

namespace ringside::agentd {

struct StartOptions {
  std::string agent_id;
  RunnerKind runner = {};
  std::string presence_topic = {};  // empty: the viewers are not counted
  std::optional<std::uint64_t> grace_period_ms = std::nullopt;
  std::optional<std::uint64_t> inactivity_ms = std::nullopt;
  bool stay_idle = false;
};

struct Started {
  bool created = false;
  std::uint64_t incarnation = 0;
};

}  // namespace ringside::agentd
