// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include <ringside/expected.hpp>

namespace ringside::detail {

/// Tells a process from its forked children without a system call: a word in a page that the kernel hands to a
/// child wiped (MADV_WIPEONFORK), whichever way the child was made.
///
/// Threads: any.
class ForkMark {
 public:
  /// The error is an errno.
  static expected<ForkMark, int> create() noexcept;

  ForkMark(ForkMark&& other) noexcept;
  ForkMark& operator=(ForkMark&&) = delete;
  ForkMark(const ForkMark&) = delete;
  ForkMark& operator=(const ForkMark&) = delete;
  ~ForkMark();

  /// True in every child of the process that made the mark.
  bool forked() const noexcept {
    // relaxed: the kernel changes it, between two processes and never under a running one.
    return word_->load(std::memory_order::relaxed) == 0;
  }

 private:
  explicit ForkMark(std::atomic<std::uint32_t>* word) noexcept : word_(word) {}

  std::atomic<std::uint32_t>* word_;
};

}  // namespace ringside::detail
