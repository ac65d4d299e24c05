// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "events_generated.h"

namespace ringside::schema::testing {

/// Any state that a fold may have, of an agent or of a presence topic, made of what arbitrary events bring; sorted as
/// snapshots are. For use inside a RapidCheck property.
events::SnapshotT arbitrary_snapshot();

}  // namespace ringside::schema::testing
