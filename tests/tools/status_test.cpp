// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/command_test.hpp"

namespace ringside::tests {
namespace {

/// Says what is in the file that it is given, in a run that ends when it is cancelled.
constexpr const char* speaking_agent =
    R"(read -r line
       cat "$1"
       while read -r line; do
         case $line in
           *cancel*) echo '{"kind":"status_changed","event":{"status":"cancelled"}}' ;;
           *stop*) exit 0 ;;
         esac
       done)";

class StatusCommand : public CommandTest {
 protected:
  void start_speaking(const std::string& agent, const std::string& lines,
                      const std::string& last_kind) const {
    const std::string words = sandbox_.write_file("words.jsonl", lines);
    done({"start", agent, "--runner", "exec", "--", "/bin/sh", "-c", speaking_agent, "sh", words});
    events(agent, last_kind);
  }
};

constexpr const char* half_a_message =
    R"({"kind":"todos_updated","event":{"todos":[{"id":1,"content":"look","status":"in_progress"}]}}
{"kind":"llm_deltas","event":{"deltas":[{"message_id":"m","text":"So "}]}}
{"kind":"llm_deltas","event":{"deltas":[{"message_id":"m","text":"far"}]}}
{"kind":"conversation_title_generated","event":{"title":"Lights"}}
)";

TEST_F(StatusCommand, ShowsTheStateInTheMiddleOfAMessage) {
  start_speaking("ada", half_a_message, "conversation_title_generated");
  const std::string shown = done({"status", "ada"});
  EXPECT_TRUE(shown.starts_with("agent      ada\ntitle      Lights\nstatus     running\n")) << shown;
  EXPECT_NE(shown.find("todos      [~] look\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("message    m assistant\ntext       So far\n"), std::string::npos) << shown;
  done({"cancel", "ada"});
}

TEST_F(StatusCommand, PrintsTheStateAsASnapshot) {
  start_speaking("ada", half_a_message, "conversation_title_generated");
  const auto seen = events("ada", "conversation_title_generated");
  const auto lines = read_event_lines(done({"status", "ada", "--json"}));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].kind, "snapshot");
  EXPECT_EQ(lines[0].topic, "agent_server:ada");
  EXPECT_EQ(lines[0].seq, seen.back().seq);
  EXPECT_EQ(lines[0].time_ns, seen.back().time_ns);
  EXPECT_EQ(string_at(lines[0], "/agent/title"), "Lights");
  EXPECT_EQ(string_at(lines[0], "/agent/messages/0/parts/0/content/content"), "So far");
  done({"cancel", "ada"});
}

TEST_F(StatusCommand, ShowsHowALifeEnded) {
  start_idle("ada");
  done({"stop", "ada"});
  events("ada", "agent_shutdown");
  const std::string shown = done({"status", "ada"});
  EXPECT_NE(shown.find("status     idle\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("ended      manual\n"), std::string::npos) << shown;
}

TEST_F(StatusCommand, TellsWhoWatchesAndHowLongItLivesOnWhenNobodyDoes) {
  start_idle("ada", {"--presence-topic", "room:7", "--grace", "600000"});
  EXPECT_NE(done({"status", "ada"}).find("viewers    0 on room:7\ngrace      600 s, ends in "),
            std::string::npos);
  ChildProcess watch = sandbox_.spawn({"presence", "--follow", "room:7"});
  ChildProcess viewer = sandbox_.spawn({"tail", "ada", "--track", "eve"});
  ASSERT_TRUE(watch.read_line().has_value()) << "it is there";
  EXPECT_TRUE(done({"status", "ada"}).ends_with("viewers    1 on room:7\ngrace      600 s\n"));
  start_idle("eva", {"--presence-topic", "room:8", "--grace", "9200000000000"});
  EXPECT_NE(done({"status", "eva"}).find(" h\n"), std::string::npos) << "three hundred years are not over";
  start_idle("bob");
  EXPECT_EQ(done({"status", "bob"}).find("viewers"), std::string::npos) << "they are not counted";
}

TEST_F(StatusCommand, NamesAnAgentThatThereIsNot) {
  expect_refused({"status", "nobody"}, ExitCode::unknown, "nobody");
}

}  // namespace
}  // namespace ringside::tests
