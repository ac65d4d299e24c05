// SPDX-License-Identifier: Apache-2.0
#include "tools/screen.hpp"

#include <gtest/gtest.h>

namespace ringside::tools {
namespace {

class ScreenTest : public testing::Test {
 protected:
  Screen screen_{Palette(false)};
  std::string out_;
};

TEST_F(ScreenTest, APassingNoteGivesWayToWhateverIsShownNext) {
  screen_.passing_note(out_, "3 s");
  EXPECT_EQ(out_, "-- 3 s");
  screen_.passing_note(out_, "2 s");
  EXPECT_EQ(out_, "-- 3 s\r      \r-- 2 s");
  out_.clear();
  screen_.note(out_, "next");
  EXPECT_EQ(out_, "\r      \r-- next\n");
  out_.clear();
  screen_.passing_note(out_, "1 s");
  screen_.write(out_, "text", Style::plain);
  EXPECT_EQ(out_, "-- 1 s\r      \rtext");
}

TEST_F(ScreenTest, APassingNoteThatIsSaidAgainChangesNothing) {
  screen_.passing_note(out_, "3 s");
  out_.clear();
  screen_.passing_note(out_, "3 s");
  EXPECT_EQ(out_, "");
  screen_.passing_note(out_, "");
  EXPECT_EQ(out_, "\r      \r");
  out_.clear();
  screen_.passing_note(out_, "");
  screen_.end_line(out_);
  EXPECT_EQ(out_, "");
}

TEST_F(ScreenTest, APassingNoteDoesNotCutIntoTheLineThatGrows) {
  screen_.write(out_, "text", Style::plain);
  screen_.passing_note(out_, "3 s");
  EXPECT_EQ(out_, "text\n-- 3 s");
}

}  // namespace
}  // namespace ringside::tools
