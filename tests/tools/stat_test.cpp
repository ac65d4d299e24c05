// SPDX-License-Identifier: Apache-2.0
//
// stat, top.
#include <csignal>

#include "tests/tools/command_test.hpp"

namespace ringside::tests {
namespace {

class StatCommand : public CommandTest {
 protected:
  StatCommand() {
    start_idle("ada");
    done({"pub", "ada"}, join_lines({custom("one"), custom("two"), custom("three")}));
  }
};

TEST_F(StatCommand, ShowsATopicALine) {
  const std::string table = done({"stat"});
  EXPECT_NE(table.find("TOPIC\n"), std::string::npos) << table;
  EXPECT_NE(table.find("  agent_server:ada\n"), std::string::npos) << table;
  const std::string json = done({"stat", "--json"});
  const std::size_t at = json.find(R"({"topic":"agent_server:ada","object":"/ringside.)");
  ASSERT_NE(at, std::string::npos) << json;
  // Two of the beginning of its life, and three.
  EXPECT_NE(json.find(R"("next_sequence":6,"events":5,)", at), std::string::npos) << json;
}

TEST_F(StatCommand, ShowsWhoReadsATopicAndHow) {
  ChildProcess reliable = sandbox_.spawn({"tail", "ada", "--from", "oldest", "--reliable"});
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(reliable.read_line().has_value());
  const std::string json = done({"stat", "ada", "--json"});
  EXPECT_NE(json.find(R"("subscribers":1)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("reading":"reliable","evicted":false)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("pid":)" + std::to_string(reliable.pid())), std::string::npos) << json;
  EXPECT_EQ(done({"stat", "agent_server:ada", "--json"}).substr(0, 40), json.substr(0, 40));
  const std::string text = done({"stat", "ada"});
  EXPECT_NE(text.find("events published                    5\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  reliable  "), std::string::npos) << text;
}

TEST_F(StatCommand, LooksAgainAndAgainUntilItHasLookedSoOftenOrIsInterrupted) {
  const std::string twice = done({"stat", "-i", "0.1", "-n", "2"});
  const std::size_t first = twice.find("EVENTS ");
  const std::size_t second = twice.find("EVENTS/S");
  EXPECT_LT(first, second) << twice;
  EXPECT_NE(second, std::string::npos) << twice;
  ChildProcess endless = sandbox_.spawn({"stat", "-i", "0.1", "--json"});
  ASSERT_TRUE(endless.read_line().has_value());
  endless.signal(SIGINT);
  EXPECT_EQ(endless.finish().exit_code, 130);
}

TEST_F(StatCommand, NamesATopicThatIsNotThere) {
  expect_refused({"stat", "nobody"}, ExitCode::unknown, "agent_server:nobody");
  expect_refused({"stat", "-i", "0"}, ExitCode::usage, "-i");
}

TEST_F(StatCommand, TopShowsTheTopicsAtATerminalUntilQIsPressed) {
  ChildProcess terminal(
      {"script", "-qec",
       std::string(RINGSIDE_COMMAND) + " --socket " + sandbox_.socket().string() + " top -i 3600",
       "/dev/null"},
      {{"TERM", "xterm"}});
  terminal.write_input("q");
  const Finished finished = terminal.finish();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_NE(finished.out.find("  agent_server:ada\x1b[K"), std::string::npos) << finished.out;
  EXPECT_TRUE(finished.out.ends_with("\x1b[?1049l")) << "the screen is as it was";
}

TEST_F(StatCommand, TopWithoutATerminalSaysWhatToUseInstead) {
  expect_refused({"top"}, ExitCode::usage, "ringside stat -i 1");
}

}  // namespace
}  // namespace ringside::tests
