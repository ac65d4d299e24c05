// SPDX-License-Identifier: Apache-2.0
#include "tools/screen.hpp"

#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

constexpr std::string_view note_margin = "-- ";
constexpr std::string_view detail_margin = "   ";

}  // namespace

void Screen::write(std::string& out, std::string_view text, Style style) {
  if (text.empty()) return;
  take_passing_note_away(out);
  out += palette_.begin(style);
  append_visible(out, text, LineBreaks::keep);
  out += palette_.end(style);
  at_line_start_ = text.back() == '\n';
}

void Screen::enter(std::string& out, Section section) {
  if (section_ == section) return;
  end_line(out);
  section_ = section;
  // Without colours nothing else would tell thinking from text.
  if (section == Section::thinking && !palette_.colours()) write(out, "(thinking) ", Style::thinking);
}

void Screen::end_line(std::string& out) {
  take_passing_note_away(out);
  if (!at_line_start_) out += '\n';
  at_line_start_ = true;
  section_ = Section::none;
}

void Screen::note(std::string& out, std::string_view text, Style style) {
  line(out, note_margin, text, style);
}

void Screen::detail(std::string& out, std::string_view text, Style style) {
  line(out, detail_margin, text, style);
}

void Screen::line(std::string& out, std::string_view margin, std::string_view text, Style style) {
  end_line(out);
  out += palette_.begin(style);
  out += margin;
  append_visible(out, text, LineBreaks::escape);
  out += palette_.end(style);
  out += '\n';
}

void Screen::passing_note(std::string& out, std::string_view text) {
  if (text == passing_) return;
  take_passing_note_away(out);
  if (text.empty()) return;
  end_line(out);
  out += palette_.begin(Style::warning);
  out += note_margin;
  append_visible(out, text, LineBreaks::escape);
  out += palette_.end(Style::warning);
  passing_ = text;
}

/// With blanks, which any terminal understands.
void Screen::take_passing_note_away(std::string& out) {
  if (passing_.empty()) return;
  out += '\r';
  out.append(note_margin.size() + one_line(passing_).size(), ' ');
  out += '\r';
  passing_.clear();
}

}  // namespace ringside::tools
