// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace ringside::agentd {

/// Cuts a stream of bytes into lines and counts them from 1. A line of more than `line_max` bytes is told
/// of once, dropped, and the next newline begins a line again.
/// Memory: one line.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t line_max) : line_max_(line_max) {}

  /// `on_line(line, number)` without the newline; `on_too_long(number)`.
  template <class OnLine, class OnTooLong>
  void feed(std::string_view bytes, OnLine on_line, OnTooLong on_too_long) {
    while (!bytes.empty()) {
      const std::size_t newline = bytes.find('\n');
      const std::string_view piece = bytes.substr(0, newline);
      add(piece, on_too_long);
      bytes.remove_prefix(std::min(piece.size() + 1, bytes.size()));
      if (newline != std::string_view::npos) end_line(on_line);
    }
  }

  /// The stream has ended: what stands behind the last newline is a line too.
  template <class OnLine>
  void finish(OnLine on_line) {
    if (!line_.empty() || dropping_) end_line(on_line);
  }

 private:
  template <class OnTooLong>
  void add(std::string_view piece, OnTooLong& on_too_long) {
    if (dropping_) return;
    if (piece.size() <= line_max_ - line_.size()) {
      line_ += piece;
      return;
    }
    dropping_ = true;
    line_ = std::string();
    on_too_long(number_);
  }

  template <class OnLine>
  void end_line(OnLine& on_line) {
    if (!dropping_) on_line(std::string_view(line_), number_);
    dropping_ = false;
    line_.clear();
    ++number_;
  }

  std::size_t line_max_;
  std::string line_;
  std::size_t number_ = 1;
  bool dropping_ = false;
};

}  // namespace ringside::agentd
