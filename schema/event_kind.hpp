// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "events_generated.h"

namespace ringside::schema {

/// The name that people and JSON see, such as `llm_deltas`; empty for NONE and for kinds of a later version.
std::string_view kind_name(events::Payload kind) noexcept;

/// The kind of this name; nothing for NONE and for any other text.
std::optional<events::Payload> kind_from_name(std::string_view name) noexcept;

/// True for the kinds that belong on an agent's debug topic.
/// `custom` may go to either and is not one of them.
bool is_debug_kind(events::Payload kind) noexcept;

/// True for the kinds that a foreign publisher (`ringside pub`, the child of an exec runner) may publish. The
/// others state what only agentd knows: lifecycle, presence, the queue, what the database has committed.
bool is_publishable(events::Payload kind) noexcept;

}  // namespace ringside::schema
