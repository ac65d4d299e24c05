// SPDX-License-Identifier: Apache-2.0
//
// What the state of an agent is after its events, rule by rule.
#include "schema/agent_fold.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "schema/event_builder.hpp"
#include "schema/event_check.hpp"
#include "told_events.hpp"

namespace ringside::schema {
namespace {

using events::AgentStatus;
using events::ContentType;
using testing::ToldFold;

constexpr const char* dismissable = R"({"id":"i1","data_type":"halt","data":{"message":"look at this"}})";

ToldFold agent() {
  return ToldFold(StateKind::agent);
}

ToldFold& status(ToldFold& told, const std::string& status) {
  std::string payload = R"({"status":")" + status + '"';
  if (status == "interrupted") payload.append(R"(,"interrupt":)").append(dismissable);
  if (status == "error") payload.append(R"(,"error":{"type":"t","message":"no","detail":"d"})");
  return told.tell("status_changed", payload + "}");
}

ToldFold& identify(ToldFold& told, const std::string& call_id, unsigned index = 0) {
  return told.tell("tool_call_identified", R"({"tool":{"call_id":")" + call_id +
                                               R"(","name":"find","index":)" + std::to_string(index) + "}}");
}

std::vector<std::string> ids_of_calls(const AgentFold& agent) {
  std::vector<std::string> ids;
  for (const FoldedCall& call : agent.calls())
    ids.push_back(call.tool.call_id);
  return ids;
}

std::string content(const AgentFold& agent, std::size_t message = 0, std::size_t part = 0) {
  return agent.messages()[message].fold.parts()[part].content;
}

TEST(AgentFold, IsAbsentBeforeTheFirstLife) {
  const Fold fold(StateKind::agent);
  EXPECT_FALSE(fold.agent()->begun());
  const EventBuffer snapshot = fold.snapshot();
  ASSERT_TRUE(check_event(snapshot.bytes()));
  EXPECT_EQ(snapshot.event().payload_as_snapshot()->agent(), nullptr);
  EXPECT_EQ(snapshot.event().payload_as_snapshot()->presence(), nullptr);
}

TEST(AgentFold, KeepsTheStampOfTheLastEventThatHadOne) {
  ToldFold told = agent();
  told.at(5, 2).text("m", "a").at(0, 0).text("m", "b");
  EXPECT_EQ(told.fold().stamp(), (Stamp{5, 2}));
  EXPECT_EQ(content(told.agent()), "ab");
  told.at(5, 0).text("m", "c");
  EXPECT_EQ(told.fold().stamp(), (Stamp{5, 2})) << "an event of no run belongs to the current one";
  EXPECT_EQ(content(told.agent()), "abc");
}

TEST(AgentFold, ANewIncarnationBeginsAnew) {
  ToldFold told = agent();
  told.at(5, 2).text("m", "a");
  told.tell("conversation_title_generated", R"({"title":"t"})");
  told.tell("todos_updated", R"({"todos":[{"id":1,"content":"c"}]})");
  told.tell("llm_token_usage", R"({"input":3})");
  told.tell("message_queued", R"({"message":{"id":"q","role":"user"}})");
  status(identify(told, "c"), "error");
  told.at(6, 0).tell("status_changed", R"({"status":"idle"})");
  ToldFold fresh = agent();
  fresh.at(6, 0).tell("status_changed", R"({"status":"idle"})");
  EXPECT_TRUE(testing::same_bytes(told.fold().snapshot(), fresh.fold().snapshot()));
}

TEST(AgentFold, ANewRunDropsWhatTheRunBeforeLeftOpen) {
  ToldFold told = agent();
  told.at(1, 1).text("m", "a");
  told.tell("conversation_title_generated", R"({"title":"t"})");
  told.tell("message_queued", R"({"message":{"id":"q","role":"user"}})");
  identify(told, "c");
  told.at(1, 2).tell("custom", R"({"name":"any"})");
  EXPECT_TRUE(told.agent().messages().empty());
  EXPECT_TRUE(told.agent().calls().empty());
  EXPECT_EQ(told.agent().title(), "t");
  EXPECT_EQ(told.agent().queued().size(), 1U);
}

TEST(AgentFold, ACallThatWaitsIsOpenInTheRunThatGoesOnWithTheAnswer) {
  ToldFold told = agent();
  identify(identify(told.at(1, 1), "a"), "b", 1);
  told.tell("tool_execution_interrupted", R"({"call_id":"b","display_text":"may I?"})");
  status(told, "interrupted");
  status(told.at(1, 2), "running");
  ASSERT_EQ(ids_of_calls(told.agent()), std::vector<std::string>{"b"});
  EXPECT_EQ(told.agent().calls()[0].phase, events::CallPhase::interrupted);
  told.tell("tool_execution_failed", R"({"call_id":"b","error":{"message":"rejected"}})");
  EXPECT_TRUE(told.agent().calls().empty());
}

