// SPDX-License-Identifier: Apache-2.0
//
// The events that an agent's lifecycle itself publishes.
#pragma once

#include <string_view>

#include "agentd/run.hpp"
#include "events_generated.h"
#include "schema/event_buffer.hpp"

namespace ringside::agentd {

/// With `error` if, and only if, the status is error, and with `interrupt` if, and only if, it is interrupted.
[[nodiscard]] schema::EventBuffer status_changed(schema::Stamp stamp, events::AgentStatus status,
                                                 const events::ErrorT* error,
                                                 const events::InterruptT* interrupt = nullptr);

/// The list that a life without saved state starts with: empty.
[[nodiscard]] schema::EventBuffer todos_at_start(schema::Stamp stamp);

[[nodiscard]] schema::EventBuffer user_message(schema::Stamp stamp, const UserMessage& message);

[[nodiscard]] schema::EventBuffer message_queued(schema::Stamp stamp, const UserMessage& message);

[[nodiscard]] schema::EventBuffer chain_error(schema::Stamp stamp, const events::ErrorT& error);

[[nodiscard]] schema::EventBuffer agent_shutdown(schema::Stamp stamp, events::AgentShutdownT shutdown);

}  // namespace ringside::agentd
