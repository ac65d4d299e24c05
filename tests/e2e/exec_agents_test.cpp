// SPDX-License-Identifier: Apache-2.0
//
// An agent that is a program, from the command line to what a viewer reads.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/tools/command_test.hpp"

namespace ringside::tests {
namespace {

class ExecAgents : public CommandTest {
 protected:
  void start(const std::string& interpreter, const std::string& example) const {
    done({"start", "ada", "--runner", "exec", "--idle", "--", interpreter,
          std::string(RINGSIDE_SOURCE_DIR) + "/examples/exec/" + example});
  }

  /// A viewer from the beginning to the end.
  ChildProcess watch() const {
    return sandbox_.spawn({"tail", "ada", "--from", "oldest", "--json", "--until", "agent_shutdown"});
  }

  /// Reads up to the next change to that status, and returns what came before.
  static std::vector<EventLine> read_until_status(ChildProcess& viewer, const std::string& status) {
    std::vector<EventLine> seen;
    while (const auto line = viewer.read_line()) {
      seen.push_back(read_event_line(*line));
      if (seen.back().kind == "status_changed" && string_at(seen.back(), "/status") == status) return seen;
    }
    ADD_FAILURE() << "it ended before it became " << status;
    return seen;
  }

  void answer(const EventLine& interrupted, const std::string& json) const {
    const auto id = string_at(interrupted, "/interrupt/id").value_or("none");
    done({"resume", "ada", "--interrupt", id, "--answer", json});
  }

  static auto count(const std::vector<EventLine>& seen, const std::string& kind) {
    return std::ranges::count(seen, kind, &EventLine::kind);
  }
};

TEST_F(ExecAgents, AMessageSupersedesTheInterruptOfAPythonAgentAndACancelEndsItsRun) {
  start("python3", "agent.py");
  ChildProcess viewer = watch();
  done({"send", "ada", "tidy up"});
  const auto asked = read_until_status(viewer, "interrupted");
  EXPECT_EQ(string_at(asked.back(), "/interrupt/data/requests/0/tool_name"), "delete");
  for (const char* kind : {"conversation_title_generated", "todos_updated", "llm_deltas", "llm_message",
                           "tool_call_identified", "tool_execution_interrupted"})
    EXPECT_GT(count(asked, kind), 0) << kind;

  done({"send", "ada", "something else"});
  EXPECT_EQ(count(read_until_status(viewer, "interrupted"), "tool_execution_cancelled"), 1);

  std::string long_story = "tell me";
  for (int word = 0; word < 2000; ++word)
    long_story += " more";
  done({"send", "ada", long_story});
  read_until_status(viewer, "running");
  done({"cancel", "ada"});
  read_until_status(viewer, "cancelled");
  done({"stop", "ada"});
  EXPECT_EQ(viewer.finish().exit_code, 0);
}

TEST_F(ExecAgents, APythonAgentGoesOnWithTheDecision) {
  start("python3", "agent.py");
  ChildProcess viewer = watch();
  done({"send", "ada", "tidy up"});
  answer(read_until_status(viewer, "interrupted").back(),
         R"({"approval":{"decisions":[{"decision":"approve"}]}})");
  const auto went_on = read_until_status(viewer, "idle");
  EXPECT_EQ(count(went_on, "tool_execution_started"), 1);
  EXPECT_EQ(count(went_on, "tool_execution_completed"), 1);
  done({"stop", "ada"});
  EXPECT_EQ(viewer.finish().exit_code, 0);
}

TEST_F(ExecAgents, AShellAgentAsksAndGreets) {
  start("sh", "agent.sh");
  ChildProcess viewer = watch();
  done({"execute", "ada"});
  const auto asked = read_until_status(viewer, "interrupted");
  EXPECT_EQ(string_at(asked.back(), "/interrupt/data/text"), "What is your name?");
  answer(asked.back(), R"({"question":{"text":"Ada \"A.\" L."}})");
  const auto greeted = read_until_status(viewer, "idle");
  const auto message = std::ranges::find(greeted, "llm_message", &EventLine::kind);
  ASSERT_NE(message, greeted.end());
  EXPECT_EQ(string_at(*message, "/message/content/0/content"), "Hello, Ada \"A.\" L..");
  done({"stop", "ada"});
  EXPECT_EQ(viewer.finish().exit_code, 0);
}

}  // namespace
}  // namespace ringside::tests