TEST(AgentFold, IgnoresWhatComesLate) {
  ToldFold told = agent();
  told.at(2, 2).text("m", "a");
  told.at(1, 9).text("m", "of an older life").tell("agent_shutdown", R"({"reason":"crash"})");
  told.at(2, 1).text("m", "of an older run").tell("status_changed", R"({"status":"cancelled"})");
  EXPECT_EQ(content(told.agent()), "a");
  EXPECT_EQ(told.agent().shutdown(), nullptr);
  EXPECT_EQ(told.fold().stamp(), (Stamp{2, 2}));
}

TEST(AgentFold, DeltasGrowAMessageInFlight) {
  ToldFold told = agent();
  told.text("m", "Hel").text("m", "lo").text("n", "x");
  ASSERT_EQ(told.agent().messages().size(), 2U);
  EXPECT_EQ(told.agent().messages()[0].id, "m");
  EXPECT_EQ(content(told.agent()), "Hello");
  told.tell("llm_deltas", R"({"deltas":[{"message_id":"m","role":"tool","text":"!","status":"length"}]})");
  EXPECT_EQ(content(told.agent()), "Hello!");
  EXPECT_EQ(told.agent().messages()[0].status, events::DeltaStatus::length);
  EXPECT_EQ(told.agent().messages()[0].role, events::Role::assistant)
      << "the role is the one that came first";
}

TEST(AgentFold, PartsAreMatchedByIndexAndThinkingIsNeverMixedIntoText) {
  ToldFold told = agent();
  told.text("m", "second", 1);
  told.tell("llm_deltas", R"({"deltas":[{"message_id":"m","content":{"type":"thinking","content":"hm"}},
                                         {"message_id":"m","text":"first"},
                                         {"message_id":"m","content":{"type":"thinking","content":"m"}}]})");
  told.text("m", "!", 1);
  const auto parts = told.agent().messages()[0].fold.parts();
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].content, "first");
  EXPECT_EQ(parts[0].type, ContentType::text);
  EXPECT_EQ(parts[1].content, "hmm");
  EXPECT_EQ(parts[1].type, ContentType::thinking);
  EXPECT_EQ(parts[2].content, "second!");
}

TEST(AgentFold, OptionsOfAPartAreKeptByKey) {
  ToldFold told = agent();
  told.tell("llm_deltas", R"({"deltas":[{"message_id":"m","content":{"type":"image","content":"AA","options":
                                [{"key":"media","value":"png"},{"key":"detail","value":"low"}]}},
                              {"message_id":"m","content":{"type":"image","content":"BB","options":
                                [{"key":"detail","value":"high"}]}}]})");
  const FoldedPart& part = told.agent().messages()[0].fold.parts()[0];
  EXPECT_EQ(part.content, "AABB");
  ASSERT_EQ(part.options.size(), 2U);
  EXPECT_EQ(part.options[0].value, "png");
  EXPECT_EQ(part.options[1].value, "high");
}

TEST(AgentFold, FragmentsOfAToolCallArePutTogether) {
  ToldFold told = agent();
  const auto delta = [&](const std::string& call) {
    told.tell("llm_deltas", R"({"deltas":[{"message_id":"m","tool_calls":[)" + call + "]}]}");
  };
  delta(R"({"index":1,"call_id":"b","name":"find","arguments":"{\"ci"})");
  delta(R"({"index":0,"call_id":"a","name":"look"})");
  delta(R"({"index":1,"call_id":"other","arguments":"ty\":1}"})");
  auto calls = told.agent().messages()[0].fold.tool_calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].name, "look");
  EXPECT_EQ(calls[1].call_id, "b");
  EXPECT_EQ(calls[1].arguments, R"({"city":1})");
  EXPECT_EQ(calls[1].status, events::ToolCallStatus::incomplete);
  delta(R"({"index":1,"status":"complete"})");
  EXPECT_EQ(told.agent().messages()[0].fold.tool_calls()[1].status, events::ToolCallStatus::complete);
  delta(R"({"index":1,"status":"complete","arguments":"{\"city\":2}"})");
  EXPECT_EQ(told.agent().messages()[0].fold.tool_calls()[1].arguments, R"({"city":2})")
      << "a complete call brings all of its arguments";
}

