// SPDX-License-Identifier: Apache-2.0
//
// What `ringside` says without a daemon: its help, what is wrong with a command line, and that nobody answers.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/tools/child_process.hpp"
#include "tools/exit_code.hpp"

namespace ringside::tests {
namespace {

using tools::ExitCode;

class Usage : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "ringside-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Finished run(std::vector<std::string> words) const {
    words.insert(words.begin(), RINGSIDE_COMMAND);
    ChildProcess process(words, {{"XDG_RUNTIME_DIR", folder_.string()}, {"RINGSIDE_SOCKET", ""}});
    return process.finish();
  }

  /// Refused as a wrong command line: nothing on standard output, one line on standard error that names `named`.
  void expect_usage_error(const std::vector<std::string>& words, std::string_view named) const {
    const Finished finished = run(words);
    expect_error(finished, ExitCode::usage, named);
  }

  static void expect_error(const Finished& finished, ExitCode code, std::string_view named) {
    EXPECT_EQ(finished.exit_code, static_cast<int>(code)) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_TRUE(finished.err.starts_with("ringside: ")) << finished.err;
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    EXPECT_NE(finished.err.find(named), std::string::npos) << finished.err;
  }

  std::filesystem::path folder_;
};

TEST_F(Usage, HelpNamesEveryCommandAndEveryExitCode) {
  const Finished help = run({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_EQ(help.err, "");
  for (const char* word :
       {"start", "execute", "send",     "resume",  "dismiss", "cancel", "touch",       "stop",     "list",
        "tail",  "pub",     "presence", "inspect", "latency", "bench",  "--namespace", "--socket", "64",
        "65",    "66",      "67",       "68",      "69",      "75",     "77",          "124",      "130"}) {
    EXPECT_NE(help.out.find(word), std::string::npos) << word;
  }
}

TEST_F(Usage, EachCommandHasHelpOfItsOwn) {
  for (const char* command : {"start", "execute", "send", "resume", "dismiss", "cancel", "touch", "stop",
                              "list", "tail", "pub", "presence", "inspect", "latency"}) {
    const Finished help = run({command, "--help"});
    EXPECT_EQ(help.exit_code, 0) << command;
    EXPECT_NE(help.out.find(command), std::string::npos) << help.out;
  }
}

TEST_F(Usage, TellsItsVersion) {
  const Finished version = run({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_TRUE(version.out.starts_with("ringside ")) << version.out;
}

TEST_F(Usage, RefusesAnUnknownCommandByName) {
  expect_usage_error({"strat", "a"}, "strat");
  expect_usage_error({"--namespace", "list", "strat"}, "strat");
}

TEST_F(Usage, RefusesACommandLineWithoutACommand) {
  expect_usage_error({}, "no command");
  expect_usage_error({"--namespace", "x"}, "ringside --help");
}

TEST_F(Usage, RefusesMissingArgumentsAndUnknownOptions) {
  for (const char* command :
       {"start", "execute", "send", "resume", "dismiss", "cancel", "touch", "stop", "tail", "pub"})
    expect_usage_error({command}, command);
  expect_usage_error({"send", "a"}, "TEXT");
  expect_usage_error({"resume", "a", "--answer", "{}"}, "--interrupt");
  expect_usage_error({"resume", "a", "--interrupt", "i"}, "--answer");
  expect_usage_error({"dismiss", "a"}, "--interrupt");
  expect_usage_error({"list", "--jsn"}, "--jsn");
  expect_usage_error({"presence"}, "TOPIC");
  expect_usage_error({"presence", "list", "conversation:1"}, "conversation:1");
  expect_usage_error({"presence", "conversation:1", "--count", "1"}, "--follow");
  expect_usage_error({"stop", "a", "b"}, "b");
}

TEST_F(Usage, RefusesASocketAndANamespaceAtOnce) {
  expect_usage_error({"--socket", "/x", "--namespace", "y", "list"}, "--socket");
}

TEST_F(Usage, RefusesANamespaceThatCannotBeOne) {
  expect_usage_error({"--namespace", "../up", "list"}, "namespace");
}

TEST_F(Usage, RefusesStartOptionsThatDoNotFitTheRunner) {
  expect_usage_error({"start", "a"}, "--runner");
  expect_usage_error({"start", "a", "--runner", "magic"}, "magic");
  expect_usage_error({"start", "a", "--runner", "replay"}, "--source");
  expect_usage_error({"start", "a", "--runner", "exec"}, "CMD");
  expect_usage_error({"start", "a", "--runner", "exec", "true"}, "--");
  expect_usage_error({"start", "a", "--runner", "exec", "--source", "f", "--", "true"}, "--source");
  expect_usage_error({"start", "a", "--runner", "replay", "--source", "f", "--", "true"}, "command");
  for (const char* speed : {"0", "-1", "fast", "nan", "inf", "", "1x"})
    expect_usage_error({"start", "a", "--runner", "replay", "--source", "f", "--speed", speed}, "--speed");
  expect_usage_error({"start", "a", "--runner", "replay", "--source", "f", "--grace", "-5"}, "--grace");
  expect_usage_error({"start", "a", "--runner", "replay", "--source", "f", "--inactivity", "soon"},
                     "--inactivity");
}

TEST_F(Usage, RefusesTailOptionsThatMeanNothing) {
  for (const char* from : {"0", "-3", "newest", "1.5", "18446744073709551616"})
    expect_usage_error({"tail", "a", "--from", from}, "--from");
  expect_usage_error({"tail", "a", "--count", "0"}, "--count");
  expect_usage_error({"tail", "a", "--count", "many"}, "--count");
  expect_usage_error({"tail", "a", "--count", "-1"}, "--count");
  expect_usage_error({"presence", "t:1", "--follow", "--count", "-1"}, "--count");
  expect_usage_error({"tail", "a", "--until", "shutdown"}, "shutdown");
  expect_usage_error({"tail", "a", "--timeout", "-1"}, "--timeout");
  expect_usage_error({"tail", "a", "--timeout", "nan"}, "--timeout");
}

TEST_F(Usage, RefusesToPublishAFileByName) {
  expect_usage_error({"pub", "a", "events.jsonl"}, "events.jsonl");
  expect_usage_error({"pub", "a", "-", "--json", "{}"}, "--json");
}

TEST_F(Usage, RefusesLatencyOptionsThatMeanNothing) {
  for (const char* seconds : {"0", "-1", "nan", "inf", "soon", "1e9"})
    expect_usage_error({"latency", "--seconds", seconds}, "--seconds");
  expect_usage_error({"latency", "--core", "0", "1", "2"}, "--core");
  expect_usage_error({"latency", "--core", "-1"}, "--core");
  expect_usage_error({"latency", "--intrinsic", "--core", "1000000"}, "--core 1000000");
}

TEST_F(Usage, RefusesInspectOptionsThatMeanNothing) {
  expect_usage_error({"inspect", "ring", "--events", "0"}, "--events");
  expect_usage_error({"inspect", "ring", "--events", "-1"}, "--events");
  expect_usage_error({"inspect", "--events", "5"}, "RING");
  expect_usage_error({"inspect", "one", "two"}, "two");
}

TEST_F(Usage, SaysWhereItLookedForADaemon) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"list"}, {"tail", "a"}, {"send", "a", "hi"}, {"presence", "conversation:1"}, {"latency"}}) {
    expect_error(run(words), ExitCode::unavailable, "control.sock");
  }
  expect_error(run({"--namespace", "elsewhere", "list"}), ExitCode::unavailable, "elsewhere");
  expect_error(run({"--socket", (folder_ / "none.sock").string(), "list"}), ExitCode::unavailable,
               "none.sock");
}

TEST_F(Usage, TellsASocketThatNobodyListensTo) {
  const std::filesystem::path path = folder_ / "dead.sock";
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  expect_error(run({"--socket", path.string(), "list"}), ExitCode::unavailable, "dead.sock");
}

TEST_F(Usage, TellsAFileThatIsNoSocket) {
  const std::filesystem::path path = folder_ / "file";
  std::ofstream(path) << "text";
  expect_error(run({"--socket", path.string(), "list"}), ExitCode::unavailable, "file");
}

TEST_F(Usage, NeverPrintsTheControlCharactersOfAnArgument) {
  const Finished finished = run({"\x1b[2Jstart"});
  EXPECT_EQ(finished.err.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace ringside::tests
