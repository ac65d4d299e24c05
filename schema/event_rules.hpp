// SPDX-License-Identifier: Apache-2.0
//
// What the specification says about the values of events, beyond their types.
#pragma once

#include <optional>
#include <string>

#include "events_generated.h"

namespace ringside::schema {

/// The first rule that the event breaks, in a sentence that begins with the field; nothing for an event that
/// may be published. Requires an event whose structure, enumerators and strings have been checked.
std::optional<std::string> broken_rule(const events::Event& event);

}  // namespace ringside::schema
