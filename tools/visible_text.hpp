// SPDX-License-Identifier: Apache-2.0
//
// Trust: text of models and of foreign publishers is written by strangers. What these functions append holds
// no control character other than newline and tab (and those only where asked for), no character that
// reorders its neighbours, and no invalid UTF-8; so it moves no cursor, sets no title and hides nothing.
#pragma once

#include <string>
#include <string_view>

namespace ringside::tools {

enum class LineBreaks { keep, escape };

/// Appends `text` with what a terminal would obey made visible: `\x1b`, `\r`, `\u{202e}`;
/// invalid UTF-8 becomes U+FFFD.
void append_visible(std::string& out, std::string_view text, LineBreaks breaks);

/// The same, alone and on one line.
std::string one_line(std::string_view text);

/// The same between double quotes and on one line, as one word of a plain line.
void append_quoted(std::string& out, std::string_view text);
std::string in_quotes(std::string_view text);

/// Appends `text` as a JSON string, all of it printable.
void append_json_string(std::string& out, std::string_view text);

/// Appends JSON text, with the few characters that JSON allows raw and a terminal obeys as `\u` escapes.
void append_visible_json(std::string& out, std::string_view json);

}  // namespace ringside::tools
