// SPDX-License-Identifier: Apache-2.0
#include "schema/json_syntax.hpp"

#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace ringside::schema {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t depth_max = 4;

struct SyntaxExample {
  std::string_view text;
  std::size_t column;
  std::string_view message;
};

TEST(JsonSyntax, AcceptsWhatTheStandardAllows) {
  JsonSyntax syntax;
  for (const std::string_view text :
       {"{}"sv, " \t{ \"a\" : [ ] }\r\n"sv, R"({"a":-0,"b":1.5e-3,"c":123456789012345678901234567890})"sv,
        R"({"a":true,"b":false,"c":null})"sv, R"({"\u0061\n\/":"\ud83d\ude00\u0000"})"sv,
        "{\"a\":\"\x7f\u00e9\"}"sv, R"({"a":[[[]]]})"sv, R"({"a":1,"a":2})"sv}) {
    const auto error = syntax.check_object(text, depth_max);
    EXPECT_FALSE(error) << text << ": " << error->message;
  }
}

TEST(JsonSyntax, SaysWhereAndWhyATextIsNotJson) {
  JsonSyntax syntax;
  const std::vector<SyntaxExample> examples = {
      {"", 1, "the text is empty"},
      {"  ", 1, "the text is empty"},
      {"[1]", 1, "not a JSON object"},
      {"\"a\"", 1, "not a JSON object"},
      {"3", 1, "not a JSON object"},
      {"\xef\xbb\xbf{}", 1, "not a JSON object"},
      {R"({"a":1)", 1, "an object or an array is not closed"},
      {R"({"a":[1})", 8, "not valid JSON"},
      {R"({"a":1,})", 8, "not valid JSON"},
      {R"({"a":[1,]})", 9, "not valid JSON"},
      {R"({"a" 1})", 6, "not valid JSON"},
      {R"({"a":1 "b":2})", 8, "not valid JSON"},
      {"{a:1}", 2, "not valid JSON"},
      {"{'a':1}", 2, "not valid JSON"},
      {R"({"a":/**/1})", 6, "not valid JSON"},
      {R"({"a":NaN})", 6, "not valid JSON"},
      {R"({"a":Infinity})", 6, "not valid JSON"},
      {R"({"a":nul})", 6, "expected true, false or null"},
      {R"({"a":truex})", 6, "expected true, false or null"},
      {R"({"a":01})", 6, "not a valid number"},
      {R"({"a":1.})", 6, "not a valid number"},
      {R"({"a":0x10})", 6, "not a valid number"},
      {R"({"a":1e999})", 6, "not a valid number"},
      {R"({"a":"\x41"})", 6, "not a valid string: an escape is unknown or not complete"},
      {R"({"a":"\ud800"})", 6, "not a valid string: an escape is unknown or not complete"},
      {R"({"a":"\u12"})", 6, "not a valid string: an escape is unknown or not complete"},
      {R"({"a":"bc)", 6, "a string is not closed"},
      {"{\"a\":\"x\ny\"}", 8, "a control character in a string must be escaped"},
      {"{\"a\":\"x\0y\"}"sv, 8, "a control character in a string must be escaped"},
      {"{\"a\":\0 1}"sv, 6, "not valid JSON"},
      {"{\"a\":\"\u00e9\xff\"}", 9, "not valid UTF-8"},
      {"{\"a\":\"\xed\xa0\x80\"}", 7, "not valid UTF-8"},
      {"{\"a\":\"\xe2\x82\"}", 7, "not valid UTF-8"},
      {R"({"a":1}{})", 8, "something follows the object"},
      {R"({"a":{}}})", 9, "something follows the object"},
      {R"({"a":[[[[]]]]})", 9, "nested deeper than 4 levels"},
      {R"({"a":[[[{}]]]})", 9, "nested deeper than 4 levels"},
  };
  for (const auto& [text, column, message] : examples) {
    const auto error = syntax.check_object(text, depth_max);
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->message, message) << text;
    EXPECT_EQ(error->column, column) << text;
  }
}

TEST(JsonSyntax, RefusesABombOfBracketsQuickly) {
  JsonSyntax syntax;
  const std::string bomb = "{\"a\":" + std::string(1'000'000, '[');
  EXPECT_TRUE(syntax.check_object(bomb, depth_max));
  const std::string closed = bomb + std::string(1'000'000, ']') + "}";
  EXPECT_EQ(syntax.check_object(closed, depth_max)->message, "nested deeper than 4 levels");
}

TEST(JsonSyntax, TellsEachMemberOfTheOutermostObject) {
  JsonSyntax syntax;
  std::vector<std::tuple<std::string, std::string, std::string, std::size_t>> told;
  const auto on_member = [&told](const JsonMember& member) -> std::optional<JsonError> {
    told.emplace_back(member.name, member.value, member.string.value_or("-"), member.column);
    return std::nullopt;
  };
  EXPECT_FALSE(
      syntax.check_object(R"({"a": {"x":[1,"2"]} , "\u0062":"q\u0041" ,"c":-1 })", depth_max, on_member));
  EXPECT_EQ(told,
            (decltype(told){
                {"a", R"({"x":[1,"2"]})", "-", 7}, {"b", R"("q\u0041")", "qA", 32}, {"c", "-1", "-", 47}}));
}

TEST(JsonSyntax, EndsWhereAMemberIsRefused) {
  JsonSyntax syntax;
  int seen = 0;
  const auto on_member = [&seen](const JsonMember& member) -> std::optional<JsonError> {
    return ++seen == 2 ? std::optional(JsonError{"no", member.column}) : std::nullopt;
  };
  const auto error = syntax.check_object(R"({"a":1,"b":2,"c":3})", depth_max, on_member);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message, "no");
  EXPECT_EQ(error->column, 12u);
  EXPECT_EQ(seen, 2);
}

TEST(JsonSyntax, OneFaultLeavesNothingBehindForTheNextText) {
  JsonSyntax syntax;
  EXPECT_TRUE(syntax.check_object(R"({"a":)", depth_max));
  EXPECT_FALSE(syntax.check_object(R"({"a":1})", depth_max));
}

}  // namespace
}  // namespace ringside::schema
