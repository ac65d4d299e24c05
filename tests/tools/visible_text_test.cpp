// SPDX-License-Identifier: Apache-2.0
#include "tools/visible_text.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ringside::tools {
namespace {

std::string visible(std::string_view text, LineBreaks breaks = LineBreaks::keep) {
  std::string out;
  append_visible(out, text, breaks);
  return out;
}

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(VisibleText, KeepsOrdinaryTextOfEveryScript) {
  const std::string text = "Ada, Ωμέγα, 灯台, \xf0\x9f\x97\xbc\n\tindented";
  EXPECT_EQ(visible(text), text);
}

TEST(VisibleText, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(visible("\x1b[2Jgone"), "\\x1b[2Jgone");
  EXPECT_EQ(visible("\a\b\x7f\r"), "\\x07\\x08\\x7f\\r");
  EXPECT_EQ(visible("\xc2\x9b"
                    "2J"),
            "\\u{9b}2J");
  EXPECT_EQ(visible(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(VisibleText, ShowsWhatReordersOrHidesItsNeighbours) {
  EXPECT_EQ(visible("\xe2\x80\xae"), "\\u{202e}");
  EXPECT_EQ(visible("\xe2\x81\xa6"), "\\u{2066}");
  EXPECT_EQ(visible("\xef\xbb\xbf"), "\\u{feff}");
}

TEST(VisibleText, ReplacesWhatIsNotUtf8) {
  const std::string replacement = "\xef\xbf\xbd";
  EXPECT_EQ(visible("\xff"), replacement);
  EXPECT_EQ(visible("\xc0\x9b"), replacement + replacement) << "an overlong escape";
  EXPECT_EQ(visible("\xed\xa0\x80"), replacement + replacement + replacement) << "a surrogate";
  EXPECT_EQ(visible("a\xe2\x82"), "a" + replacement + replacement) << "cut off";
}

TEST(VisibleText, EscapesLineBreaksWhereALineHasToStayOne) {
  EXPECT_EQ(visible("a\nb\tc", LineBreaks::escape), "a\\nb\\tc");
}

TEST(VisibleText, QuotesAWord) {
  std::string out;
  append_quoted(out, "say \"hi\"\\\n");
  EXPECT_EQ(out, R"("say \"hi\"\\\n")");
}

TEST(VisibleText, WritesJsonStringsThatAreVisibleToo) {
  EXPECT_EQ(json("a\"b\\c\n\x1b\xc2\x9b"), R"("a\"b\\c\u000a\u001b\u009b")");
}

TEST(VisibleText, LeavesVisibleJsonAlone) {
  std::string out;
  append_visible_json(out, "{\"text\":\"灯\xc2\x9b\"}");
  EXPECT_EQ(out, "{\"text\":\"灯\\u009b\"}");
}

RC_GTEST_PROP(VisibleText, NeverLetsAControlCharacterThroughWhateverTheBytes, (const std::string& bytes)) {
  const std::string out = visible(bytes, LineBreaks::escape);
  RC_ASSERT(std::ranges::none_of(out, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }));
  for (std::size_t i = 0; i + 1 < out.size(); ++i)
    RC_ASSERT(!(out[i] == '\xc2' && static_cast<unsigned char>(out[i + 1]) < 0xa0));
  RC_ASSERT(visible(out, LineBreaks::escape) == out);
}

}  // namespace
}  // namespace ringside::tools
