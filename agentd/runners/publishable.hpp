// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "events_generated.h"
#include "schema/event_buffer.hpp"

namespace ringside::agentd {

/// Encodes what code of this process wants to publish. Throws std::invalid_argument, in words, for what breaks a rule of
/// its kind and for kinds that only agentd may publish.
schema::EventBuffer publishable(schema::Stamp stamp, events::PayloadUnion payload);

}  // namespace ringside::agentd
