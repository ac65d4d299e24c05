// SPDX-License-Identifier: Apache-2.0
#include "tools/line_input.hpp"

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

namespace ringside::tools {
namespace {

struct Read {
  std::uint64_t number;
  std::string text;
  bool whole;
  bool operator==(const Read&) const = default;
};

std::vector<Read> lines_of(const std::string& text, std::size_t line_size_max) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  std::thread writer([&] {
    std::size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t size = write(ends[1], text.data() + sent, text.size() - sent);
      if (size <= 0) break;
      sent += static_cast<std::size_t>(size);
    }
    close(ends[1]);
  });
  LineInput input(ends[0], line_size_max);
  std::vector<Read> lines;
  for (InputLine line; input.next(line);)
    lines.push_back({line.number, std::string(line.text), line.whole});
  writer.join();
  close(ends[0]);
  EXPECT_EQ(input.error(), 0);
  return lines;
}

TEST(LineInput, NumbersLinesFromOneAndTakesALastOneWithoutNewline) {
  EXPECT_EQ(lines_of("a\n\nb", 100), (std::vector<Read>{{1, "a", true}, {2, "", true}, {3, "b", true}}));
}

TEST(LineInput, HasNoLineInEmptyInput) {
  EXPECT_TRUE(lines_of("", 100).empty());
}

TEST(LineInput, PassesOverALineThatIsTooLongAndGoesOnAfterIt) {
  const std::string longer(1'000'000, 'x');
  const auto lines = lines_of("a\n" + longer + "\nb\n", 1000);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], (Read{1, "a", true}));
  EXPECT_EQ(lines[1].number, 2U);
  EXPECT_FALSE(lines[1].whole);
  EXPECT_EQ(lines[2], (Read{3, "b", true}));
}

TEST(LineInput, TakesALineOfExactlyTheLimit) {
  const std::string exact(1000, 'x');
  EXPECT_EQ(lines_of(exact + "\n", 1000), (std::vector<Read>{{1, exact, true}}));
  EXPECT_FALSE(lines_of(exact + "x\nb\n", 1000).front().whole);
  EXPECT_FALSE(lines_of(exact + "x", 1000).front().whole);
}

TEST(LineInput, ReportsAnInputThatCannotBeRead) {
  LineInput input(-1, 100);
  InputLine line;
  EXPECT_FALSE(input.next(line));
  EXPECT_NE(input.error(), 0);
}

}  // namespace
}  // namespace ringside::tools
