// SPDX-License-Identifier: Apache-2.0
//
// The one policy parameter of every algorithm in this folder: where its atomic type, its fences and its plain
// bytes come from. The product runs on SystemAtomics; a model checker runs the same text on its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

namespace ringside::shm {

/// Our constant, not the compiler's: two builds that disagreed would lay the same memory out differently.
inline constexpr std::size_t cache_line_size = 64;

struct SystemAtomics {
  template <class T>
  using atomic = std::atomic<T>;

  static void fence(std::memory_order order) noexcept { std::atomic_thread_fence(order); }

  /// Plain bytes into a place that no pinning reader may be reading. `to` is aligned to 8.
  static void copy_in(std::byte* to, const std::byte* from, std::size_t size) noexcept {
    if (size != 0) std::memcpy(std::assume_aligned<8>(to), from, size);  // an empty span may have no address
  }

  /// Plain bytes out of a place that this reader has pinned.
  static void copy_out(std::byte* to, const std::byte* from, std::size_t size) noexcept {
    std::memcpy(to, from, size);
  }
};

static_assert(sizeof(std::atomic<std::uint64_t>) == 8 && std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(sizeof(std::atomic<std::uint32_t>) == 4 && std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace ringside::shm
