// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringside::tools {

/// One line of input. `whole` is false for one that is longer than allowed: then
/// `text` is only its beginning.
struct InputLine {
  std::uint64_t number = 0;
  std::string_view text;
  bool whole = true;
};

/// Reads a descriptor line by line, in bounded memory.
class LineInput {
 public:
  LineInput(int fd, std::size_t line_size_max) : fd_(fd), line_size_max_(line_size_max) {}

  /// Waits for the next line; false at the end, or when the input cannot be read (`error`).
  bool next(InputLine& line);

  /// Whether `next` would return at once with what was read already.
  [[nodiscard]] bool has_line() const noexcept;

  /// The errno that ended the input, 0 for its end.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  bool read_more();
  bool skip_line(InputLine& line);

  int fd_;
  std::size_t line_size_max_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what was not handed out yet
  std::uint64_t number_ = 0;
  bool at_end_ = false;
  int error_ = 0;
};

}  // namespace ringside::tools
