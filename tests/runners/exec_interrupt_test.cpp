// SPDX-License-Identifier: Apache-2.0
//
// Processes that end a run in order to wait for a person.
#include <string>

#include <gmock/gmock.h>

#include "tests/runners/exec_fixture.hpp"

namespace ringside::agentd {
namespace {

using testing::ElementsAre;

TEST_F(ExecRunner, EndsARunWithTheInterruptThatItsProcessRaises) {
  script(
      R"(read a; raise i '"data_type":"approval","data":{"requests":[{"tool_call_id":"c","tool_name":"f","arguments":"{}","allowed":["approve","reject"]}]}'
read b; raise j '"data_type":"several","data":{"interrupts":[{"id":"j1","data_type":"halt","data":{"message":"no"}},{"id":"j2","data_type":"subagent","data":{"subagent_id":"s","interrupt":{"id":"k","data_type":"question","data":{"text":"?"}}}}]}'
read c; status paused; read d)");
  execute(1);
  const RunOutcome approval = sink_->wait_for_run(1).outcome;
  EXPECT_EQ(approval.end, RunEnd::interrupted);
  ASSERT_TRUE(approval.interrupt);
  EXPECT_EQ(approval.interrupt->id, "i");
  const auto& request = *approval.interrupt->data.Asapproval()->requests.at(0);
  EXPECT_EQ(request.tool_call_id, "c");
  EXPECT_THAT(request.allowed, ElementsAre(events::Decision::approve, events::Decision::reject));

  execute(2, UserMessage{"id", "never mind"});
  const RunOutcome several = sink_->wait_for_run(2).outcome;
  EXPECT_EQ(several.end, RunEnd::interrupted);
  const auto& interrupts = several.interrupt->data.Asseveral()->interrupts;
  EXPECT_EQ(interrupts.at(0)->data.Ashalt()->message, "no");
  EXPECT_EQ(interrupts.at(1)->data.Assubagent()->interrupt->data.Asquestion()->text, "?");

  execute(3, UserMessage{"id", "go"});
  EXPECT_EQ(sink_->wait_for_run(3).outcome.end, RunEnd::paused);
}

TEST_F(ExecRunner, GivesItsProcessTheAnswerOnOneLine) {
  script(
      R"sh(read -r a; raise i '"data_type":"question","data":{"text":"?"}'
read -r line; title "$(printf '%s' "$line" | sed 's/[\\"]/\\&/g')"; status idle; read -r b)sh");
  execute(1);
  sink_->wait_for_run(1);
  resume(2);
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::idle);
  EXPECT_EQ(
      sink_->events().at(0).event().payload_as_conversation_title_generated()->title()->str(),
      R"({"command":"resume","run":2,"interrupt":"i","answer":{"data_type": "question","data": {"text": "say \"hi\"\n\u0001","cancelled": false}}})");
}

TEST_F(ExecRunner, LeavesCallsOpenThatWaitForTheAnswerAndClosesTheOthers) {
  script(
      R"(read a; tool waits; tool forgotten; waiting waits; waiting denied; raise i '"data_type":"question","data":{"text":"?"}'
read b; tool waits; title gone-on; status idle; read c)");
  execute(1);
  EXPECT_EQ(sink_->wait_for_run(1).outcome.end, RunEnd::interrupted);
  EXPECT_THAT(sink_->view().kinds,
              ElementsAre("tool_execution_started", "tool_execution_started", "tool_execution_interrupted",
                          "tool_execution_interrupted", "tool_execution_failed"));
  EXPECT_EQ(sink_->events().back().event().payload_as_tool_execution_failed()->call_id()->str(), "forgotten");
  resume(2);
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::idle);
  // What went on and what was never answered are closed with the run that ends for good.
  const auto events = sink_->events();
  ASSERT_EQ(events.size(), 9U);
  EXPECT_EQ(events[7].event().payload_as_tool_execution_failed()->call_id()->str(), "waits");
  EXPECT_EQ(events[8].event().payload_as_tool_execution_failed()->call_id()->str(), "denied");
  EXPECT_EQ(events[8].stamp(), (schema::Stamp{9, 2}));
}

TEST_F(ExecRunner, LeavesTheCallsOfASupersededInterruptToTheAgentWhichHasClosedThem) {
  script(
      R"(read a; tool; waiting c; raise i '"data_type":"question","data":{"text":"?"}'
read b; title other; status idle; read c)");
  execute(1);
  sink_->wait_for_run(1);
  execute(2, UserMessage{"id", "something else"});
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::idle);
  EXPECT_THAT(sink_->view().kinds, ElementsAre("tool_execution_started", "tool_execution_interrupted",
                                               "conversation_title_generated"));
}

TEST_F(ExecRunner, LeavesCallsOpenThatWaitOverAPause) {
  script("read a; tool; waiting c; status paused; read b; title more; status idle; read c");
  execute(1);
  EXPECT_EQ(sink_->wait_for_run(1).outcome.end, RunEnd::paused);
  execute(2, UserMessage{"id", "go on"});
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::idle);
  EXPECT_THAT(sink_->view().kinds, ElementsAre("tool_execution_started", "tool_execution_interrupted",
                                               "conversation_title_generated", "tool_execution_failed"));
}

TEST_F(ExecRunner, TakesAnInterruptForTheEndOfARunThatWasCancelledMeanwhile) {
  script(
      R"(read a; delta half; read cancel; raise i '"data_type":"halt","data":{"message":"late"}'
read b; title done; status idle)");
  execute(1);
  sink_->wait_for_events(1);
  runner_->cancel(1);
  EXPECT_EQ(sink_->wait_for_run(1).outcome.end, RunEnd::cancelled);
  execute(2);
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::idle);
}

}  // namespace
}  // namespace ringside::agentd
