// SPDX-License-Identifier: Apache-2.0
#include "schema/answer_json.hpp"

#include <gtest/gtest.h>

namespace ringside::schema {
namespace {

using events::AnswerData;
using events::Decision;

std::string error_of(std::string_view json) {
  const auto answer = parse_answer(json);
  return answer ? "none" : answer.error().message;
}

TEST(AnswerJson, ReadsDecisionsWithTheirArgumentsAsTheyStand) {
  const auto answer = parse_answer(R"({"approval":{"decisions":[
      {"decision":"approve"},
      {"decision":"edit","arguments":{"n": 10000000000000000000000000, "path":"/\u00e9"}},
      {"decision":"reject","message":"not \"that\""}]}})");
  ASSERT_TRUE(answer) << answer.error().message;
  const auto& decisions = answer->data.Asapproval()->decisions;
  ASSERT_EQ(decisions.size(), 3u);
  EXPECT_EQ(decisions[0]->decision, Decision::approve);
  EXPECT_EQ(decisions[1]->decision, Decision::edit);
  EXPECT_EQ(decisions[1]->arguments, R"({"n": 10000000000000000000000000, "path":"/\u00e9"})");
  EXPECT_EQ(decisions[2]->decision, Decision::reject);
  EXPECT_EQ(decisions[2]->message, "not \"that\"");
}

TEST(AnswerJson, ReadsWhatAQuestionIsAnsweredBy) {
  const auto selected = parse_answer(R"({"question":{"selected":["a","b c"],"text":null}})");
  ASSERT_TRUE(selected) << selected.error().message;
  EXPECT_EQ(selected->data.Asquestion()->selected, (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(parse_answer(R"({"question":{"text":"because"}})")->data.Asquestion()->text, "because");
  EXPECT_TRUE(parse_answer(R"({"question":{"cancelled":true}})")->data.Asquestion()->cancelled);
}

TEST(AnswerJson, ReadsAnswersInsideOfAnswers) {
  const auto answer = parse_answer(R"({"several":[{"subagent":{"question":{"text":"x"}}},{}]})");
  ASSERT_TRUE(answer) << answer.error().message;
  const auto& answers = answer->data.Asseveral()->answers;
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0]->data.Assubagent()->answer->data.Asquestion()->text, "x");
  EXPECT_EQ(answers[1]->data.type, AnswerData::NONE);
}

TEST(AnswerJson, NamesThePlaceOfWhatIsNoAnswer) {
  EXPECT_EQ(error_of(R"({"yes":{}})"),
            "yes is unknown: an answer is one of approval, question, subagent, several");
  EXPECT_EQ(error_of(R"({"question":{},"approval":{}})"),
            "approval is one answer too many: there is one already beside it");
  EXPECT_EQ(error_of(R"({"question":{"text":"a","text":"b"}})"), "question.text is given twice");
  EXPECT_EQ(error_of(R"({"question":{"selected":["a",2]}})"), "question.selected[1] must be a string");
  EXPECT_EQ(error_of(R"({"question":{"selected":"a"}})"), "question.selected must be an array");
  EXPECT_EQ(error_of(R"({"question":{"cancelled":"yes"}})"), "question.cancelled must be true or false");
  EXPECT_EQ(error_of(R"({"question":["a"]})"), "question must be an object");
  EXPECT_EQ(error_of(R"({"question":{"choice":"a"}})"),
            "question.choice is unknown: selected, text and cancelled are known");
  EXPECT_EQ(error_of(R"({"approval":{"decision":[]}})"), "approval.decision is unknown: decisions is known");
  EXPECT_EQ(error_of(R"({"approval":{"decisions":[{"decision":"approve"},{"decision":"perhaps"}]}})"),
            "approval.decisions[1].decision must be approve, edit or reject");
  EXPECT_EQ(error_of(R"({"approval":{"decisions":[{"message":"no"}]}})"),
            "approval.decisions[0].decision is missing: approve, edit or reject");
  EXPECT_EQ(error_of(R"({"approval":{"decisions":[{"decision":"edit","arguments":"{}"}]}})"),
            "approval.decisions[0].arguments must be an object");
  EXPECT_EQ(error_of(R"({"several":[{"subagent":{"question":{"text":7}}}]})"),
            "several[0].subagent.question.text must be a string");
}

TEST(AnswerJson, NamesTheColumnOfWhatIsNoJson) {
  const auto cut = parse_answer(R"({"question":{"text":"a)");
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().column, 0u);
  EXPECT_EQ(error_of("[]"), "not a JSON object");
  EXPECT_FALSE(parse_answer(""));
  EXPECT_FALSE(parse_answer(R"({"question":{"text":'a'}})"));
  EXPECT_FALSE(parse_answer(std::string(1'000, '[')));
}

}  // namespace
}  // namespace ringside::schema
