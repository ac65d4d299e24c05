// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ringside/presence.hpp>

namespace ringside::detail {

/// The public form of an entry's window. What is absent comes out empty.
PresenceMeta to_meta(const events::PresenceMeta& window);

}  // namespace ringside::detail
