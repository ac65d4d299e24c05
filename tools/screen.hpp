// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "tools/style.hpp"

namespace ringside::tools {

/// A terminal that is only ever appended to: pieces of a growing line, and lines of their own between them. The one
/// exception is a passing note, which stands below all others until something else is shown. All of it is visible text,
/// whatever is handed in.
class Screen {
 public:
  /// What the line that grows is part of.
  enum class Section { none, thinking, text, tool };

  explicit Screen(Palette palette) : palette_(palette) {}

  /// Goes on with the line that grows; line breaks stay.
  void write(std::string& out, std::string_view text, Style style);
  /// Begins a section on a line of its own, unless it is the one that grows.
  void enter(std::string& out, Section section);
  [[nodiscard]] Section section() const noexcept { return section_; }
  /// Ends the line that grows, if there is one.
  void end_line(std::string& out);

  /// `-- text`, a line of its own.
  void note(std::string& out, std::string_view text, Style style = Style::note);
  /// `   text`, more of what a note says.
  void detail(std::string& out, std::string_view text, Style style = Style::plain);
  /// A note that gives way to the next output. Said again it changes nothing; an empty one only takes the last away.
  void passing_note(std::string& out, std::string_view text);

 private:
  void line(std::string& out, std::string_view margin, std::string_view text, Style style);
  void take_passing_note_away(std::string& out);

  Palette palette_;
  bool at_line_start_ = true;
  Section section_ = Section::none;
  std::string passing_;  // the passing note that is shown
};

}  // namespace ringside::tools
