// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ringside::shm {

/// Tells the processor that this is a waiting loop.
inline void pause_processor() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

}  // namespace ringside::shm
