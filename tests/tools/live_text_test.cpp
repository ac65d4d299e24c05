// SPDX-License-Identifier: Apache-2.0
#include "tools/live_text.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/tools/live_stage.hpp"
#include "tools/event_summary.hpp"

namespace ringside::tools {
namespace {

events::LlmDeltasT delta(const std::string& message_id) {
  events::LlmDeltasT deltas;
  deltas.deltas.push_back(std::make_unique<events::MessageDeltaT>());
  deltas.deltas.back()->message_id = message_id;
  return deltas;
}

events::LlmDeltasT text_delta(const std::string& message_id, const std::string& text) {
  auto deltas = delta(message_id);
  deltas.deltas.back()->text = text;
  return deltas;
}

events::LlmDeltasT thinking_delta(const std::string& message_id, const std::string& text) {
  auto deltas = delta(message_id);
  deltas.deltas.back()->content = std::make_unique<events::ContentPartT>();
  deltas.deltas.back()->content->type = events::ContentType::thinking;
  deltas.deltas.back()->content->content = text;
  return deltas;
}

events::LlmDeltasT call_delta(const std::string& message_id, const std::string& name,
                              const std::string& arguments) {
  auto deltas = delta(message_id);
  auto call = std::make_unique<events::ToolCallT>();
  call->name = name;
  call->arguments = arguments;
  deltas.deltas.back()->tool_calls.push_back(std::move(call));
  return deltas;
}

events::LlmMessageT message(const std::string& id, events::Role role, const std::string& text) {
  events::LlmMessageT whole;
  whole.message = std::make_unique<events::MessageT>();
  whole.message->id = id;
  whole.message->role = role;
  whole.message->content.push_back(std::make_unique<events::ContentPartT>());
  whole.message->content.back()->content = text;
  return whole;
}

TEST(LiveText, GrowsInPlaceAndEndsWithTheMessage) {
  LiveStage stage;
  stage.show(text_delta("m", "Light")).show(text_delta("m", "houses"));
  EXPECT_EQ(stage.text(), "Lighthouses");
  stage.show(message("m", events::Role::assistant, "Lighthouses"));
  EXPECT_EQ(stage.text(), "Lighthouses\n") << "what was seen growing is not shown again";
}

TEST(LiveText, ShowsTheWholeMessageToWhomJoinedMidway) {
  LiveStage stage;
  stage.show(text_delta("m", "houses")).show(message("m", events::Role::assistant, "Lighthouses"));
  EXPECT_EQ(stage.text(), "houses\n-- the whole message, of which a part was missed:\nLighthouses\n");
}

TEST(LiveText, KeepsThinkingApartFromText) {
  LiveStage stage;
  stage.show(thinking_delta("m", "We ")).show(thinking_delta("m", "need")).show(text_delta("m", "Yes."));
  EXPECT_EQ(stage.text(), "(thinking) We need\nYes.");
}

TEST(LiveText, DimsThinkingWhereThereAreColours) {
  LiveStage stage(true);
  stage.show(thinking_delta("m", "We"));
  EXPECT_EQ(stage.text(), "\x1b[2mWe\x1b[0m");
}

TEST(LiveText, ShowsAToolCallOnceHoweverOftenItIsNamed) {
  LiveStage stage;
  events::ToolCallIdentifiedT identified;
  identified.tool = std::make_unique<events::ToolCallT>();
  identified.tool->name = "weather";
  stage.show(call_delta("m", "weather", "")).show(identified).show(call_delta("m", "", "{\"city\""));
  EXPECT_EQ(stage.text(), "-> weather {\"city\"");
}

TEST(LiveText, TellsUserMessagesFromTheAgents) {
  LiveStage stage;
  stage.show(message("u", events::Role::user, "Why?"));
  EXPECT_EQ(stage.text(), "> Why?\n");
}

TEST(LiveText, TellsAGapOnALineOfItsOwn) {
  LiveStage stage;
  stage.show(text_delta("m", "Light")).gap(7, 3);
  EXPECT_EQ(stage.text(), "Light\n-- missed 3 events, from number 7\n");
}

TEST(LiveText, NeverSendsTheModelsEscapesToTheTerminal) {
  LiveStage stage(true);
  stage.show(text_delta("m", "\x1b]0;owned\a")).show(call_delta("m", "na\x1bme", "\x1b[2J"));
  EXPECT_EQ(stage.text().find("\x1b]"), std::string::npos);
  EXPECT_EQ(stage.text().find('\a'), std::string::npos);
  EXPECT_EQ(stage.text().find("\x1b[2J"), std::string::npos);
  EXPECT_NE(stage.text().find("\\x1b]0;owned\\x07"), std::string::npos);
}

TEST(LiveText, SaysWhyItEnded) {
  LiveStage stage;
  events::AgentShutdownT end;
  end.reason = events::ShutdownReason::no_viewers;
  stage.show(end);
  EXPECT_EQ(stage.text(), "-- agent_shutdown no_viewers last status idle\n");
}

TEST(LiveText, MessagesThatGrowAtOnceAreNotRepeated) {
  LiveStage stage;
  stage.show(text_delta("a", "one ")).show(text_delta("b", "eins ")).show(text_delta("a", "two"));
  stage.show(message("a", events::Role::assistant, "one two"))
      .show(message("b", events::Role::assistant, "eins "));
  EXPECT_EQ(stage.text(), "one \neins \ntwo\n");
}

TEST(LiveText, ShowsTheCallsOfAMessageWhoseTextAloneWasStreamed) {
  LiveStage stage;
  stage.tell("llm_deltas", R"({"deltas":[{"message_id":"m","text":"Let me look."}]})");
  stage.tell("llm_message", R"({"message":{"id":"m","content":[{"content":"Let me look."}],
      "tool_calls":[{"call_id":"c","name":"weather","arguments":"{}"}]}})");
  EXPECT_EQ(stage.text(), "Let me look.\n-> weather {}\n");
}

