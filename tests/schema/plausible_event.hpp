// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/event_buffer.hpp"

namespace ringside::schema::testing {

/// Any event of any kind, with lives, runs, ids, indexes, keys, refs and versions out of a few, so that the events of a
/// sequence meet. For use inside a RapidCheck property.
EventBuffer plausible_event();

}  // namespace ringside::schema::testing
