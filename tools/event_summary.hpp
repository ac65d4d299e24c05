// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <ringside/events_generated.h>

namespace ringside::tools {

/// The spec's name of a kind, `unknown` for one that this build does not know.
std::string_view name_of(events::Payload kind) noexcept;

/// Appends what an event says, on one line and without control characters:
/// `running`, `text "Hel"`, `weather {"city":`.
void append_summary(std::string& out, const events::Event& event);

}  // namespace ringside::tools
