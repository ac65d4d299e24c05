// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ringside::agentd {

/// Why the daemon does not start: what was wrong, where, and what to do, in one line; and the exit code (sysexits.h).
struct StartFailure {
  int exit_code = 0;
  std::string message;
};

}  // namespace ringside::agentd
