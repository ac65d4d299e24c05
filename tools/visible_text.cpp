// SPDX-License-Identifier: Apache-2.0
#include "tools/visible_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

namespace ringside::tools {
namespace {

constexpr char32_t invalid = 0xffffffff;

struct Decoded {
  char32_t point;
  std::size_t size;
};

unsigned byte_at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

/// The first code point of `text`, which is not empty; `invalid` with a size of 1 where there is none.
Decoded decode(std::string_view text) {
  const unsigned lead = byte_at(text, 0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xf0 && lead < 0xf5   ? 4
                           : lead >= 0xe0 && lead < 0xf0 ? 3
                           : lead >= 0xc2 && lead < 0xe0 ? 2
                                                         : 0;
  if (size == 0 || text.size() < size) return {invalid, 1};
  char32_t point = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const unsigned next = byte_at(text, i);
    if ((next & 0xc0U) != 0x80U) return {invalid, 1};
    point = (point << 6U) | (next & 0x3fU);
  }
  constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  if (point < least.at(size) || point > 0x10ffff || surrogate) return {invalid, 1};
  return {point, size};
}

/// C0 and C1 controls, DEL, line and paragraph separators, and what reorders text (bidi
/// marks, embeddings, isolates).
bool obeyed_by_terminals(char32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c ||
         (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

void append_escape(std::string& out, char32_t point) {
  switch (point) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto number = static_cast<std::uint32_t>(point);
  if (number < 0x80) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", number);
  } else {
    fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", number);
  }
}

/// Walks `text`; `plain` gets what may stay as it is, `special` each code point that may not.
template <class Plain, class Special>
void walk(std::string_view text, Plain plain, Special special) {
  while (!text.empty()) {
    const Decoded next = decode(text);
    if (next.point == invalid) {
      plain(std::string_view("\xef\xbf\xbd"));
    } else if (obeyed_by_terminals(next.point)) {
      special(next.point);
    } else {
      plain(text.substr(0, next.size));
    }
    text.remove_prefix(next.size);
  }
}

}  // namespace

void append_visible(std::string& out, std::string_view text, LineBreaks breaks) {
  walk(
      text, [&](std::string_view plain) { out += plain; },
      [&](char32_t point) {
        if (breaks == LineBreaks::keep && (point == '\n' || point == '\t')) {
          out += static_cast<char>(point);
        } else {
          append_escape(out, point);
        }
      });
}

std::string one_line(std::string_view text) {
  std::string shown;
  append_visible(shown, text, LineBreaks::escape);
  return shown;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  walk(
      text,
      [&](std::string_view plain) {
        if (plain == "\"" || plain == "\\") out += '\\';
        out += plain;
      },
      [&](char32_t point) { append_escape(out, point); });
  out += '"';
}

std::string in_quotes(std::string_view text) {
  std::string shown;
  append_quoted(shown, text);
  return shown;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  walk(
      text,
      [&](std::string_view plain) {
        if (plain == "\"" || plain == "\\") out += '\\';
        out += plain;
      },
      [&](char32_t point) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(point));
      });
  out += '"';
}

void append_visible_json(std::string& out, std::string_view json) {
  const auto harmless = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (std::ranges::all_of(json, harmless)) {
    out += json;
    return;
  }
  walk(
      json, [&](std::string_view plain) { out += plain; },
      [&](char32_t point) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(point));
      });
}

}  // namespace ringside::tools
