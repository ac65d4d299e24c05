// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "shm/assert.hpp"
#include "shm/ring_geometry.hpp"

namespace ringside::shm {

/// The reader's side of its K pin words. A pin never moves: a word keeps its generation until the cursor and
/// every held event of that segment have left; holding stores nothing, it counts here.
///
/// Threads:  the subscription's one thread.
/// Progress: wait-free; no read-modify-write.
/// Ordering: E2, E4 of ring_writer.hpp.
/// Crash:    a reader that dies leaves its pins; they end when agentd has proof of its death.
template <class Atomics>
class BasicRingPins {
 public:
  using Word = typename Atomics::template atomic<std::uint64_t>;

  BasicRingPins(Word* words, std::uint32_t count) noexcept : words_(words), count_(count) {
    RINGSIDE_ASSERT(words != nullptr && count >= pins_min && count <= pins_max);
  }

  /// Pins a generation for the cursor, in a free word. Requires that the cursor has left where it was. What
  /// is pinned must still be checked.
  void enter(std::uint64_t generation) noexcept {
    RINGSIDE_ASSERT(cursor_ == none);
    std::uint32_t word = 0;
    while (holds_[word] != 0)
      ++word;
    RINGSIDE_ASSERT(word < count_);
    cursor_ = word;
    // E2: before the check of the generation. A writer that withdraws it and then scans sees this.
    words_[word].store(generation, std::memory_order::seq_cst);
  }

  /// The cursor leaves its segment; the word stays for what is held. Does nothing if it is nowhere.
  void leave() noexcept {
    if (cursor_ == none) return;
    const std::uint32_t word = std::exchange(cursor_, none);
    if (holds_[word] == 0) give_back(word);
  }

  /// One more event of the cursor's segment is held: the word to release it by. Nothing if no word would be
  /// left for the cursor to go on with: copy instead.
  [[nodiscard]] std::optional<std::uint32_t> hold() noexcept {
    RINGSIDE_ASSERT(cursor_ != none);
    if (holds_[cursor_] == 0) {
      if (held_segments_ == count_ - 1) return std::nullopt;
      ++held_segments_;
    }
    ++holds_[cursor_];
    return cursor_;
  }

  /// A held event is given back.
  void release(std::uint32_t word) noexcept {
    RINGSIDE_ASSERT(word < count_ && holds_[word] != 0);
    if (--holds_[word] != 0) return;
    --held_segments_;
    if (word != cursor_) give_back(word);
  }

  [[nodiscard]] std::uint32_t held_segments() const noexcept { return held_segments_; }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  void give_back(std::uint32_t word) noexcept {
    // E4: every read under this pin comes before the writer's reuse of the segment.
    words_[word].store(0, std::memory_order::release);
  }

  Word* words_;
  std::uint32_t count_;
  std::uint32_t cursor_ = none;
  std::uint32_t held_segments_ = 0;
  std::array<std::uint32_t, pins_max + 1> holds_{};  // one more than there can be: always ends the search
};

}  // namespace ringside::shm
