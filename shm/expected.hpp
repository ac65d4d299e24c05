// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tl/expected.hpp>

namespace ringside::shm {

template <class T, class E>
using expected = tl::expected<T, E>;

template <class E>
[[nodiscard]] constexpr tl::unexpected<E> unexpected(E error) {
  return tl::unexpected<E>(std::move(error));
}

}  // namespace ringside::shm
