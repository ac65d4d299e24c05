// SPDX-License-Identifier: Apache-2.0
#include "agentd/interrupt_rules.hpp"

#include <gtest/gtest.h>

#include "tests/agentd/interrupt_samples.hpp"

namespace ringside::agentd::testing {
namespace {

using events::Decision;
using events::QuestionType;

std::string verdict(const events::InterruptT& interrupt, const events::AnswerT& answer) {
  return broken_answer(interrupt, answer).value_or("good");
}

TEST(ApprovalAnswer, HasOneDecisionForEachRequestInTheirOrder) {
  const auto asked = approval("i", 2);
  const auto yes = decision(Decision::approve);
  EXPECT_EQ(verdict(asked, decisions({yes, decision(Decision::reject, "", "too risky")})), "good");
  EXPECT_EQ(verdict(asked, decisions({yes})),
            "approval.decisions: there are 1 for 2 requests: one for each, in their order");
  EXPECT_EQ(verdict(asked, decisions({yes, yes, yes})),
            "approval.decisions: there are 3 for 2 requests: one for each, in their order");
}

TEST(ApprovalAnswer, MakesADecisionThatItsRequestAllows) {
  const auto asked = approval("i", 2, {Decision::approve, Decision::reject});
  const auto yes = decision(Decision::approve);
  EXPECT_EQ(verdict(asked, decisions({yes, decision(Decision::edit, "{}")})),
            "approval.decisions[1]: edit is not allowed for call-1 (rm): one of approve, reject");
  EXPECT_EQ(
      verdict(approval("i"), decisions({decision(static_cast<Decision>(9))})),
      "approval.decisions[0]: this decision is not allowed for call-0 (rm): one of approve, edit, reject");
}

TEST(ApprovalAnswer, AllowsEveryDecisionWhereTheRequestNamesNone) {
  for (const auto& made :
       {decision(Decision::approve), decision(Decision::edit, "{}"), decision(Decision::reject)})
    EXPECT_EQ(verdict(approval("i"), decisions({made})), "good");
}

TEST(ApprovalAnswer, ThatEditsBringsArgumentsThatAreOneJsonObject) {
  EXPECT_EQ(
      verdict(approval("i"), decisions({decision(Decision::edit, R"({"path": "/home", "n": [1, 2]})")})),
      "good");
  EXPECT_EQ(verdict(approval("i"), decisions({decision(Decision::edit)})),
            "approval.decisions[0]: an edit brings the new arguments");
  for (const char* wrong : {"[1]", "7", "{\"a\":", "{'a':1}", "{} {}", " "}) {
    const std::string said = verdict(approval("i"), decisions({decision(Decision::edit, wrong)}));
    EXPECT_TRUE(said.starts_with("approval.decisions[0].arguments: they must be one JSON object; byte "))
        << said;
  }
}

TEST(ApprovalAnswer, HasArgumentsOnlyToEditAndAMessageOnlyToReject) {
  EXPECT_EQ(verdict(approval("i"), decisions({decision(Decision::approve, "{}")})),
            "approval.decisions[0]: only an edit has arguments");
  EXPECT_EQ(verdict(approval("i"), decisions({decision(Decision::reject, "{}")})),
            "approval.decisions[0]: only an edit has arguments");
  EXPECT_EQ(verdict(approval("i"), decisions({decision(Decision::approve, "", "fine")})),
            "approval.decisions[0]: only a rejection has a message");
}

TEST(QuestionAnswer, SelectsExactlyOneWhereOneIsAskedFor) {
  const auto asked = question("i", QuestionType::single_select);
  EXPECT_EQ(verdict(asked, selected({"b"})), "good");
  EXPECT_EQ(verdict(asked, selected({})),
            "question.selected: there are 0: this question asks for exactly one");
  EXPECT_EQ(verdict(asked, selected({"a", "b"})),
            "question.selected: there are 2: this question asks for exactly one");
}

TEST(QuestionAnswer, SelectsAnyNumberEachOnceWhereSeveralAreAskedFor) {
  const auto asked = question("i", QuestionType::multi_select);
  EXPECT_EQ(verdict(asked, selected({})), "good");
  EXPECT_EQ(verdict(asked, selected({"b", "a"})), "good");
  EXPECT_EQ(verdict(asked, selected({"a", "a"})), "question.selected[1]: \"a\" is selected twice");
}

TEST(QuestionAnswer, SelectsAmongTheOptions) {
  EXPECT_EQ(verdict(question("i", QuestionType::single_select), selected({"c"})),
            "question.selected[0]: \"c\" is none of its options: a, b");
  EXPECT_EQ(verdict(question("i", QuestionType::multi_select), selected({"a", ""})),
            "question.selected[1]: \"\" is none of its options: a, b");
}

TEST(QuestionAnswer, IsATextWhereOneIsAskedForAndOnlyThere) {
  EXPECT_EQ(verdict(question("i", QuestionType::free_text), text("because")), "good");
  EXPECT_EQ(verdict(question("i", QuestionType::free_text), text("")),
            "question.text: this question asks for one");
  EXPECT_EQ(verdict(question("i", QuestionType::free_text), selected({"a"})),
            "question.selected: this question asks for a text");
  EXPECT_EQ(verdict(question("i", QuestionType::single_select), text("a")),
            "question.text: this question asks to select, not for a text");
}

TEST(QuestionAnswer, CancelsOnlyWhereItMayAndThenSaysNothingElse) {
  EXPECT_EQ(verdict(question("i", QuestionType::single_select, true), cancelled()), "good");
  EXPECT_EQ(verdict(question("i", QuestionType::free_text, true), cancelled()), "good");
  EXPECT_EQ(verdict(question("i", QuestionType::single_select), cancelled()),
            "question.cancelled: this question may not be cancelled");
  auto both = selected({"a"});
  both.data.Asquestion()->cancelled = true;
  EXPECT_EQ(verdict(question("i", QuestionType::single_select, true), both),
            "question: it is cancelled and answered at once");
}

TEST(AnyAnswer, IsOfTheKindOfItsInterrupt) {
  EXPECT_EQ(verdict(approval("i"), selected({"a"})),
            "approval: that is asked for, and the answer is question");
  EXPECT_EQ(verdict(question("i"), approve()), "question: that is asked for, and the answer is approval");
  EXPECT_EQ(verdict(question("i"), {}), "question: that is asked for, and the answer is empty");
  EXPECT_EQ(verdict(of_subagent("i", approval("j")), approve()),
            "subagent: that is asked for, and the answer is approval");
  EXPECT_EQ(verdict(several("i", {approval("j")}), approve()),
            "several: that is asked for, and the answer is approval");
}

TEST(AnyAnswer, ToAHaltIsRefused) {
  EXPECT_EQ(verdict(halt("i"), approve()), "a halt is dismissed, not answered");
  EXPECT_EQ(verdict(halt("i"), {}), "a halt is dismissed, not answered");
  EXPECT_EQ(verdict(of_subagent("i", halt("j")), of_subagent(events::AnswerT())),
            "a halt is dismissed, not answered");
}

TEST(SubagentAnswer, AnswersWhatTheSubagentAsks) {
  const auto asked = of_subagent("i", of_subagent("j", question("k")));
  EXPECT_EQ(verdict(asked, of_subagent(of_subagent(selected({"a"})))), "good");
  EXPECT_EQ(verdict(asked, of_subagent(of_subagent(selected({"c"})))),
            "subagent.subagent.question.selected[0]: \"c\" is none of its options: a, b");
  EXPECT_EQ(verdict(asked, of_subagent(selected({"a"}))),
            "subagent.subagent: that is asked for, and the answer is question");
}

TEST(SeveralAnswer, HasOneForEachInTheirOrderAndDismissesHaltsByNothing) {
  const auto asked = several("i", {approval("j"), halt("k"), question("l")});
  EXPECT_EQ(verdict(asked, several({approve(), {}, selected({"a"})})), "good");
  EXPECT_EQ(verdict(asked, several({approve(), {}})),
            "several: there are 2 answers to 3 interrupts: one for each, in their order");
  EXPECT_EQ(verdict(asked, several({approve(), approve(), selected({"a"})})),
            "several[1]: this one is a halt: it is dismissed by an answer without data");
  EXPECT_EQ(verdict(asked, several({{}, {}, selected({"a"})})), "several[0]: the approval is not answered");
  EXPECT_EQ(verdict(asked, several({approve(), {}, selected({"c"})})),
            "several[2].question.selected[0]: \"c\" is none of its options: a, b");
}

TEST(Restorable, IsWhatAnotherLifeCouldStillAsk) {
  EXPECT_TRUE(is_restorable(approval("i")));
  EXPECT_TRUE(is_restorable(question("i")));
  EXPECT_TRUE(is_restorable(of_subagent("i", question("j"))));
  EXPECT_TRUE(is_restorable(several("i", {approval("j"), question("k")})));
  EXPECT_FALSE(is_restorable(halt("i")));
  EXPECT_FALSE(is_restorable(of_subagent("i", halt("j"))));
  EXPECT_FALSE(is_restorable(several("i", {approval("j"), halt("k")})));
}

}  // namespace
}  // namespace ringside::agentd::testing
