// SPDX-License-Identifier: Apache-2.0
//
// A program with agentd, an agent and middleware in itself, seen from outside.
#include <filesystem>
#include <string>
#include <vector>

#include <signal.h>
#include <stdlib.h>

#include <gtest/gtest.h>

#include "tests/tools/child_process.hpp"
#include "tests/tools/event_lines.hpp"

namespace ringside::tests {
namespace {

class Embedded : public testing::Test {
 protected:
  Embedded() : host_({RINGSIDE_EXAMPLE_EMBEDDED, (folder_ / "socket").string()}, environment()) {
    EXPECT_EQ(host_.read_line(), "ready");
  }

  ~Embedded() override {
    host_.signal(SIGTERM);
    EXPECT_EQ(host_.finish().exit_code, 0);
    std::filesystem::remove_all(folder_);
  }

  ChildProcess ringside(std::vector<std::string> words) const {
    words.insert(words.begin(), RINGSIDE_COMMAND);
    return {words, environment()};
  }

  /// Reads up to the next event of that kind.
  static EventLine next(ChildProcess& viewer, const std::string& kind) {
    while (const auto line = viewer.read_line()) {
      EventLine read = read_event_line(*line);
      if (read.kind == kind) return read;
    }
    ADD_FAILURE() << "no " << kind;
    return {};
  }

 private:
  static std::filesystem::path make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ringside-XXXXXX").string();
    return ::mkdtemp(name.data()) == nullptr ? std::filesystem::path() : std::filesystem::path(name);
  }

  ChildProcess::Environment environment() const {
    return {{"XDG_RUNTIME_DIR", folder_.string()},
            {"RINGSIDE_SOCKET", (folder_ / "socket").string()},
            {"RUNTIME_DIRECTORY", ""}};
  }

  const std::filesystem::path folder_ = make_folder();
  ChildProcess host_;
};

TEST_F(Embedded, MiddlewareNamesTheConversationAndShortensItsHistory) {
  ChildProcess viewer = ringside({"tail", "echo", "--from", "oldest", "--json"});
  ChildProcess debugger = ringside({"tail", "agent_server:debug:echo", "--json"});
  while (ringside({"stat", "agent_server:debug:echo"}).finish().exit_code != 0) {  // it does not read yet
  }
  const auto say = [&](const std::string& text) {
    EXPECT_EQ(ringside({"send", "echo", text}).finish().exit_code, 0);
    std::string answer;
    do {
      const EventLine message = next(viewer, "llm_message");
      answer = string_at(message, "/message/role") == "assistant"
                   ? string_at(message, "/message/content/0/content").value_or("?")
                   : "";
    } while (answer.empty());
    return answer;
  };
  EXPECT_EQ(say("Hello there"), "Hello there (1 messages)");
  EXPECT_EQ(string_at(next(viewer, "conversation_title_generated"), "/title"), "Hello");
  while (string_at(next(viewer, "status_changed"), "/status") != "idle") {
  }
  EXPECT_EQ(say("and"), "and (3 messages)");
  while (string_at(next(viewer, "status_changed"), "/status") != "idle") {
  }
  EXPECT_EQ(say("so on"), "so on (3 messages)") << "a summary and the last two of five";
  std::vector<std::string> actions;
  EventLine last;
  while (actions.size() < 4) {
    last = next(debugger, "middleware_action");
    actions.push_back(string_at(last, "/middleware").value_or("?") + " " +
                      string_at(last, "/action").value_or("?"));
  }
  EXPECT_EQ(actions, (std::vector<std::string>{
                         "TitleMaker title_generation_started", "TitleMaker title_generation_completed",
                         "Summarizer summarization_started", "Summarizer summarization_completed"}));
  EXPECT_EQ(string_at(last, "/data"), R"({"messages":3})");
  viewer.signal(SIGTERM);
  debugger.signal(SIGTERM);
}

}  // namespace
}  // namespace ringside::tests
