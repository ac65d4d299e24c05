// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "control_generated.h"

namespace ringside::agentd {

/// Why a command was not carried out: a code for what the caller would do differently, and one sentence that
/// says what was wrong and what to do. A refused command has changed nothing.
struct Refusal {
  control::ErrorCode code = control::ErrorCode::internal;
  std::string message;
};

}  // namespace ringside::agentd
