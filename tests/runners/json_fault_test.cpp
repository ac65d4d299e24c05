// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/json_fault.hpp"

#include <string>

#include <simdjson.h>

#include <gtest/gtest.h>

#include "tests/runners/stream_oracle.hpp"

namespace ringside::agentd {
namespace {

TEST(JsonFault, FindsNothingInJson) {
  for (const char* json :
       {"{}", "[]", " {\"a\" : [1, -2.5e+3, \"\\u00e9\\n\", true, false, null, {}]} ", "0", "\"\""})
    EXPECT_FALSE(json_fault(json)) << json;
}

TEST(JsonFault, PointsAtTheByteThatCannotStand) {
  EXPECT_EQ(json_fault("{\"a\":1,}"), 7U);
  EXPECT_EQ(json_fault("{\"a\" 1}"), 5U);
  EXPECT_EQ(json_fault("{} {}"), 3U);
  EXPECT_EQ(json_fault("[1 2]"), 3U);
  EXPECT_EQ(json_fault("[01]"), 2U);
  EXPECT_EQ(json_fault("\"a\tb\""), 2U);
  EXPECT_EQ(json_fault("\"\\x\""), 2U);
  EXPECT_EQ(json_fault("nul!"), 3U);
  EXPECT_EQ(json_fault("data"), 0U);
}

TEST(JsonFault, PointsBehindATextThatEndsTooEarly) {
  const std::string whole = R"({"id":"é","n":[-1.5e3,true,{"k":"\u00e9"}]})";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(json_fault(whole.substr(0, size)), size) << whole.substr(0, size);
}

TEST(JsonFault, EndsDeepNestingInsteadOfTheStack) {
  EXPECT_TRUE(json_fault(std::string(100'000, '[')));
  EXPECT_TRUE(json_fault(std::string(100'000, '{')));
}

TEST(JsonFault, AgreesWithTheParserAboutMutatedChunks) {
  const std::string text = read_file(sample("weather.chunks.txt"));
  const std::string line = text.substr(0, text.find('\n'));
  simdjson::dom::parser parser;
  for (std::size_t at = 0; at < line.size(); ++at) {
    for (const char c : std::string_view("{}[]\",:0-\\x ")) {
      std::string mutated = line;
      mutated[at] = c;
      const bool parses = parser.parse(mutated).error() == simdjson::SUCCESS;
      EXPECT_EQ(json_fault(mutated).has_value(), !parses) << mutated;
    }
  }
}

}  // namespace
}  // namespace ringside::agentd
