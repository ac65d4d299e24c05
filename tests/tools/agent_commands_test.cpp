// SPDX-License-Identifier: Apache-2.0
//
// start, execute, send, resume, dismiss, cancel, touch, stop, list.
#include <algorithm>
#include <filesystem>

#include <unistd.h>

#include <ringside/client.hpp>

#include "tests/tools/command_test.hpp"

namespace ringside::tests {
namespace {

/// Answers every command line with a run that says "done", until its input ends.
constexpr const char* polite_agent =
    R"(while read -r line; do
         case $line in
           *execute*)
             echo '{"kind":"custom","event":{"name":"greeting","content_type":"text/plain"}}'
             echo '{"kind":"status_changed","event":{"status":"idle"}}' ;;
           *stop*) exit 0 ;;
         esac
       done)";

/// Starts a run and never ends it, until it is told to cancel it.
constexpr const char* busy_agent =
    R"(while read -r line; do
         case $line in
           *cancel*) echo '{"kind":"status_changed","event":{"status":"cancelled"}}' ;;
           *stop*) exit 0 ;;
         esac
       done)";

/// Asks which, and says what it was answered; halts when that was b.
constexpr const char* asking_agent =
    R"(while read -r line; do
         case $line in
           *'"b"'*)
             echo '{"kind":"status_changed","event":{"status":"interrupted","interrupt":{"id":"enough","data_type":"halt","data":{"message":"Enough."}}}}' ;;
           *resume*)
             echo '{"kind":"custom","event":{"name":"answered","content_type":"text/plain"}}'
             echo '{"kind":"status_changed","event":{"status":"idle"}}' ;;
           *execute*)
             echo '{"kind":"status_changed","event":{"status":"interrupted","interrupt":{"id":"which","data_type":"question","data":{"type":"single_select","text":"Which?","options":[{"value":"a"},{"value":"b"}]}}}}' ;;
           *stop*) exit 0 ;;
         esac
       done)";

class AgentCommands : public CommandTest {
 protected:
  /// Starts an agent that asks, and waits until it has.
  void start_asking(const std::string& agent) const {
    done({"start", agent, "--runner", "exec", "--", "/bin/sh", "-c", asking_agent});
    done({"tail", agent, "--from", "oldest", "--count", "4"});
  }

  void start_busy(const std::string& agent) const {
    done({"start", agent, "--runner", "exec", "--idle", "--", "/bin/sh", "-c", busy_agent});
    done({"execute", agent});
  }
};

TEST_F(AgentCommands, StartCreatesOnceAndFindsItRunningAfterwards) {
  start_idle("ada");
  EXPECT_EQ(done({"start", "ada", "--runner", "replay", "--source", sample("weather.chunks.txt")}),
            "existing\n");
}

TEST_F(AgentCommands, StartRunsAtOnceUnlessItIsToldToStayIdle) {
  done({"start", "ada", "--runner", "replay", "--source", sample("weather.chunks.txt"), "--speed", "max"});
  const auto seen = events("ada", "llm_message");
  EXPECT_TRUE(std::ranges::any_of(seen, [](const EventLine& line) { return line.kind == "llm_deltas"; }));

  start_idle("idle");
  EXPECT_NE(done({"list", "--json"}).find(R"("agent":"idle","status":"idle")"), std::string::npos);
  const auto first = events("idle", "todos_updated");
  EXPECT_EQ(kinds(first), (std::vector<std::string>{"status_changed", "todos_updated"}));
}

TEST_F(AgentCommands, StartTakesASourceRelativeToWhereItIsRun) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(std::filesystem::path(RINGSIDE_SOURCE_DIR) / "examples");
  EXPECT_EQ(done({"start", "ada", "--runner", "replay", "--source", "samples/weather.chunks.txt", "--idle"}),
            "created\n");
  std::filesystem::current_path(before);
}

TEST_F(AgentCommands, StartNamesASourceThatDoesNotExist) {
  const std::string missing = (sandbox_.folder() / "missing.txt").string();
  expect_refused({"start", "ada", "--runner", "replay", "--source", missing}, ExitCode::bad_data, missing);
  EXPECT_EQ(done({"list"}), "");
}

TEST_F(AgentCommands, StartNamesTheLineWhereASourceIsCutOff) {
  const std::string whole =
      R"({"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi"}}]})";
  const std::string source =
      sandbox_.write_file("cut.chunks.txt", whole + "\n" + whole.substr(0, whole.size() / 2));
  expect_refused({"start", "ada", "--runner", "replay", "--source", source}, ExitCode::bad_data,
                 "cut.chunks.txt: line 2");
  EXPECT_EQ(done({"list"}), "") << "an agent that cannot work is not there";
}