TEST(LiveText, BeginsWithAllThatThereIsSoFarAndGoesOnInTheMiddleOfAMessage) {
  LiveStage stage;
  stage.tell("snapshot", R"({"agent":{"status":"running","title":"Lights",
      "todos":[{"id":1,"content":"look","status":"completed"},{"id":2,"content":"tell","status":"in_progress"}],
      "messages":[{"id":"m","parts":[{"index":0,"content":{"type":"thinking","content":"hm"}},
                                     {"index":1,"content":{"content":"Light"}}]}],
      "calls":[{"tool":{"call_id":"c","name":"find","arguments":"{}"},"phase":"executing"}],
      "usage":{"calls":2,"input":5,"output":3},
      "queued":[{"id":"q","role":"user","content":[{"content":"And then?"}]}]}})");
  stage.tell("llm_deltas", R"({"deltas":[{"message_id":"m","part_index":1,"text":"house"}]})");
  stage.tell(
      "llm_message",
      R"({"message":{"id":"m","content":[{"type":"thinking","content":"hm"},{"content":"Lighthouse"}]}})");
  stage.tell("tool_execution_failed", R"({"call_id":"c","error":{"message":"no map"}})");
  EXPECT_EQ(stage.text(),
            "-- so far: running\n"
            "-- title: Lights\n"
            "-- usage: 2 model calls, input 5, output 3\n"
            "-- todos\n"
            "   [x] look\n"
            "   [~] tell\n"
            "-- queued: And then?\n"
            "-- executing: find {}\n"
            "(thinking) hm\n"
            "Lighthouse\n"
            "<- find failed: no map\n");
}

TEST(LiveText, AfterAGapTellsHowManyWereMissedAndThenTheStateAnew) {
  LiveStage stage;
  stage.show(text_delta("m", "Light")).gap(7, 1);
  stage.tell(
      "snapshot",
      R"({"agent":{"status":"running","messages":[{"id":"m","parts":[{"content":{"content":"Lighthou"}}]}]}})");
  stage.show(text_delta("m", "se")).show(message("m", events::Role::assistant, "Lighthouse"));
  EXPECT_EQ(stage.text(), "Light\n-- missed 1 event, from number 7\n-- so far: running\nLighthouse\n");
}

TEST(LiveText, SaysOfAStateHowItsLifeEnded) {
  LiveStage stage;
  stage.tell("snapshot", R"({"agent":{"status":"idle","shutdown":{"reason":"no_viewers"}}})");
  EXPECT_EQ(stage.text(), "-- so far: ended, no_viewers\n");
}

TEST(LiveText, TellsWhoComesWithAFirstWindowAndWhoLeavesWithTheLast) {
  LiveStage stage;
  stage.tell("snapshot", R"({"presence":{"version":3,"entries":[{"key":"ada","metas":[{"ref":1}]}]}})");
  stage.tell("presence_diff", R"({"version":4,"joins":[{"key":"eve","metas":[{"ref":2}]}]})");
  stage.tell("presence_diff", R"({"version":5,"joins":[{"key":"eve","metas":[{"ref":3}]}]})");
  stage.tell("presence_diff", R"({"version":6,"leaves":[{"key":"eve","metas":[{"ref":2}]}]})");
  stage.tell(
      "presence_diff",
      R"({"version":7,"leaves":[{"key":"eve","metas":[{"ref":3}]},{"key":"ada","metas":[{"ref":1}]}]})");
  EXPECT_EQ(stage.text(),
            "-- so far: 1 viewer\n"
            "   ada\n"
            "-- eve came: 2 viewers\n"
            "-- eve left: no viewers\n"
            "-- ada left: no viewers\n");
}

TEST(LiveText, WhoWatchesIsToldBesideAMessageThatGoesOn) {
  LiveStage stage;
  stage.show(text_delta("m", "Light"));
  stage.tell("snapshot", R"({"presence":{"version":3}})");
  stage.show(text_delta("m", "house")).show(message("m", events::Role::assistant, "Lighthouse"));
  EXPECT_EQ(stage.text(), "Light\n-- so far: no viewers\nhouse\n");
}

TEST(LiveText, OfATopicOfNoAgentTellsEachChange) {
  LiveStage stage(false, "");
  stage.tell("snapshot", R"({"presence":{"version":3,"entries":[{"key":"ada","metas":[{"ref":1}]}]}})");
  stage.tell("presence_diff", R"({"version":4,"joins":[{"key":"ada","metas":[{"ref":2,"previous_ref":1}]}],
      "leaves":[{"key":"ada","metas":[{"ref":1}]}]})");
  EXPECT_EQ(stage.text(), "-- so far: 1 present\n   ada\n-- presence_diff ~ada (1)\n");
}

TEST(EventSummary, SaysEveryKindOnOneLine) {
  const auto bytes = packed(text_delta("m", "a\n\"b\""));
  std::string line;
  append_summary(line, *flatbuffers::GetRoot<events::Event>(bytes.data()));
  EXPECT_EQ(line, R"(text "a\n\"b\"")");
  EXPECT_EQ(name_of(events::Payload::llm_deltas), "llm_deltas");
  EXPECT_EQ(name_of(static_cast<events::Payload>(250)), "unknown");
}

}  // namespace
}  // namespace ringside::tools
