// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace ringside::tools {

/// What a piece of output is, not how it looks.
enum class Style { plain, thinking, note, user, tool, warning, error };

/// Colours where they are wanted and can be shown.
class Palette {
 public:
  explicit Palette(bool colours) noexcept : colours_(colours) {}

  /// Colours unless NO_COLOR is set and not empty, or the terminal is none or a dumb one.
  static Palette for_terminal(bool is_terminal);

  [[nodiscard]] bool colours() const noexcept { return colours_; }
  [[nodiscard]] std::string_view begin(Style style) const noexcept;
  [[nodiscard]] std::string_view end(Style style) const noexcept;

 private:
  bool colours_;
};

}  // namespace ringside::tools
