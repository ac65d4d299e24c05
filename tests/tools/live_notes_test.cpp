// SPDX-License-Identifier: Apache-2.0
#include "tools/live_notes.hpp"

#include <gtest/gtest.h>

#include "tests/tools/live_stage.hpp"

namespace ringside::tools {
namespace {

TEST(LiveNotes, SayWhatAnAgentAsksAndHowToAnswer) {
  LiveStage stage;
  stage.tell("status_changed",
             R"({"status":"interrupted","interrupt":{"id":"which","data_type":"question","data":
      {"type":"single_select","text":"Which?","options":[{"value":"a","label":"the first"},{"value":"b"}]}}})");
  EXPECT_EQ(stage.text(),
            "-- interrupted\n"
            "   which question\n"
            "   \"Which?\"\n"
            "   - a \"the first\"\n"
            "   - b\n"
            "   ringside resume ada --interrupt which --answer '{\"question\":{\"selected\":[\"a\"]}}'\n");
}

TEST(LiveNotes, SayOfAStateWhatItWaitsFor) {
  LiveStage stage;
  stage.tell("snapshot",
             R"({"agent":{"status":"interrupted","interrupt":{"id":"enough","data_type":"halt","data":
      {"message":"Enough."}}}})");
  EXPECT_EQ(stage.text(),
            "-- so far: interrupted\n"
            "   enough halt\n"
            "   \"Enough.\"\n"
            "   ringside dismiss ada --interrupt enough\n");
}

TEST(LiveNotes, SayWhatWentWrong) {
  LiveStage stage;
  stage.tell("status_changed",
             R"({"status":"error","error":{"message":"no model","detail":"line 7\nline 8"}})");
  EXPECT_EQ(stage.text(), "-- error: no model\n   line 7\\nline 8\n");
}

TEST(LiveNotes, ShowTodosAsACheckList) {
  LiveStage stage;
  stage.tell("todos_updated", R"({"todos":[],"reason":"restored"})");
  EXPECT_EQ(stage.text(), "") << "every life begins with none";
  stage.tell("todos_updated",
             R"({"todos":[{"id":1,"content":"look","status":"completed"},{"id":2,"content":"tell"},
      {"id":3,"content":"go","status":"in_progress"},{"id":4,"content":"no","status":"cancelled"}]})");
  stage.tell("todos_updated", R"({"todos":[],"reason":"cleared"})");
  EXPECT_EQ(stage.text(),
            "-- todos\n"
            "   [x] look\n"
            "   [ ] tell\n"
            "   [~] go\n"
            "   [-] no\n"
            "-- todos: none\n");
}

TEST(LiveNotes, SayTitleUsageAndWhatWaits) {
  LiveStage stage;
  stage.tell("conversation_title_generated", R"({"title":"Lights"})");
  stage.tell("llm_token_usage", R"({"input":5,"output":2,"extras":[{"key":"cached","value":"3"}]})");
  stage.tell("message_queued", R"({"message":{"id":"q","role":"user","content":[{"content":"And then?"}]}})");
  EXPECT_EQ(stage.text(), "-- title: Lights\n-- usage: input 5, output 2, cached 3\n-- queued: And then?\n");
}

TEST(LiveNotes, SendNoControlCharacterToTheTerminal) {
  LiveStage stage;
  stage.tell("conversation_title_generated", R"({"title":"\u001b]0;x\u0007\nnext"})");
  stage.tell("todos_updated", R"({"todos":[{"id":1,"content":"\u001b[2J"}]})");
  stage.tell("status_changed",
             R"({"status":"interrupted","interrupt":{"id":"\u001b[3J","data_type":"halt","data":
      {"message":"\u202e"}}})");
  stage.tell("presence_diff", R"({"version":4,"joins":[{"key":"\u001b[1m","metas":[{"ref":2}]}]})");
  EXPECT_EQ(stage.text().find_first_of("\x1b\a\r"), std::string::npos) << stage.text();
  EXPECT_EQ(stage.text().find("\u202e"), std::string::npos);
  EXPECT_EQ(stage.text().find("\nnext"), std::string::npos);
}

}  // namespace
}  // namespace ringside::tools
