// SPDX-License-Identifier: Apache-2.0
#include "tools/live_calls.hpp"

#include <gtest/gtest.h>

#include "tests/tools/live_stage.hpp"

namespace ringside::tools {
namespace {

TEST(LiveCalls, ShowsTheArgumentsOnceAndTheResultOnce) {
  LiveStage stage;
  stage.tell(
      "llm_deltas",
      R"({"deltas":[{"message_id":"m","tool_calls":[{"call_id":"c","name":"weather","arguments":"{\"city\":"}]}]})");
  stage.tell("llm_deltas", R"({"deltas":[{"message_id":"m","tool_calls":[{"arguments":"\"Oslo\"}"}]}]})");
  stage.tell("llm_message",
             R"({"message":{"id":"m","tool_calls":[{"call_id":"c","name":"weather","arguments":"{}"}]}})");
  stage.tell("tool_execution_started",
             R"({"tool":{"call_id":"c","name":"weather","arguments":"{\"city\":\"Oslo\"}"}})");
  stage.tell("tool_execution_completed",
             R"({"call_id":"c","result":{"call_id":"c","content":[{"content":"rain"}]}})");
  stage.tell(
      "llm_message",
      R"({"message":{"id":"t","role":"tool","tool_results":[{"call_id":"c","content":[{"content":"rain"}]}]}})");
  EXPECT_EQ(stage.text(),
            "-> weather {\"city\":\"Oslo\"}\n"
            "-- weather runs\n"
            "<- weather rain\n");
}

TEST(LiveCalls, ShowsTheArgumentsOfACallThatWasNotStreamed) {
  LiveStage stage;
  stage.tell("tool_execution_started",
             R"({"tool":{"call_id":"c","name":"find","arguments":"{}","display_text":"Looking for it"}})");
  EXPECT_EQ(stage.text(), "-> find {}\n-- find runs: Looking for it\n");
}

TEST(LiveCalls, ShowsNoArgumentsWhereThereAreNone) {
  LiveStage stage;
  stage.tell("tool_call_identified", R"({"tool":{"call_id":"c","name":"delete"}})");
  stage.tell("tool_execution_interrupted", R"({"call_id":"c"})");
  stage.tell("tool_execution_started", R"({"tool":{"call_id":"c","name":"delete"}})");
  EXPECT_EQ(stage.text(), "-> delete \n<- delete waits for an answer\n-- delete runs\n");
}

TEST(LiveCalls, TellsCallsOfTheSameIndexApart) {
  LiveStage stage;
  for (const char* id : {"a", "b"})
    stage.tell("tool_call_identified", R"({"tool":{"call_id":")" + std::string(id) + R"(","name":"find"}})");
  EXPECT_EQ(stage.text(), "-> find \n-> find ");
}

TEST(LiveCalls, TellsByNameHowACallEnded) {
  LiveStage stage;
  const auto end = [&](const char* id, const char* kind, const std::string& payload) {
    const std::string call = R"("call_id":")" + std::string(id) + '"';
    stage.tell("tool_execution_started", R"({"tool":{)" + call + R"(,"name":"tool-)" + id + R"("}})");
    stage.tell(kind, '{' + call + payload + '}');
  };
  end("a", "tool_execution_failed", R"(,"error":{"message":"no map"})");
  end("b", "tool_execution_interrupted", "");
  end("c", "tool_execution_cancelled", "");
  stage.tell("tool_execution_cancelled", R"({"call_id":"d"})");
  EXPECT_EQ(stage.text(),
            "-> tool-a \n-- tool-a runs\n<- tool-a failed: no map\n"
            "-> tool-b \n-- tool-b runs\n<- tool-b waits for an answer\n"
            "-> tool-c \n-- tool-c runs\n<- tool-c cancelled\n"
            "<- d cancelled\n");
}

TEST(LiveCalls, ShowsTheSizeOfAResultThatIsNoText) {
  LiveStage stage;
  stage.tell("tool_execution_completed",
             R"({"call_id":"c","result":{"call_id":"c","name":"draw","is_error":true,
      "content":[{"type":"image","content":"QUJD"},{"type":"image_url","content":"https://e.org/a.png"}]}})");
  EXPECT_EQ(stage.text(), "<- draw (image, 4 bytes) (image_url https://e.org/a.png)\n");
}

}  // namespace
}  // namespace ringside::tools
