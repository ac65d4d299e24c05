// SPDX-License-Identifier: Apache-2.0
//
// What the specification rules out, each rule with an example that breaks it and one that just keeps it.
#include "schema/event_rules.hpp"

#include <gtest/gtest.h>

#include "schema/event_json.hpp"

namespace ringside::schema {
namespace {

constexpr const char* fine = "";

/// What is said of this payload; nothing if it may be published.
std::string verdict(const std::string& kind, const std::string& payload) {
  static EventJson json;
  const auto line = json.parse_line(R"({"kind":")" + kind + R"(","event":)" + payload + "}");
  return line ? fine : line.error().message;
}

std::string interrupted(const std::string& interrupt) {
  return verdict("status_changed", R"({"status":"interrupted","interrupt":)" + interrupt + "}");
}

TEST(EventRules, AnErrorComesWithStatusErrorAndOnlyThen) {
  EXPECT_EQ(verdict("status_changed", R"({"status":"error","error":{"message":"no"}})"), fine);
  EXPECT_EQ(verdict("status_changed", R"({"status":"error"})"),
            "status_changed.error must be there with status error, and only then");
  EXPECT_EQ(verdict("status_changed", R"({"status":"idle","error":{"message":"no"}})"),
            "status_changed.error must be there with status error, and only then");
}

TEST(EventRules, AnInterruptComesWithStatusInterruptedAndOnlyThen) {
  const std::string halt = R"({"id":"i1","data_type":"halt","data":{"message":"stop"}})";
  EXPECT_EQ(interrupted(halt), fine);
  EXPECT_EQ(verdict("status_changed", R"({"status":"interrupted"})"),
            "status_changed.interrupt must be there with status interrupted, and only then");
  EXPECT_EQ(verdict("status_changed", R"({"status":"idle","interrupt":)" + halt + "}"),
            "status_changed.interrupt must be there with status interrupted, and only then");
}

TEST(EventRules, AnInterruptCanBeAnswered) {
  EXPECT_EQ(interrupted(R"({"id":"","data_type":"halt","data":{"message":"stop"}})"),
            "status_changed.interrupt.id must not be empty");
  EXPECT_EQ(interrupted(R"({"id":"i","data_type":"approval","data":{"requests":[]}})"),
            "status_changed.interrupt.data.requests must not be empty");
  EXPECT_EQ(interrupted(R"({"id":"i","data_type":"approval","data":{"requests":[
              {"tool_call_id":"c","tool_name":"n","arguments":"{}","allowed":["approve"]},
              {"tool_call_id":"","tool_name":"n"}]}})"),
            "status_changed.interrupt.data.requests[1].tool_call_id must not be empty");
  EXPECT_EQ(
      interrupted(R"({"id":"i","data_type":"question","data":{"type":"single_select","text":"which?"}})"),
      "status_changed.interrupt.data.options must not be empty where one is selected");
  EXPECT_EQ(interrupted(R"({"id":"i","data_type":"question","data":{"text":"why?"}})"), fine);
}

TEST(EventRules, AnInterruptInsideAnotherFollowsTheSameRules) {
  EXPECT_EQ(interrupted(R"({"id":"i","data_type":"several","data":{"interrupts":[
              {"id":"j","data_type":"subagent","data":{"subagent_id":"s","interrupt":
                {"id":"","data_type":"halt","data":{"message":"m"}}}}]}})"),
            "status_changed.interrupt.data.interrupts[0].data.interrupt.id must not be empty");
  EXPECT_EQ(interrupted(R"({"id":"i","data_type":"several","data":{"interrupts":[]}})"),
            "status_changed.interrupt.data.interrupts must not be empty");
}

TEST(EventRules, DeltasNameTheirMessage) {
  EXPECT_EQ(verdict("llm_deltas", R"({"deltas":[]})"), "llm_deltas.deltas must not be empty");
  EXPECT_EQ(verdict("llm_deltas", R"({"deltas":[{"message_id":"m"},{"message_id":""}]})"),
            "llm_deltas.deltas[1].message_id must not be empty");
}

