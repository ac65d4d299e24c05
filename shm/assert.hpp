// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ringside::shm {

/// Says on standard error which of our own beliefs was wrong, and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace ringside::shm

/// For our own bugs only, and on in every build. Bytes that another process wrote are a
/// cause, never an assertion.
#define RINGSIDE_ASSERT(condition)                     \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::ringside::shm::assertion_failed(#condition, __FILE__, __LINE__))
