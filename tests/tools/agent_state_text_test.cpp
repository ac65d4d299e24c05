// SPDX-License-Identifier: Apache-2.0
#include "tools/agent_state_text.hpp"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <ringside/event_json.hpp>

namespace ringside::tools {
namespace {

class AgentStateText : public testing::Test {
 protected:
  void tell(const std::string& kind, const std::string& payload) {
    const auto event =
        json_.parse(R"({"kind":")" + kind + R"(","incarnation":7,"run":2,"event":)" + payload + "}");
    if (!event) throw std::invalid_argument(event.error().message);
    view_.apply(*events::GetEvent(event->data()), ++sequence_);
  }

  [[nodiscard]] std::string shown() const {
    std::string out;
    append_agent_state(out, "ada", view_);
    return out;
  }

  EventJson json_;
  AgentView view_;
  std::uint64_t sequence_ = 0;
};

TEST_F(AgentStateText, SaysNothingOfWhatThereIsNot) {
  tell("status_changed", R"({"status":"idle"})");
  EXPECT_EQ(shown(),
            "agent      ada\n"
            "status     idle\n"
            "life       7, run 2, event 1\n");
}

TEST_F(AgentStateText, ShowsWhatIsBeingWorkedOn) {
  tell("status_changed", R"({"status":"running"})");
  tell("conversation_title_generated", R"({"title":"Lights"})");
  tell("llm_token_usage", R"({"input":5,"output":2,"extras":[{"key":"cached","value":"3"}]})");
  tell("todos_updated", R"({"todos":[{"id":1,"content":"look","status":"completed"},{"id":2,"content":"tell"},
      {"id":3,"content":"go","status":"in_progress"},{"id":4,"content":"no","status":"cancelled"}]})");
  tell("message_queued", R"({"message":{"id":"q","role":"user","content":[{"content":"And then?"}]}})");
  tell("tool_execution_started", R"({"tool":{"call_id":"c","name":"find","arguments":"{}"}})");
  tell("llm_deltas", R"({"deltas":[{"message_id":"m","content":{"type":"thinking","content":"hm"}},
      {"message_id":"m","part_index":1,"text":"one\ntwo","tool_calls":[{"name":"look","arguments":"{\"a"}]}]})");
  EXPECT_EQ(shown(),
            "agent      ada\n"
            "title      Lights\n"
            "status     running\n"
            "life       7, run 2, event 7\n"
            "usage      1 model call, input 5, output 2\n"
            "           cached 3\n"
            "todos      [x] look\n"
            "           [ ] tell\n"
            "           [>] go\n"
            "           [-] no\n"
            "queued     q \"And then?\"\n"
            "calls      executing c find \"{}\"\n"
            "message    m assistant\n"
            "thinking   hm\n"
            "text       one\n"
            "           two\n"
            "tools      look \"{\\\"a\"\n");
}

TEST_F(AgentStateText, ShowsWhatAnAgentWaitsWithAndHowItEnded) {
  tell("status_changed", R"({"status":"interrupted","interrupt":{"id":"i","data_type":"question","data":
      {"type":"single_select","text":"Which?","options":[{"value":"a","label":"the first"}]}}})");
  EXPECT_NE(shown().find("interrupt  i question\n"
                         "           \"Which?\"\n"
                         "           - a \"the first\"\n"),
            std::string::npos)
      << shown();
  tell("status_changed", R"({"status":"error","error":{"type":"t","message":"no"}})");
  tell("agent_shutdown", R"({"reason":"crash","detail":"signal 9"})");
  EXPECT_NE(shown().find("ended      crash \"signal 9\"\n"
                         "error      t\n"
                         "           \"no\"\n"),
            std::string::npos)
      << shown();
}

TEST_F(AgentStateText, SendsNoControlCharacterToTheTerminal) {
  tell("llm_deltas", R"({"deltas":[{"message_id":"m","text":"\u001b[2J"}]})");
  tell("conversation_title_generated", R"({"title":"\u001b]0;x\u0007\nnext"})");
  EXPECT_EQ(shown().find('\x1b'), std::string::npos);
  EXPECT_EQ(shown().find('\x07'), std::string::npos);
  EXPECT_EQ(shown().find("\nnext"), std::string::npos);
}

}  // namespace
}  // namespace ringside::tools