TEST(AgentFold, ACallToldAsCompleteIsJudgedAnewWhereItsArgumentsHaveChanged) {
  ToldFold told = agent();
  const auto status_after = [&](const std::string& fragment) {
    told.tell("llm_deltas", R"({"deltas":[{"message_id":"m","tool_calls":[{"index":1,)" + fragment + "}]}]}");
    return told.agent().messages()[0].fold.tool_call(1)->status;
  };
  using events::ToolCallStatus;
  EXPECT_EQ(status_after(R"("arguments":"{\"city\":")"), ToolCallStatus::incomplete);
  EXPECT_EQ(status_after(R"("status":"complete")"), ToolCallStatus::incomplete);
  EXPECT_EQ(status_after(R"("status":"complete")"), ToolCallStatus::incomplete);
  EXPECT_EQ(status_after(R"("arguments":"1}")"), ToolCallStatus::incomplete);
  EXPECT_EQ(status_after(R"("status":"complete")"), ToolCallStatus::complete);
  told.tell("llm_deltas", R"({"deltas":[{"message_id":"m","tool_calls":[{"index":0,"call_id":"a"}]}]})");
  EXPECT_EQ(status_after(R"("status":"complete")"), ToolCallStatus::complete);
  EXPECT_EQ(status_after(R"("arguments":"x")"), ToolCallStatus::incomplete);
  EXPECT_EQ(status_after(R"("status":"complete")"), ToolCallStatus::incomplete);
  EXPECT_EQ(status_after(R"("status":"complete","arguments":"{}")"), ToolCallStatus::complete);
}

TEST(AgentFold, TheWholeMessageClosesIt) {
  ToldFold told = agent();
  told.text("m", "Hel").text("n", "x").tell("llm_message", R"({"message":{"id":"m"}})");
  ASSERT_EQ(told.agent().messages().size(), 1U);
  EXPECT_EQ(told.agent().messages()[0].id, "n");
  told.text("n", "y");
  EXPECT_EQ(content(told.agent()), "xy");
}

TEST(AgentFold, AQueuedMessageWaitsUntilItIsSaid) {
  ToldFold told = agent();
  told.tell("message_queued", R"({"message":{"id":"p","role":"user"}})");
  told.tell("message_queued", R"({"message":{"id":"q","role":"user"}})");
  told.tell("message_queued", R"({"message":{"id":"p","role":"user","name":"anew"}})");
  ASSERT_EQ(told.agent().queued().size(), 2U);
  EXPECT_EQ(told.agent().queued()[0].name, "anew");
  told.at(1, 2).tell("llm_message", R"({"message":{"id":"p","role":"user"}})");
  ASSERT_EQ(told.agent().queued().size(), 1U);
  EXPECT_EQ(told.agent().queued()[0].id, "q");
}

TEST(AgentFold, ACallIsKnownByItsIdElseByItsIndex) {
  ToldFold told = agent();
  told.tell("tool_call_identified", R"({"tool":{"index":0,"name":"find"}})");
  told.tell("tool_call_identified",
            R"({"tool":{"index":1,"call_id":"b","name":"look","display_text":"looks"}})");
  told.tell("tool_call_identified", R"({"tool":{"index":0,"call_id":"a","name":"find","arguments":"{"}})");
  EXPECT_EQ(ids_of_calls(told.agent()), (std::vector<std::string>{"a", "b"}));
  told.tell("tool_call_identified", R"({"tool":{"index":7,"call_id":"b","name":"look","arguments":"[1"}})");
  EXPECT_EQ(ids_of_calls(told.agent()), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(told.agent().calls()[1].tool.display_text, "looks") << "what is not told again stands";
  EXPECT_EQ(told.agent().calls()[1].tool.arguments, "[1");
  told.tell("tool_call_identified", R"({"tool":{"index":7,"name":"look","arguments":"[1]"}})");
  EXPECT_EQ(told.agent().calls()[1].tool.arguments, "[1]")
      << "an event without the id means the call of that index";
  told.tell("tool_call_identified", R"({"tool":{"index":7,"call_id":"c","name":"find"}})");
  EXPECT_EQ(ids_of_calls(told.agent()), (std::vector<std::string>{"a", "b", "c"}))
      << "another id is another call";
}

TEST(AgentFold, ACallGoesFromIdentifiedToExecutingToItsEnd) {
  ToldFold told = agent();
  identify(told, "a");
  EXPECT_EQ(told.agent().calls()[0].phase, events::CallPhase::identified);
  told.tell("tool_execution_started",
            R"({"tool":{"call_id":"a","name":"find","status":"complete","arguments":"{}"}})");
  EXPECT_EQ(told.agent().calls()[0].phase, events::CallPhase::executing);
  identify(told, "a");
  EXPECT_EQ(told.agent().calls()[0].phase, events::CallPhase::executing);
  EXPECT_EQ(told.agent().calls()[0].tool.arguments, "{}");
  told.tell("tool_execution_interrupted", R"({"call_id":"a","display_text":"may I?"})");
  EXPECT_EQ(told.agent().calls()[0].phase, events::CallPhase::interrupted);
  EXPECT_EQ(told.agent().calls()[0].tool.display_text, "may I?");
  told.tell("tool_execution_started", R"({"tool":{"call_id":"a","name":"find"}})");
  EXPECT_EQ(told.agent().calls()[0].phase, events::CallPhase::executing);
  told.tell("tool_execution_interrupted", R"({"call_id":"unheard of"})");
  EXPECT_EQ(told.agent().calls().size(), 1U);
}

TEST(AgentFold, EachOfTheTerminalEventsEndsACall) {
  ToldFold told = agent();
  told.tell("tool_execution_started", R"({"tool":{"call_id":"a","name":"find"}})");
  identify(identify(identify(told, "b", 1), "c", 2), "d", 3);
  told.tell("tool_execution_completed", R"({"call_id":"a","result":{"call_id":"a"}})");
  EXPECT_EQ(ids_of_calls(told.agent()), (std::vector<std::string>{"b", "c", "d"}));
  told.tell("tool_execution_failed", R"({"call_id":"c","error":{"message":"no"}})");
  told.tell("tool_execution_cancelled", R"({"call_id":"b"})");
  EXPECT_EQ(ids_of_calls(told.agent()), std::vector<std::string>{"d"});
}

TEST(AgentFold, AStatusThatEndsTheRunLeavesNothingOpen) {
  for (const char* ended : {"idle", "cancelled", "error"}) {
    ToldFold told = agent();
    status(identify(told.text("m", "a"), "c"), "running");
    EXPECT_EQ(told.agent().messages().size() + told.agent().calls().size(), 2U);
    told.tell("tool_execution_interrupted", R"({"call_id":"c"})");
    status(told, ended);
    EXPECT_TRUE(told.agent().messages().empty()) << ended;
    EXPECT_TRUE(told.agent().calls().empty()) << ended;
  }
}

TEST(AgentFold, ARunThatIsInterruptedOrPausedLeavesTheCallsThatWait) {
  for (const char* ended : {"interrupted", "paused"}) {
    ToldFold told = agent();
    identify(identify(told.text("m", "a"), "b"), "c", 1);
    told.tell("tool_execution_started", R"({"tool":{"call_id":"d","name":"find","index":2}})");
    told.tell("tool_execution_interrupted", R"({"call_id":"c"})");
    status(told, ended);
    EXPECT_TRUE(told.agent().messages().empty()) << ended;
    EXPECT_EQ(ids_of_calls(told.agent()), std::vector<std::string>{"c"}) << ended;
  }
}

TEST(AgentFold, InterruptAndErrorGoWithTheirStatus) {
  ToldFold told = agent();
  status(told, "interrupted");
  EXPECT_EQ(told.agent().status(), AgentStatus::interrupted);
  ASSERT_NE(told.agent().interrupt(), nullptr);
  EXPECT_EQ(told.agent().interrupt()->id, "i1");
  EXPECT_EQ(told.agent().interrupt()->data.Ashalt()->message, "look at this");
  status(told, "error");
  EXPECT_EQ(told.agent().interrupt(), nullptr);
  ASSERT_NE(told.agent().error(), nullptr);
  EXPECT_EQ(told.agent().error()->message, "no");
  EXPECT_EQ(told.agent().error()->detail, "d");
  status(told, "running");
  EXPECT_EQ(told.agent().error(), nullptr);
}

TEST(AgentFold, TodosAndTitleAreReplaced) {
  ToldFold told = agent();
  told.tell("todos_updated",
            R"({"todos":[{"id":1,"content":"a"},{"id":4,"content":"b","status":"completed"}]})");
  ASSERT_EQ(told.agent().todos().size(), 2U);
  EXPECT_EQ(told.agent().todos()[1].content, "b");
  EXPECT_EQ(told.agent().todos()[1].status, events::TodoStatus::completed);
  told.tell("todos_updated", R"({"todos":[{"id":4,"content":"b"}]})");
  EXPECT_EQ(told.agent().todos().size(), 1U);
  told.tell("conversation_title_generated", R"({"title":"one"})");
  told.tell("conversation_title_generated", R"({"title":"two"})");
  EXPECT_EQ(told.agent().title(), "two");
}

TEST(AgentFold, UsageIsASumOverTheModelCalls) {
  ToldFold told = agent();
  told.tell("llm_token_usage", R"({"input":10,"output":1,"extras":[{"key":"cached","value":"7"},
              {"key":"model","value":"best"},{"key":"seconds","value":"1.5"},{"key":"minus","value":"-1"}]})");
  told.tell("llm_token_usage",
            R"({"output":2,"extras":[{"key":"cached","value":"1"},{"key":"a","value":"0"}]})");
  const UsageFold& usage = told.agent().usage();
  EXPECT_EQ(usage.calls(), 2U);
  EXPECT_EQ(usage.input(), 10U);
  EXPECT_EQ(usage.output(), 3U);
  EXPECT_EQ(usage.extras(), (UsageFold::Extras{{"a", 0}, {"cached", 8}}));
  told.tell("llm_token_usage", R"({"input":18446744073709551615})");
  EXPECT_EQ(usage.input(), std::numeric_limits<std::uint64_t>::max()) << "it does not wrap";
}

TEST(AgentFold, AShutdownEndsTheLifeAndWhatIsOpen) {
  ToldFold told = agent();
  identify(told.at(3, 1).text("m", "a"), "c");
  told.tell("message_queued", R"({"message":{"id":"q","role":"user"}})");
  told.tell("agent_shutdown", R"({"reason":"no_viewers","state_saved":true,"last_activity_at":7})");
  ASSERT_NE(told.agent().shutdown(), nullptr);
  EXPECT_EQ(told.agent().shutdown()->reason, events::ShutdownReason::no_viewers);
  EXPECT_TRUE(told.agent().messages().empty());
  EXPECT_TRUE(told.agent().calls().empty());
  EXPECT_EQ(told.agent().queued().size(), 1U) << "it was never said: whoever sent it may want to know";
  told.at(3, 2).text("m", "too late");
  EXPECT_TRUE(told.agent().messages().empty());
  told.at(4, 0).tell("status_changed", R"({"status":"idle"})");
  EXPECT_EQ(told.agent().shutdown(), nullptr);
}

TEST(AgentFold, WhatTellsNothingOfTheStateLeavesItAlone) {
  ToldFold told = agent();
  status(told.text("m", "a"), "running");
  const EventBuffer before = told.fold().snapshot();
  told.tell("custom", R"({"name":"n"})").tell("chain_error", R"({"error":{"message":"no"}})");
  told.tell("display_message_saved", R"({"message":{"id":"i","conversation_id":"c"}})");
  told.tell("presence_diff", R"({"version":3})").tell("agent_state_update", R"({"state":"{}"})");
  EXPECT_TRUE(testing::same_bytes(told.fold().snapshot(), before));
}

TEST(AgentFold, ATokenIsTheSameAsItsEncodedEvent) {
  Fold by_token(StateKind::agent);
  Fold by_event(StateKind::agent);
  for (const auto part : {TokenDelta::Part::text, TokenDelta::Part::thinking, TokenDelta::Part::text}) {
    const TokenDelta delta{.stamp = {1, 2}, .message_id = "m", .part_index = 3, .text = "x", .part = part};
    by_token.apply(delta);
    by_event.apply(pack(delta).event());
  }
  EXPECT_TRUE(testing::same_bytes(by_token.snapshot(), by_event.snapshot()));
  EXPECT_EQ(content(*by_token.agent()), "xx");
}

TEST(AgentFold, AHundredThousandDeltasAreOneMessage) {
  Fold fold(StateKind::agent);
  EventBuilder builder;
  std::string text;
  for (int i = 0; i < 100'000; ++i) {
    const std::string token = std::to_string(i) + " ";
    fold.apply(builder.text_delta({1, 1}, "m", 0, token).event());
    text += token;
  }
  EXPECT_EQ(content(*fold.agent()), text);
  const EventBuffer snapshot = fold.snapshot();
  ASSERT_TRUE(check_event(snapshot.bytes()));
  const auto& message = *snapshot.event().payload_as_snapshot()->agent()->messages()->Get(0);
  EXPECT_EQ(message.parts()->Get(0)->content()->content()->string_view(), text);
  EXPECT_LT(snapshot.bytes().size(), text.size() + 512);
}

}  // namespace
}  // namespace ringside::schema
