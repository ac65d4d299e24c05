// SPDX-License-Identifier: Apache-2.0
#include "schema/utf8.hpp"

#include <string>

#include <gtest/gtest.h>

namespace ringside::schema {
namespace {

TEST(Utf8, AcceptsEveryLengthOfCharacter) {
  EXPECT_TRUE(valid_utf8(""));
  EXPECT_TRUE(valid_utf8("a\u00e9\u20ac\U0001f600\U0010ffff"));
  EXPECT_TRUE(valid_utf8(std::string_view("\0", 1)));
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndWhatLiesAboveUnicode) {
  EXPECT_FALSE(valid_utf8("\xc0\x80"));
  EXPECT_FALSE(valid_utf8("\xe0\x80\xaf"));
  EXPECT_FALSE(valid_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(valid_utf8("\xed\xbf\xbf"));
  EXPECT_FALSE(valid_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(valid_utf8("\xff"));
}

TEST(Utf8, RefusesACharacterThatIsCutOff) {
  const std::string_view euro = "\xe2\x82\xac";
  EXPECT_FALSE(valid_utf8(euro.substr(0, 1)));
  EXPECT_FALSE(valid_utf8(euro.substr(0, 2)));
  EXPECT_FALSE(valid_utf8(euro.substr(1)));
}

/// Of all pairs of bytes the valid ones are two ASCII characters, or one of the 1,920 characters of two bytes.
TEST(Utf8, JudgesAllPairsOfBytes) {
  int valid = 0;
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const char pair[] = {static_cast<char>(first), static_cast<char>(second)};
      if (valid_utf8(std::string_view(pair, 2))) ++valid;
    }
  }
  EXPECT_EQ(valid, 128 * 128 + 1920);
}

}  // namespace
}  // namespace ringside::schema