TEST_F(AgentCommands, StartNamesASourceThatIsNoStream) {
  const std::string source = sandbox_.write_file("poem.txt", "Shall I compare thee\n");
  expect_refused({"start", "ada", "--runner", "replay", "--source", source}, ExitCode::bad_data, "poem.txt");
}

TEST_F(AgentCommands, StartHandsAChildItsWordsAsTheyWereGiven) {
  const std::string script =
      R"(read -r line
         printf '{"kind":"custom","event":{"name":"%s|%s|%s","content_type":"text/plain"}}\n' "$1" "$2" "$3"
         echo '{"kind":"status_changed","event":{"status":"idle"}}'
         read -r line)";
  done({"start", "ada", "--runner", "exec", "--", "/bin/sh", "-c", script, "sh", "[a,b]", "--json", "x y"});
  const auto seen = events("ada", "custom");
  EXPECT_EQ(string_at(seen.back(), "/name"), "[a,b]|--json|x y");
}

TEST_F(AgentCommands, StartNamesAProgramThatCannotBeRun) {
  expect_refused({"start", "ada", "--runner", "exec", "--", "/no/such/program"}, ExitCode::bad_data,
                 "/no/such/program");
}

TEST_F(AgentCommands, ExecuteAndSendStartRunsAndTellTheirNames) {
  done({"start", "ada", "--runner", "exec", "--idle", "--", "/bin/sh", "-c", polite_agent});
  EXPECT_EQ(done({"execute", "ada"}), "1\n");
  events("ada", "custom");
  ASSERT_EQ(sandbox_.run({"tail", "ada", "--from", "oldest", "--count", "5"}).exit_code, 0);
  const std::string id = done({"send", "ada", "How are you?"});
  EXPECT_GT(id.size(), 1U);
  const auto seen = events("ada", "llm_message");
  EXPECT_EQ(string_at(seen.back(), "/message/id"), id.substr(0, id.size() - 1));
  EXPECT_EQ(string_at(seen.back(), "/message/role"), "user");
  EXPECT_EQ(string_at(seen.back(), "/message/content/0/content"), "How are you?");
}

TEST_F(AgentCommands, SendReadsTheTextFromStandardInput) {
  done({"start", "ada", "--runner", "exec", "--idle", "--", "/bin/sh", "-c", polite_agent});
  done({"send", "ada", "-"}, "two\nlines\n");
  EXPECT_EQ(string_at(events("ada", "llm_message").back(), "/message/content/0/content"), "two\nlines");
}

TEST_F(AgentCommands, SendTakesATextInBracketsAsItIs) {
  done({"start", "ada", "--runner", "exec", "--idle", "--", "/bin/sh", "-c", polite_agent});
  done({"send", "ada", "[1,2]"});
  EXPECT_EQ(string_at(events("ada", "llm_message").back(), "/message/content/0/content"), "[1,2]");
}

