// SPDX-License-Identifier: Apache-2.0
//
// Folds events that lie one behind the other, such as a segment's: tokens of one part that follow each other are joined,
// so that their message is looked up and grown once. The state is that of a Fold which is given each event.
//
// Threads: one at a time.
// Trust:   events that have passed `check_event`.
// Memory:  the text of a run, up to `joined_size_max`.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "schema/fold.hpp"

namespace ringside::schema {

class TokenRun {
 public:
  static constexpr std::size_t joined_size_max = 64 * 1024;
  /// Where the fold of an agent is near its limits a token is folded by itself: it is cut off behind a certain one.
  static constexpr std::size_t fold_size_max = AgentFold::messages_size_max / 2;

  /// `fold` has the events only after `finish`.
  explicit TokenRun(Fold& fold) noexcept : fold_(fold) {}

  /// The next event, encoded; its bytes stay until `finish`.
  void apply(std::span<const std::byte> event);
  /// Folds what was joined last.
  void finish();

 private:
  [[nodiscard]] bool join(std::span<const std::byte> event);
  void begin(std::span<const std::byte> event);

  Fold& fold_;
  TokenDelta of_;  // all but the text
  std::span<const std::byte>
      head_;  // of the run's first event, up to the text: that of each is the same; empty: no run
  std::string text_;
};

}  // namespace ringside::schema
