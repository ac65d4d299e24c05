// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agentd/run.hpp"
#include "events_generated.h"

namespace ringside::agentd {

/// The end of a run that a status tells, with its interrupt or its error. Requires any status but running.
RunOutcome outcome_of(const events::StatusChanged& status);

/// Whether a run that ended so waits: for a person, or to be gone on with.
constexpr bool waits(RunEnd end) noexcept {
  return end == RunEnd::interrupted || end == RunEnd::paused;
}

}  // namespace ringside::agentd
