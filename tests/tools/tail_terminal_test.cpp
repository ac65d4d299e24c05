// SPDX-License-Identifier: Apache-2.0
//
// `ringside tail` as a person sees it.
#include <string>
#include <string_view>

#include <signal.h>

#include "tests/tools/command_test.hpp"

namespace ringside::tests {
namespace {

/// Asks which, and says what it was answered.
constexpr const char* question_agent =
    R"(while read -r line; do
         case $line in
           *resume*)
             echo '{"kind":"custom","event":{"name":"answered","content_type":"text/plain"}}'
             echo '{"kind":"status_changed","event":{"status":"idle"}}' ;;
           *execute*)
             echo '{"kind":"status_changed","event":{"status":"interrupted","interrupt":{"id":"which","data_type":"question","data":{"type":"single_select","text":"Which?","options":[{"value":"a"},{"value":"b"}]}}}}' ;;
           *stop*) exit 0 ;;
         esac
       done)";

class TailAtATerminal : public CommandTest {
 protected:
  /// `ringside` with these words at a terminal, which `script` gives it.
  [[nodiscard]] ChildProcess at_terminal(const std::string& words, const std::string& no_color = "1") const {
    return ChildProcess(
        {"script", "-qec",
         std::string(RINGSIDE_COMMAND) + " --socket " + sandbox_.socket().string() + " " + words,
         "/dev/null"},
        {{"TERM", "xterm"}, {"NO_COLOR", no_color}});
  }
};

/// What a process prints from now on until `wanted` was on a line of it, that line included.
std::string read_until(ChildProcess& process, std::string_view wanted) {
  std::string seen;
  while (const auto line = process.read_line()) {
    seen += *line + "\n";
    if (line->find(wanted) != std::string::npos) return seen;
  }
  ADD_FAILURE() << "it ended before it said " << wanted << ":\n" << seen;
  return seen;
}

TEST_F(TailAtATerminal, GrowsTheText) {
  start_idle("ada");
  done({"pub", "ada"}, text_delta("Light") + "\n" + text_delta("house\\u001b[2J") + "\n" + custom("note"));
  ChildProcess terminal = at_terminal("tail ada --from 3 --count 3", "");
  const std::string shown = terminal.finish().out;
  EXPECT_NE(shown.find("Lighthouse\\x1b[2J"), std::string::npos) << shown;
  EXPECT_NE(shown.find("\x1b[2m-- custom note"), std::string::npos) << shown;
}

TEST_F(TailAtATerminal, BeginsWithTheTextSoFar) {
  start_idle("ada");
  done({"pub", "ada"}, text_delta("Light") + "\n" + text_delta("house"));
  ChildProcess terminal = at_terminal("tail ada --until snapshot");
  const std::string shown = terminal.finish().out;
  EXPECT_NE(shown.find("-- so far: idle"), std::string::npos) << shown;
  EXPECT_NE(shown.find("Lighthouse"), std::string::npos) << shown;
}

TEST_F(TailAtATerminal, ShowsWhoComesAndGoesAndTheGracePeriodRunning) {
  start_idle("ada", {"--presence-topic", "room:7", "--grace", "600000"});
  ChildProcess terminal = at_terminal("tail ada --until agent_shutdown");
  read_until(terminal, "-- so far: no viewers");
  ChildProcess viewer = sandbox_.spawn({"tail", "ada", "--track", "eve"});
  const std::string alone = read_until(terminal, "-- eve came: 1 viewer");
  EXPECT_NE(alone.find("-- nobody watches: ends in "), std::string::npos) << alone;
  viewer.signal(SIGTERM);
  const std::string watched = read_until(terminal, "-- eve left: no viewers");
  EXPECT_EQ(watched.find("nobody watches"), std::string::npos) << watched;
  done({"stop", "ada"});
  const std::string left = read_until(terminal, "-- agent_shutdown manual");
  EXPECT_NE(left.find("-- nobody watches: ends in "), std::string::npos) << left;
  EXPECT_EQ(terminal.finish().exit_code, 0);
}

TEST_F(TailAtATerminal, FollowsTheViewersOfTheNextLifeToWhereTheyAreCounted) {
  ChildProcess terminal = at_terminal("tail ada --until agent_shutdown");
  read_until(terminal, "waiting for the agent to run");
  start_idle("ada", {"--presence-topic", "room:7", "--grace", "600000"});
  read_until(terminal, "-- so far: no viewers");
  ChildProcess viewer = sandbox_.spawn({"tail", "ada", "--track", "eve"});
  read_until(terminal, "-- eve came: 1 viewer");
  done({"stop", "ada"});
  EXPECT_EQ(terminal.finish().exit_code, 0);
}

TEST_F(TailAtATerminal, IsNoViewer) {
  start_idle("ada", {"--presence-topic", "room:7", "--grace", "600000"});
  ChildProcess terminal = at_terminal("tail ada --until agent_shutdown");
  read_until(terminal, "-- so far: no viewers");
  EXPECT_NE(done({"list", "--json"}).find(R"("viewers":0)"), std::string::npos);
  done({"stop", "ada"});
  EXPECT_EQ(terminal.finish().exit_code, 0);
}

TEST_F(TailAtATerminal, UsesNoColoursWhereTheyAreNotWanted) {
  start_idle("ada");
  ChildProcess terminal = at_terminal("tail ada --from oldest --count 2");
  const std::string shown = terminal.finish().out;
  EXPECT_NE(shown.find("-- idle"), std::string::npos) << shown;
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
}

TEST_F(TailAtATerminal, ShowsTheCommandThatAnswersWhatAnAgentAsks) {
  done({"start", "ada", "--runner", "exec", "--idle", "--", "/bin/sh", "-c", question_agent});
  ChildProcess terminal = at_terminal("tail ada --until custom");
  done({"execute", "ada"});
  const std::string before = "   ringside resume ";
  const std::string shown = read_until(terminal, before);
  const std::string line = shown.substr(shown.rfind(before) + before.size());
  ChildProcess shell({"/bin/sh", "-c",
                      std::string(RINGSIDE_COMMAND) + " --socket " + sandbox_.socket().string() + " resume " +
                          line.substr(0, line.find_first_of("\r\n"))});
  EXPECT_EQ(shell.finish().out, "2\n") << line;
  EXPECT_EQ(terminal.finish().exit_code, 0);
}

}  // namespace
}  // namespace ringside::tests
