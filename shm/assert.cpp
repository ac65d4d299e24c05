// SPDX-License-Identifier: Apache-2.0
#include "shm/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace ringside::shm {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace ringside::shm
