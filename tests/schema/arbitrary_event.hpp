// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "events_generated.h"

namespace ringside::schema::testing {

/// Any event of this kind that may be published: every optional part there or not, strings from all of Unicode.
/// For use inside a RapidCheck property.
events::EventT arbitrary_event(events::Payload kind);

/// Any kind there is.
events::Payload arbitrary_kind();

}  // namespace ringside::schema::testing
