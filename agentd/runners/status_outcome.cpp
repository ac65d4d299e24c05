// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/status_outcome.hpp"

#include <memory>

namespace ringside::agentd {
namespace {

RunEnd end_of(events::AgentStatus status) noexcept {
  switch (status) {
    case events::AgentStatus::interrupted:
      return RunEnd::interrupted;
    case events::AgentStatus::paused:
      return RunEnd::paused;
    case events::AgentStatus::cancelled:
      return RunEnd::cancelled;
    case events::AgentStatus::error:
      return RunEnd::error;
    case events::AgentStatus::idle:
    case events::AgentStatus::running:
      break;
  }
  return RunEnd::idle;
}

}  // namespace

RunOutcome outcome_of(const events::StatusChanged& status) {
  RunOutcome outcome{.end = end_of(status.status())};
  if (status.interrupt() != nullptr)
    outcome.interrupt = std::shared_ptr<const events::InterruptT>(status.interrupt()->UnPack());
  if (status.error() != nullptr) status.error()->UnPackTo(&outcome.error.emplace());
  return outcome;
}

}  // namespace ringside::agentd
