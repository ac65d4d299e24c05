// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace demo {

/// What one viewer's column shows.
struct Pane {
  std::string title;
  std::string caption;
  std::string_view thinking;
  std::string_view text;
};

/// At a terminal: what happens, line by line, and below it three columns in which the text grows. Elsewhere: the lines,
/// and among them the first column's text.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// A line about what happens now, with the time since the beginning.
  void say(std::string_view text);

  /// The columns as they are now; at a terminal at most 25 times a second.
  void draw(const std::vector<Pane>& panes);

  /// The columns go away; what they showed last is drawn once more where `keep`.
  void close_columns();

  /// One line of the list at the end.
  void check(bool passed, std::string_view text);

 private:
  void erase_columns();
  void draw_columns(const std::vector<Pane>& panes);
  void print_growth(const Pane& pane);
  [[nodiscard]] std::string styled(std::string_view code, std::string_view text) const;

  bool columns_;
  bool colours_;
  bool unicode_;
  std::size_t column_width_ = 24;
  std::size_t text_lines_ = 12;
  std::size_t drawn_lines_ = 0;
  std::string last_drawn_;
  std::size_t printed_lines_ = 0;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point next_draw_;
};

}  // namespace demo
