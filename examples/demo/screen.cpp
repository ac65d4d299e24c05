// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/screen.hpp"

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "examples/demo/column.hpp"

namespace demo {
namespace {

constexpr std::size_t columns_max = 80;
constexpr std::size_t columns_min = 60;
constexpr std::size_t rows_min = 20;
constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view green = "\x1b[32m";
constexpr std::string_view red = "\x1b[31m";

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool terminal_takes_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = variable(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != std::string_view::npos || value.find("utf8") != std::string_view::npos;
  }
  return false;
}

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

/// Text lines, the thinking ones apart from the others.
struct Line {
  std::string text;
  bool thinking;
};

std::vector<Line> lines_of(const Pane& pane, std::size_t width) {
  std::vector<Line> lines;
  for (std::string& line : wrap(pane.thinking, width))
    lines.push_back({std::move(line), true});
  if (!lines.empty() && !pane.text.empty()) lines.push_back({"", true});
  for (std::string& line : wrap(pane.text, width))
    lines.push_back({std::move(line), false});
  return lines;
}

}  // namespace

Screen::Screen()
    : columns_(isatty(STDOUT_FILENO) == 1 && variable("TERM") != "dumb" && !variable("TERM").empty()),
      colours_(columns_ && variable("NO_COLOR").empty()),
      unicode_(terminal_takes_unicode()),
      began_(std::chrono::steady_clock::now()) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // for the width of characters
  winsize size{};
  if (columns_ && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    if (size.ws_col < columns_min || size.ws_row < rows_min) columns_ = false;
    column_width_ = (std::min<std::size_t>(size.ws_col, columns_max) - 6) / 3;
  }
}

Screen::~Screen() {
  put("\n");
}

std::string Screen::styled(std::string_view code, std::string_view text) const {
  return colours_ ? fmt::format("{}{}\x1b[0m", code, text) : std::string(text);
}

void Screen::erase_columns() {
  if (drawn_lines_ > 0) put(fmt::format("\x1b[{}A\x1b[J", drawn_lines_));
  drawn_lines_ = 0;
}

void Screen::say(std::string_view text) {
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - began_;
  const std::size_t lines = drawn_lines_;
  erase_columns();
  put(fmt::format("{} {}\n", styled(dim, fmt::format("{:5.1f} s", since.count())), text));
  if (lines > 0) {
    put(last_drawn_);
    drawn_lines_ = lines;
  }
}

void Screen::draw(const std::vector<Pane>& panes) {
  if (!columns_) {
    print_growth(panes.front());
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now < next_draw_) return;
  next_draw_ = now + std::chrono::milliseconds(40);
  draw_columns(panes);
}

void Screen::draw_columns(const std::vector<Pane>& panes) {
  const std::string_view bar = unicode_ ? " │ " : " | ";
  std::string rule;
  for (std::size_t i = 0; i < panes.size(); ++i) {
    if (i > 0) rule += unicode_ ? "─┼─" : "-+-";
    for (std::size_t c = 0; c < column_width_; ++c)
      rule += unicode_ ? "─" : "-";
  }
  std::vector<std::vector<Line>> columns;
  for (const Pane& pane : panes)
    columns.push_back(lines_of(pane, column_width_));
  const auto row = [&](auto cell) {
    std::string line;
    for (std::size_t i = 0; i < panes.size(); ++i)
      line += (i > 0 ? styled(dim, bar) : "") + cell(i);
    return line + "\x1b[K\n";
  };
  std::string frame = row([&](std::size_t i) { return styled(bold, fit(panes[i].title, column_width_)); });
  frame += row([&](std::size_t i) { return styled(dim, fit(panes[i].caption, column_width_)); });
  frame += styled(dim, rule) + "\x1b[K\n";
  for (std::size_t r = 0; r < text_lines_; ++r) {
    frame += row([&](std::size_t i) {
      const std::vector<Line>& lines = columns[i];
      const std::size_t first = lines.size() > text_lines_ ? lines.size() - text_lines_ : 0;
      if (first + r >= lines.size()) return fit("", column_width_);
      const Line& line = lines[first + r];
      const std::string text = fit(line.text, column_width_);
      return line.thinking ? styled(dim, text) : text;
    });
  }
  put((drawn_lines_ > 0 ? fmt::format("\x1b[{}A", drawn_lines_) : "") + frame);
  drawn_lines_ = text_lines_ + 3;
  last_drawn_ = frame;
}

/// Without a terminal a line is printed once it is full, or once the next one has begun.
void Screen::print_growth(const Pane& pane) {
  const std::vector<Line> lines = lines_of(pane, 68);
  for (; printed_lines_ + 1 < lines.size(); ++printed_lines_)
    put(fmt::format("        {} {}\n", lines[printed_lines_].thinking ? ":" : "|",
                    lines[printed_lines_].text));
}

void Screen::close_columns() {
  drawn_lines_ = 0;
}

void Screen::check(bool passed, std::string_view text) {
  const std::string mark =
      passed ? styled(green, unicode_ ? "✓" : "[x]") : styled(red, unicode_ ? "✗" : "[ ]");
  put(fmt::format("  {} {}\n", mark, text));
}

}  // namespace demo
