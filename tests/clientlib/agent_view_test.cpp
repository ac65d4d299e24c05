// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include <ringside/agent_view.hpp>
#include <ringside/event_json.hpp>

#include "schema/event_builder.hpp"
#include "schema/event_json.hpp"
#include "schema/fold.hpp"

namespace ringside {
namespace {

/// An event of JSON, in a life of its own.
schema::EventBuffer told(const std::string& kind, const std::string& payload, std::uint64_t incarnation = 7) {
  static schema::EventJson json;
  auto line = json.parse_line(R"({"kind":")" + kind + R"(","incarnation":)" + std::to_string(incarnation) +
                              R"(,"run":1,"event":)" + payload + "}");
  if (!line) throw std::invalid_argument(line.error().message);
  return std::move(line->event);
}

schema::EventBuffer token(const std::string& text, std::uint64_t incarnation = 7) {
  return schema::EventBuilder().text_delta({incarnation, 1}, "m", 0, text);
}

std::string text_of(const AgentView& view) {
  return view.messages().empty() ? "" : std::string(view.messages()[0].parts[0].content);
}

schema::EventBuffer state_of_one_token() {
  schema::Fold fold(schema::StateKind::agent);
  fold.apply(token("so far").event());
  return fold.snapshot();
}

TEST(AgentView, KnowsTheStateFromTheFirstEventOfTheTopic) {
  AgentView view;
  EXPECT_FALSE(view.known());
  EXPECT_TRUE(view.apply(token("Hel").event(), 1, 70));
  EXPECT_TRUE(view.apply(token("lo").event(), 2, 71));
  EXPECT_TRUE(view.known());
  EXPECT_TRUE(view.begun());
  EXPECT_EQ(text_of(view), "Hello");
  EXPECT_EQ(view.sequence(), 2U);
  EXPECT_EQ(view.time_ns(), 71);
  EXPECT_EQ(view.incarnation(), 7U);
  EXPECT_EQ(view.run(), 1U);
}

TEST(AgentView, KnowsTheStateFromASnapshotOn) {
  AgentView view;
  EXPECT_TRUE(view.apply(token("missed its beginning").event(), 41));
  EXPECT_FALSE(view.known());
  EXPECT_TRUE(view.messages().empty());
  EXPECT_TRUE(view.apply(state_of_one_token().event(), 41));
  EXPECT_TRUE(view.known());
  EXPECT_TRUE(view.apply(token(" so good").event(), 42));
  EXPECT_EQ(text_of(view), "so far so good");
}

TEST(AgentView, KnowsALifeThatBeginsWhileItFollows) {
  AgentView view;
  view.apply(token("of a life").event(), 41);
  view.apply(told("agent_shutdown", "{}").event(), 42);
  EXPECT_FALSE(view.known());
  view.apply(told("status_changed", R"({"status":"idle"})", 8).event(), 43);
  EXPECT_TRUE(view.known());
  EXPECT_EQ(view.incarnation(), 8U);
  EXPECT_EQ(view.shutdown(), nullptr);
}

TEST(AgentView, TakesEachEventOnce) {
  AgentView view;
  view.apply(state_of_one_token().event(), 41);
  EXPECT_FALSE(view.apply(token("included").event(), 41));
  EXPECT_FALSE(view.apply(token("included").event(), 40));
  EXPECT_EQ(text_of(view), "so far");
}

TEST(AgentView, AHoleMakesTheStateUnknownUntilItIsToldAnew) {
  AgentView view;
  view.apply(state_of_one_token().event(), 41);
  view.apply(token("after a hole").event(), 43);
  EXPECT_FALSE(view.known());
  EXPECT_TRUE(view.messages().empty());
  EXPECT_EQ(view.sequence(), 43U);
  view.apply(state_of_one_token().event(), 43);
  EXPECT_TRUE(view.known());
  view.lost();
  EXPECT_FALSE(view.known());
  view.apply(told("status_changed", R"({"status":"idle"})", 8).event(), 44);
  EXPECT_FALSE(view.known()) << "its life may have begun in the hole";
}

TEST(AgentView, ADaemonThatCountsAnewBeginsAnew) {
  AgentView view;
  view.apply(state_of_one_token().event(), 41);
  EXPECT_TRUE(view.apply(token("fresh", 9).event(), 1));
  EXPECT_TRUE(view.known());
  EXPECT_EQ(text_of(view), "fresh");
  EXPECT_EQ(view.sequence(), 1U);
}

TEST(AgentView, ADaemonThatCountsAnewIsFollowedAlsoWhereItsFirstEventsWereMissed) {
  for (const bool lost : {false, true}) {
    AgentView view;
    view.apply(state_of_one_token().event(), 500);
    if (lost) view.lost();
    EXPECT_TRUE(view.apply(token("in the middle", 9).event(), 3));
    EXPECT_FALSE(view.known()) << "what is known is of a life that is over";
    EXPECT_TRUE(view.messages().empty());
    EXPECT_EQ(view.sequence(), 3U);
    EXPECT_TRUE(view.apply(token("and on", 9).event(), 4));
    EXPECT_FALSE(view.known());
    EXPECT_TRUE(view.apply(state_of_one_token().event(), 4));
    EXPECT_TRUE(view.known());
  }
}

TEST(AgentView, TellsEverythingThatAStateHas) {
  AgentView view;
  std::uint64_t sequence = 0;
  const auto tell = [&](const std::string& kind, const std::string& payload) {
    view.apply(told(kind, payload).event(), ++sequence);
  };
  tell("conversation_title_generated", R"({"title":"Lights"})");
  tell("todos_updated", R"({"todos":[{"id":1,"content":"look","status":"in_progress"}]})");
  tell("message_queued", R"({"message":{"id":"q","role":"user"}})");
  tell("llm_token_usage", R"({"input":5,"output":2,"extras":[{"key":"cached","value":"3"}]})");
  tell("tool_call_identified", R"({"tool":{"call_id":"c","name":"find","arguments":"{"}})");
  tell("llm_deltas", R"({"deltas":[{"message_id":"m","content":{"type":"thinking","content":"hm"}},
      {"message_id":"m","part_index":1,"text":"Yes","tool_calls":[{"call_id":"c","name":"find"}]}]})");
  EXPECT_EQ(view.title(), "Lights");
  ASSERT_EQ(view.todos().size(), 1U);
  EXPECT_EQ(view.todos()[0].content, "look");
  ASSERT_EQ(view.queued().size(), 1U);
  EXPECT_EQ(view.queued()[0].id, "q");
  EXPECT_EQ(view.usage().input, 5U);
  EXPECT_EQ(view.usage().extras.at("cached"), 3U);
  ASSERT_EQ(view.calls().size(), 1U);
  EXPECT_EQ(view.calls()[0].name, "find");
  EXPECT_EQ(view.calls()[0].arguments, "{");
  ASSERT_EQ(view.messages().size(), 1U);
  ASSERT_EQ(view.messages()[0].parts.size(), 2U);
  EXPECT_EQ(view.messages()[0].parts[0].type, events::ContentType::thinking);
  EXPECT_EQ(view.messages()[0].parts[1].content, "Yes");
  EXPECT_EQ(view.messages()[0].tool_calls[0].name, "find");
  tell("status_changed",
       R"({"status":"interrupted","interrupt":{"id":"i","data_type":"halt","data":{"message":"stop"}}})");
  ASSERT_NE(view.interrupt(), nullptr);
  EXPECT_EQ(view.interrupt()->id, "i");
  tell("status_changed", R"({"status":"error","error":{"message":"no"}})");
  ASSERT_NE(view.error(), nullptr);
  EXPECT_EQ(view.status(), events::AgentStatus::error);
  EXPECT_EQ(view.error()->message, "no");
  tell("agent_shutdown", R"({"reason":"inactivity"})");
  ASSERT_NE(view.shutdown(), nullptr);
  EXPECT_EQ(view.shutdown()->reason, events::ShutdownReason::inactivity);
}

TEST(AgentView, PrintsAsTheSnapshotThatItIs) {
  AgentView view;
  view.apply(token("Hello").event(), 1, 70);
  std::string line;
  EventJson().print(line, view, "agent_server:a");
  EXPECT_TRUE(line.starts_with(R"({"seq":1,"time_ns":70,"topic":"agent_server:a","kind":"snapshot")"))
      << line;
  const auto read = schema::EventJson().parse_line(line);
  ASSERT_TRUE(read) << read.error().message;
  AgentView other;
  other.apply(read->event.event(), *read->seq);
  EXPECT_EQ(text_of(other), "Hello");
}

}  // namespace
}  // namespace ringside