TEST(EventRules, ADeltaIsTextOrContent) {
  EXPECT_EQ(
      verdict("llm_deltas",
              R"({"deltas":[{"message_id":"m","text":"a","content":{"type":"thinking","content":"b"}}]})"),
      "llm_deltas.deltas[0].text and content exclude each other");
}

TEST(EventRules, CompleteArgumentsAreAJsonObject) {
  const auto identified = [](const std::string& status, const std::string& arguments) {
    return verdict("tool_call_identified", R"({"tool":{"name":"n","status":")" + status +
                                               R"(","arguments":")" + arguments + R"("}})");
  };
  EXPECT_EQ(identified("complete", R"({\"city\":\"Graz\",\"n\":123456789012345678901234567890})"), fine);
  EXPECT_EQ(identified("complete", ""), fine);
  EXPECT_EQ(identified("incomplete", R"({\"ci)"), fine);
  EXPECT_EQ(identified("complete", R"({\"ci)"),
            "tool_call_identified.tool.arguments must be a JSON object: a string is not closed");
  EXPECT_EQ(identified("complete", "[]"),
            "tool_call_identified.tool.arguments must be a JSON object: not a JSON object");
  EXPECT_EQ(identified("complete", "{} {}"),
            "tool_call_identified.tool.arguments must be a JSON object: something follows the object");
}

TEST(EventRules, AnIdentifiedToolHasAName) {
  EXPECT_EQ(verdict("tool_call_identified", R"({"tool":{"index":1}})"),
            "tool_call_identified.tool.name must not be empty");
  EXPECT_EQ(verdict("tool_execution_started", R"({"tool":{"name":""}})"),
            "tool_execution_started.tool.name must not be empty");
}

TEST(EventRules, AMessageIsFoundByItsId) {
  EXPECT_EQ(verdict("llm_message", R"({"message":{"id":""}})"), "llm_message.message.id must not be empty");
  EXPECT_EQ(verdict("messages_appended", R"({"messages":[{"id":"a"},{"id":""}]})"),
            "messages_appended.messages[1].id must not be empty");
  EXPECT_EQ(verdict("llm_message", R"({"message":{"id":"m","tool_results":[{"call_id":""}]}})"),
            "llm_message.message.tool_results[0].call_id must not be empty");
}

TEST(EventRules, TodosAreSortedByUniqueIdsAboveZero) {
  EXPECT_EQ(verdict("todos_updated", R"({"todos":[]})"), fine);
  EXPECT_EQ(verdict("todos_updated", R"({"todos":[{"id":1,"content":"a"},{"id":7,"content":"b"}]})"), fine);
  EXPECT_EQ(verdict("todos_updated", R"({"todos":[{"id":0,"content":"a"}]})"),
            "todos_updated.todos[0].id must be greater than 0");
  for (const char* second : {"3", "2"}) {
    EXPECT_EQ(
        verdict("todos_updated",
                std::string(R"({"todos":[{"id":3,"content":"a"},{"id":)") + second + R"(,"content":"b"}]})"),
        "todos_updated.todos[1].id must be greater than the one before: todos are sorted, ids are unique");
  }
}

TEST(EventRules, ATodoHasOneToAThousandBytes) {
  const auto todo = [](std::size_t size) {
    return verdict("todos_updated", R"({"todos":[{"id":1,"content":")" + std::string(size, 'a') + R"("}]})");
  };
  EXPECT_EQ(todo(1), fine);
  EXPECT_EQ(todo(1000), fine);
  EXPECT_EQ(todo(0), "todos_updated.todos[0].content has 0 bytes; 1 to 1000 are allowed");
  EXPECT_EQ(todo(1001), "todos_updated.todos[0].content has 1001 bytes; 1 to 1000 are allowed");
}

