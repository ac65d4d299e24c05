// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/column.hpp"

#include <algorithm>
#include <cwchar>

namespace demo {
namespace {

struct Glyph {
  std::string_view bytes;
  std::size_t width;
};

/// The first character of `text`, which is not empty.
Glyph first_glyph(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = std::min<std::size_t>(text.size(), lead < 0x80   ? 1
                                                              : lead < 0xe0 ? 2
                                                              : lead < 0xf0 ? 3
                                                                            : 4);
  if (lead < 0x20 || lead == 0x7f) return {" ", 1};
  if (size == 1) return {text.substr(0, 1), 1};
  wchar_t wide = 0;
  std::mbstate_t state{};
  const std::size_t decoded = std::mbrtowc(&wide, text.data(), size, &state);
  const int width = decoded == size ? wcwidth(wide) : -1;
  // No width: a control or not UTF-8 at all. Its size is what was passed over.
  return width < 0 ? Glyph{text.substr(0, size), 0}
                   : Glyph{text.substr(0, size), static_cast<std::size_t>(width)};
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    width += glyph.width;
    text.remove_prefix(std::max<std::size_t>(glyph.bytes.size(), 1));
  }
  return width;
}

void wrap_paragraph(std::vector<std::string>& lines, std::string_view paragraph, std::size_t width) {
  std::string line;
  while (!paragraph.empty()) {
    const std::size_t blank = std::min(paragraph.find(' '), paragraph.size());
    std::string_view word = paragraph.substr(0, blank);
    paragraph.remove_prefix(std::min(blank + 1, paragraph.size()));
    if (!line.empty() && width_of(line) + 1 + width_of(word) > width) {
      lines.push_back(line);
      line.clear();
    }
    if (!line.empty()) line += ' ';
    for (; !word.empty(); word.remove_prefix(first_glyph(word).bytes.size())) {
      if (width_of(line) + first_glyph(word).width > width) {  // a word longer than a line
        lines.push_back(line);
        line.clear();
      }
      line += first_glyph(word).bytes;
    }
  }
  lines.push_back(line);
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    wrap_paragraph(lines, text.substr(0, end), width);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string fit(std::string_view text, std::size_t width) {
  std::string line;
  std::size_t used = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    if (used + glyph.width > width) break;
    if (glyph.width > 0) line += glyph.bytes;
    used += glyph.width;
    text.remove_prefix(std::max<std::size_t>(glyph.bytes.size(), 1));
  }
  return line.append(width - used, ' ');
}

}  // namespace demo
