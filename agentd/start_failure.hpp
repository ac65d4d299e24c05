// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "agentd/expected.hpp"

namespace ringside::agentd {

/// Why the daemon does not start: what was wrong, where, and what to do, in one line; and the exit code (sysexits.h).
struct StartFailure {
  int exit_code = 0;
  std::string message;
};

[[nodiscard]] inline unexpected<StartFailure> start_failure(int exit_code, std::string message) {
  return unexpected<StartFailure>({exit_code, std::move(message)});
}

}  // namespace ringside::agentd
