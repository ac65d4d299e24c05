// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tools/deadline.hpp"
#include "tools/interrupts.hpp"

namespace ringside::tools {

enum class Flushed { all, reader_gone, interrupted, timed_out };

/// Standard output, written a batch at a time. A reader that takes its time holds nobody up but us: while it
/// does, the signals and the deadline are still heard.
class Output {
 public:
  Output(const Interrupts& interrupts, const Deadline& deadline);

  /// What `flush` will write; appended to by whoever has something to say.
  [[nodiscard]] std::string& batch() noexcept { return batch_; }
  [[nodiscard]] bool is_terminal() const noexcept { return is_terminal_; }
  /// Whether poll(2) can tell that the reader has gone: a pipe or a socket, not a file.
  [[nodiscard]] bool has_reader() const noexcept { return has_reader_; }

  /// Writes the batch and empties it, however it ends.
  Flushed flush();

 private:
  const Interrupts& interrupts_;
  const Deadline& deadline_;
  std::string batch_;
  bool is_terminal_;
  bool has_reader_;
};

/// Writes all of `text` to standard output and returns; for commands that answer once. False if nobody reads.
bool print(const std::string& text);

}  // namespace ringside::tools
