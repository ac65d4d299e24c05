// SPDX-License-Identifier: Apache-2.0
//
// What is told whole, a note each with what belongs to it below: statuses, interrupts, errors, todos, usage.
#pragma once

#include <string>
#include <string_view>

#include <ringside/agent_view.hpp>
#include <ringside/events_generated.h>

#include "tools/screen.hpp"

namespace ringside::tools {

/// `agent`: who has that status, for the command that answers it.
void note_status(std::string& out, Screen& screen, std::string_view agent,
                 const events::StatusChanged& change);
void note_interrupt(std::string& out, Screen& screen, std::string_view agent,
                    const events::InterruptT& interrupt);
void note_todos(std::string& out, Screen& screen, const events::TodosUpdated& update);
void note_title(std::string& out, Screen& screen, std::string_view title);
void note_usage(std::string& out, Screen& screen, const events::LlmTokenUsage& usage);
void note_queued(std::string& out, Screen& screen, std::string_view text);

/// All that a state says but its messages and calls.
void note_state(std::string& out, Screen& screen, std::string_view agent, const AgentView& view);

}  // namespace ringside::tools
