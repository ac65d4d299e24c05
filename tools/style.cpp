// SPDX-License-Identifier: Apache-2.0
#include "tools/style.hpp"

#include <cstdlib>

namespace ringside::tools {

Palette Palette::for_terminal(bool is_terminal) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool refused = no_color && *no_color != '\0';
  const bool dumb = !terminal || *terminal == '\0' || std::string_view(terminal) == "dumb";
  return Palette(is_terminal && !refused && !dumb);
}

std::string_view Palette::begin(Style style) const noexcept {
  if (!colours_) return "";
  switch (style) {
    case Style::thinking:
    case Style::note:
      return "\x1b[2m";
    case Style::user:
      return "\x1b[1;36m";
    case Style::tool:
      return "\x1b[35m";
    case Style::warning:
      return "\x1b[33m";
    case Style::error:
      return "\x1b[31m";
    case Style::plain:
      break;
  }
  return "";
}

std::string_view Palette::end(Style style) const noexcept {
  return colours_ && style != Style::plain ? "\x1b[0m" : "";
}

}  // namespace ringside::tools
