// SPDX-License-Identifier: Apache-2.0
//
// A result, or why there is none. `.value()` throws for callers who want to stop.
#pragma once

#include <tl/expected.hpp>

namespace ringside {

template <class Value, class Cause>
using expected = tl::expected<Value, Cause>;

template <class Cause>
using unexpected = tl::unexpected<Cause>;

}  // namespace ringside