TEST_F(AgentCommands, SendRefusesATextThatIsTooLongOrNotUtf8) {
  start_idle("ada");
  expect_refused({"send", "ada", "-"}, ExitCode::bad_data, "ada", std::string(200'000, 'x'));
  expect_refused({"send", "ada", "-"}, ExitCode::bad_data, "UTF-8", "\xff\xfe");
}

TEST_F(AgentCommands, ARunCanBeCancelledAndTheAgentLivesOn) {
  start_busy("ada");
  expect_refused({"execute", "ada"}, ExitCode::unmet, "running");
  EXPECT_EQ(done({"cancel", "ada"}), "");
  const auto seen = read_event_lines(done({"tail", "ada", "--from", "oldest", "--json", "--count", "4"}));
  EXPECT_EQ(string_at(seen.back(), "/status"), "cancelled");
  expect_refused({"cancel", "ada"}, ExitCode::unmet, "cancelled");
}

TEST_F(AgentCommands, SendSaysOfAMessageThatItWaits) {
  start_busy("ada");
  EXPECT_TRUE(done({"send", "ada", "hello?"}).ends_with(" queued\n"));
  Client client = Client::connect({.socket = sandbox_.socket().string()}).value();
  for (int i = 1; i < 64; ++i)
    ASSERT_TRUE(client.send("ada", "hello?"));
  expect_refused({"send", "ada", "hello?"}, ExitCode::unmet, "64 messages wait");
  done({"cancel", "ada"});  // else agentd gives the run its time before it ends
}

TEST_F(AgentCommands, ResumeAnswersOnceAndPrintsTheRun) {
  start_asking("ada");
  EXPECT_EQ(done({"resume", "ada", "--interrupt", "which", "--answer", R"({"question":{"selected":["a"]}})"}),
            "2\n");
  expect_refused({"resume", "ada", "--interrupt", "which", "--answer", R"({"question":{"selected":["a"]}})"},
                 ExitCode::unmet, "answered already");
  events("ada", "custom");
}

TEST_F(AgentCommands, ResumeNamesWhatIsWrongWithAnAnswer) {
  start_asking("ada");
  const auto refused = [this](const char* answer, const char* named) {
    expect_refused({"resume", "ada", "--interrupt", "which", "--answer", answer}, ExitCode::bad_data, named);
  };
  refused(R"({"question":{"selected":["c"]}})", "question.selected[0]");
  refused(R"({"question":{"selected":"a"}})", "question.selected must be an array");
  refused(R"({"question":{"selected":["a"})", "column");
  refused("a", "not");
  expect_refused({"resume", "ada", "--interrupt", "who", "--answer", R"({"question":{"selected":["a"]}})"},
                 ExitCode::unmet, "which");
}

TEST_F(AgentCommands, DismissPutsAHaltAside) {
  start_asking("ada");
  expect_refused({"dismiss", "ada", "--interrupt", "which"}, ExitCode::bad_data, "which");
  done({"resume", "ada", "--interrupt", "which", "--answer", R"({"question":{"selected":["b"]}})"});
  done({"tail", "ada", "--from", "oldest", "--count", "6"});
  EXPECT_EQ(done({"dismiss", "ada", "--interrupt", "enough"}), "");
  EXPECT_NE(done({"list", "--json"}).find(R"("status":"idle")"), std::string::npos);
}

TEST_F(AgentCommands, StopEndsALifeAndItsTopicTells) {
  start_idle("ada");
  EXPECT_EQ(done({"touch", "ada"}), "");
  EXPECT_EQ(done({"stop", "ada"}), "");
  const auto seen = events("ada", "agent_shutdown");
  EXPECT_EQ(string_at(seen.back(), "/reason"), "manual");
  EXPECT_EQ(done({"list"}), "");
}

TEST_F(AgentCommands, TellAnAgentThatNeverWasFromOneThatDoesNotRun) {
  start_idle("ada");
  done({"stop", "ada"});
  events("ada", "agent_shutdown");
  const auto refused = [this](const std::string& agent, ExitCode code, std::string_view why) {
    for (const char* command : {"execute", "cancel", "touch", "stop"})
      expect_refused({command, agent}, code, why);
    expect_refused({"send", agent, "hi"}, code, why);
    expect_refused({"resume", agent, "--interrupt", "i", "--answer", "{}"}, code, why);
    expect_refused({"dismiss", agent, "--interrupt", "i"}, code, why);
    expect_refused({"pub", agent, "--json", R"({"kind":"custom","event":{"name":"x"}})"}, code, why);
  };
  refused("nobody", ExitCode::unknown, "there is no agent nobody");
  refused("ada", ExitCode::not_running, "agent ada is not running");
}

TEST_F(AgentCommands, TellADaemonThatIsNotThereAndATopicThatIsNotTheirs) {
  start_idle("ada");
  expect_refused({"tail", "agent_server:debug:"}, ExitCode::unknown, "there is no topic");
  sandbox_.kill_daemon();
  for (const char* command : {"touch", "stop"})
    expect_refused({command, "ada"}, ExitCode::unavailable, "agentd");
  expect_refused({"touch", "nobody"}, ExitCode::unavailable, "agentd");
}

TEST_F(AgentCommands, ListShowsWhoRunsAndWhoWatches) {
  EXPECT_EQ(done({"list"}), "");
  EXPECT_EQ(done({"list", "--json"}), "");
  start_idle("ada", {"--presence-topic", "conversation:7"});
  start_idle("bob");
  const std::string json = done({"list", "--json"});
  EXPECT_NE(json.find(R"("agent":"ada","status":"idle")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("presence_topic":"conversation:7","viewers":0)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("presence_topic":null)"), std::string::npos) << json;
  EXPECT_EQ(std::ranges::count(json, '\n'), 2);
  const std::string table = done({"list"});
  EXPECT_TRUE(table.starts_with("AGENT")) << table;
  EXPECT_EQ(std::ranges::count(table, '\n'), 3);
}

TEST_F(AgentCommands, SocketsAndNamespacesLeadToTheSameDaemon) {
  start_idle("ada");
  EXPECT_NE(done({"--socket", sandbox_.socket().string(), "list"}), "");
  EXPECT_NE(done({"--namespace", "default", "list"}), "");
  expect_refused({"--namespace", "other", "list"}, ExitCode::unavailable, "other");
}

TEST_F(AgentCommands, SaysWhatIsNotAllowed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  ChildProcess somebody({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", RINGSIDE_COMMAND,
                         "--socket", sandbox_.socket().string(), "list"});
  const Finished finished = somebody.finish();
  if (finished.exit_code == 127) GTEST_SKIP() << "nobody may not run " << RINGSIDE_COMMAND;
  EXPECT_EQ(finished.exit_code, static_cast<int>(ExitCode::not_allowed)) << finished.err;
  EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
}

}  // namespace
}  // namespace ringside::tests
