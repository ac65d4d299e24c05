// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tl/expected.hpp>

namespace ringside::schema {

template <class Value, class Cause>
using expected = tl::expected<Value, Cause>;

template <class Cause>
using unexpected = tl::unexpected<Cause>;

}  // namespace ringside::schema