TEST(EventRules, ToolCallsAreClosedByTheirId) {
  EXPECT_EQ(verdict("tool_execution_completed", R"({"call_id":"a","result":{"call_id":"a"}})"), fine);
  EXPECT_EQ(verdict("tool_execution_completed", R"({"call_id":"a","result":{"call_id":"b"}})"),
            "tool_execution_completed.result.call_id must be the call_id of the event");
  EXPECT_EQ(verdict("tool_execution_completed", R"({"call_id":"","result":{"call_id":""}})"),
            "tool_execution_completed.call_id must not be empty");
  EXPECT_EQ(verdict("tool_execution_failed", R"({"call_id":"","error":{"message":"no"}})"),
            "tool_execution_failed.call_id must not be empty");
  EXPECT_EQ(verdict("tool_execution_interrupted", R"({"call_id":""})"),
            "tool_execution_interrupted.call_id must not be empty");
  EXPECT_EQ(verdict("tool_execution_cancelled", R"({"call_id":""})"),
            "tool_execution_cancelled.call_id must not be empty");
}

TEST(EventRules, ASnapshotKeepsTheRulesOfTheEventsItStandsFor) {
  const auto agent = [](const std::string& state) {
    return verdict("snapshot", R"({"agent":)" + state + "}");
  };
  EXPECT_EQ(verdict("snapshot", "{}"), fine);
  EXPECT_EQ(agent("{}"), fine);
  EXPECT_EQ(agent(R"({"status":"error"})"),
            "snapshot.agent.error must be there with status error, and only then");
  EXPECT_EQ(
      agent(R"({"status":"interrupted","interrupt":{"id":"","data_type":"halt","data":{"message":"m"}}})"),
      "snapshot.agent.interrupt.id must not be empty");
  EXPECT_EQ(agent(R"({"todos":[{"id":0,"content":"a"}]})"),
            "snapshot.agent.todos[0].id must be greater than 0");
  EXPECT_EQ(agent(R"({"messages":[{"id":""}]})"), "snapshot.agent.messages[0].id must not be empty");
  EXPECT_EQ(agent(R"({"messages":[{"id":"m","tool_calls":[{"status":"complete","arguments":"{"}]}]})")
                .substr(0, 57),
            "snapshot.agent.messages[0].tool_calls[0].arguments must b");
  EXPECT_EQ(agent(R"({"calls":[{"tool":{"call_id":"c"}}]})"),
            "snapshot.agent.calls[0].tool.name must not be empty");
  EXPECT_EQ(agent(R"({"queued":[{"id":""}]})"), "snapshot.agent.queued[0].id must not be empty");
  EXPECT_EQ(verdict("snapshot", R"({"presence":{"entries":[{"key":"a","metas":[]}]}})"),
            "snapshot.presence.entries[0].metas must not be empty");
  EXPECT_EQ(verdict("snapshot", R"({"agent":{},"presence":{}})"),
            "snapshot.agent and presence exclude each other");
}

TEST(EventRules, WhatHasANameOrAKeySaysIt) {
  EXPECT_EQ(verdict("custom", R"({"name":""})"), "custom.name must not be empty");
  EXPECT_EQ(verdict("middleware_action", R"({"middleware":"m","action":""})"),
            "middleware_action.action must not be empty");
  EXPECT_EQ(verdict("subagent", R"({"id":""})"), "subagent.id must not be empty");
  EXPECT_EQ(verdict("presence_diff", R"({"joins":[{"key":"","metas":[{}]}]})"),
            "presence_diff.joins[0].key must not be empty");
  EXPECT_EQ(verdict("presence_diff", R"({"leaves":[{"key":"a","metas":[]}]})"),
            "presence_diff.leaves[0].metas must not be empty");
  EXPECT_EQ(verdict("display_message_saved", R"({"message":{"id":"a","conversation_id":""}})"),
            "display_message_saved.message.conversation_id must not be empty");
}

}  // namespace
}  // namespace ringside::schema
