// SPDX-License-Identifier: Apache-2.0
//
// Real processes: shell scripts that behave well, badly, and not at all.
#include <cstdlib>
#include <string>
#include <vector>

#include <signal.h>

#include <gmock/gmock.h>

#include "agentd/runners/command_pipe.hpp"
#include "tests/runners/exec_fixture.hpp"
#include "tests/runners/stream_oracle.hpp"

namespace ringside::agentd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(ExecRunner, PublishesWhatItsProcessSaysAndEndsWithIt) {
  script("read line; delta hello; delta ' world'; status idle");
  execute(1);
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::idle);
  const auto ended = sink_->wait_for_end();
  EXPECT_EQ(ended.exit, RunnerExit::finished);
  EXPECT_THAT(ended.detail, HasSubstr("exited with status 0"));
  EXPECT_EQ(sink_->view().folded.at("m").text, "hello world");
  // It says idle with its message unfinished: the message is closed for it.
  EXPECT_EQ(sink_->view().status.at("m"), events::MessageStatus::stream_error);
  for (const schema::EventBuffer& event : sink_->events())
    EXPECT_EQ(event.stamp(), (schema::Stamp{9, 1}));
}

TEST_F(ExecRunner, TellsItsProcessWhatToDo) {
  script(R"sh(
while read -r line; do title "$(printf '%s' "$line" | sed 's/[\\"]/\\&/g')"; status idle; done
)sh");
  execute(1, UserMessage{"id-1", "say \"hi\"\n\tß"});
  sink_->wait_for_run(1);
  execute(2);
  sink_->wait_for_run(2);
  runner_->stop();
  EXPECT_EQ(sink_->wait_for_end().exit, RunnerExit::finished);
  const auto events = sink_->events();
  ASSERT_GE(events.size(), 2U);
  const auto title = [&](std::size_t i) {
    return events[i].event().payload_as_conversation_title_generated()->title()->str();
  };
  EXPECT_EQ(title(0),
            R"({"command":"execute","run":1,"message":{"id":"id-1","text":"say \"hi\"\u000a\u0009ß"}})");
  EXPECT_EQ(title(1), R"({"command":"execute","run":2})");
}

TEST_F(ExecRunner, GivesItsProcessACleanEnvironment) {
  ::setenv("RINGSIDE_TEST_SECRET", "s3cret", 1);
  script(
      "read line; title \"$(env | sort | tr '\\n' ' ') fds $(ls /proc/self/fd | tr '\\n' ' ')\"; status "
      "idle");
  ::unsetenv("RINGSIDE_TEST_SECRET");
  execute(1);
  sink_->wait_for_end();
  const auto events = sink_->events();
  ASSERT_EQ(events.size(), 1U);
  const std::string seen = events[0].event().payload_as_conversation_title_generated()->title()->str();
  EXPECT_THAT(seen, HasSubstr("RINGSIDE_AGENT=a RINGSIDE_INCARNATION=9"));
  EXPECT_THAT(seen, HasSubstr("PATH="));
  EXPECT_THAT(seen, Not(HasSubstr("SECRET")));
  EXPECT_THAT(seen, HasSubstr("fds 0 1 2 3 "));  // 3 is the folder that ls reads
  EXPECT_THAT(seen, Not(HasSubstr(" 4 ")));
}

TEST_F(ExecRunner, TellsOfAnExitStatusWithTheEndOfStandardError) {
  script("read line; tool; delta half; echo oops: 'bad\033[2Jthing' >&2; exit 3");
  execute(1);
  const auto run = sink_->wait_for_run();
  EXPECT_EQ(run.outcome.end, RunEnd::error);
  EXPECT_THAT(run.outcome.error->message, HasSubstr("exited with status 3 in the middle of run 1"));
  const auto ended = sink_->wait_for_end();
  EXPECT_EQ(ended.exit, RunnerExit::crashed);
  EXPECT_THAT(ended.detail, HasSubstr("oops: bad?[2Jthing"));
  EXPECT_THAT(sink_->view().kinds,
              ElementsAre("tool_execution_started", "llm_deltas", "tool_execution_failed", "llm_message"));
  EXPECT_EQ(sink_->view().status.at("m"), events::MessageStatus::stream_error);
}

TEST_F(ExecRunner, KeepsOnlyTheLastFourKibibytesOfStandardError) {
  script("read line; i=0; while [ $i -lt 500 ]; do echo \"line $i of errors\" >&2; i=$((i+1)); done; exit 1");
  execute(1);
  const auto ended = sink_->wait_for_end();
  EXPECT_THAT(ended.detail, HasSubstr("line 499 of errors"));
  EXPECT_THAT(ended.detail, Not(HasSubstr("line 100 of errors")));
  EXPECT_LT(ended.detail.size(), 4500U);
}

TEST_F(ExecRunner, NamesTheSignalThatKilledItsProcess) {
  script("ulimit -c 0; read line; kill -SEGV $$");
  execute(1);
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::error);
  const auto ended = sink_->wait_for_end();
  EXPECT_EQ(ended.exit, RunnerExit::crashed);
  EXPECT_THAT(ended.detail, HasSubstr("killed by signal 11 (Segmentation fault)"));
}

TEST_F(ExecRunner, TakesAnExitInTheMiddleOfARunForACrashEvenWithStatusZero) {
  script("read line; delta a");
  execute(1);
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::error);
  EXPECT_EQ(sink_->wait_for_end().exit, RunnerExit::crashed);
}

TEST_F(ExecRunner, RefusesBadLinesByNumberAndPublishesThoseAroundThem) {
  script(
      R"(read line; delta a; echo garbage; echo '{"kind":"agent_shutdown","event":{}}'; printf '\377\n'; delta b
echo '{"gap":{"first":1,"count":2}}'; status interrupted; delta c; printf '{"kind":"llm'; echo; delta d; status idle)");
  execute(1);
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::idle);
  sink_->wait_for_end();
  EXPECT_EQ(sink_->view().folded.at("m").text, "abcd");
  const std::string told = log();
  for (const char* line : {"line 2 ", "line 3 ", "line 4 ", "line 6 ", "line 7 ", "line 9 "})
    EXPECT_THAT(told, HasSubstr(line));
  EXPECT_THAT(told,
              HasSubstr("line 3 of its process is refused: column 9: agent_shutdown is for agentd alone"));
  EXPECT_THAT(told, HasSubstr("interrupt must be there with status interrupted"));
  EXPECT_THAT(told, HasSubstr("refused: 6"));
}

TEST_F(ExecRunner, DropsALineThatIsTooLongAndGoesOnBehindIt) {
  script("read line; delta a; head -c 3000000 /dev/zero | tr '\\0' x; echo; delta b; status idle");
  execute(1);
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::idle);
  sink_->wait_for_end();
  EXPECT_EQ(sink_->view().folded.at("m").text, "ab");
  EXPECT_THAT(log(), HasSubstr("line 2 of its process is refused: longer than 1048576 bytes"));
}

TEST_F(ExecRunner, NamesBothSizesOfAnEventThatItsTopicCannotTake) {
  script("read line; delta a; delta \"$(head -c 2000 /dev/zero | tr '\\0' x)\"; delta b; status idle", 1024);
  execute(1);
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::idle);
  sink_->wait_for_end();
  EXPECT_EQ(sink_->view().folded.at("m").text, "ab");
  EXPECT_THAT(log(),
              testing::ContainsRegex("line 2 .* the event has 2[0-9]+ bytes; its topic takes at most 1024"));
}

TEST_F(ExecRunner, CancelsAtOnceAndIgnoresWhatIsStillSaidOfThatRun) {
  script(
      "read a; tool; delta half; read cancel; delta late; status cancelled; read b; title done; status "
      "idle");
  execute(1);
  sink_->wait_for_events(2);
  runner_->cancel(1);
  EXPECT_EQ(sink_->wait_for_run(1).outcome.end, RunEnd::cancelled);
  execute(2);
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::idle);
  EXPECT_EQ(sink_->wait_for_end().exit, RunnerExit::finished);
  EXPECT_THAT(sink_->view().kinds,
              ElementsAre("tool_execution_started", "llm_deltas", "tool_execution_cancelled", "llm_message",
                          "conversation_title_generated"));
  EXPECT_EQ(sink_->view().complete.at("m").text, "half");
  EXPECT_EQ(sink_->events().back().stamp(), (schema::Stamp{9, 2}));
}

TEST_F(ExecRunner, EndsAProcessThatNeverAnswersACancelWhenTheNextRunIsDue) {
  script("read a; delta half; sleep 1000");
  execute(1);
  sink_->wait_for_events(1);
  runner_->cancel(1);
  sink_->wait_for_run(1);
  execute(2);
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::error);
  const auto ended = sink_->wait_for_end();
  EXPECT_EQ(ended.exit, RunnerExit::crashed);
  EXPECT_THAT(ended.detail, HasSubstr("did not end the run before run 2"));
}

TEST_F(ExecRunner, KeepsTheStatusesOfCancelledRunsFromTheRunAfterThem) {
  bound_ = std::chrono::minutes(10);
  script(
      "read e1; read c1; read e2; read c2; read e3; status cancelled; delta late; status cancelled; title "
      "third; "
      "status idle; read e4");
  execute(1);
  runner_->cancel(1);
  execute(2);
  runner_->cancel(2);
  execute(3);
  EXPECT_EQ(sink_->wait_for_run(3).outcome.end, RunEnd::idle);
  EXPECT_THAT(sink_->view().kinds, ElementsAre("conversation_title_generated"));
}

TEST_F(ExecRunner, KillsAProcessThatAnswersACancelOnlyToSigterm) {
  script("trap 'status cancelled' TERM; read a; delta half; while :; do sleep 1000; done");
  execute(1);
  sink_->wait_for_events(1);
  runner_->cancel(1);
  execute(2);
  const auto ended = sink_->wait_for_end();
  EXPECT_EQ(ended.exit, RunnerExit::crashed);
  EXPECT_THAT(ended.detail,
              AllOf(HasSubstr("killed by signal 9"), HasSubstr("it did not end the run before run 2")));
}

TEST_F(ExecRunner, GrantsNoTimeToAProcessThatCannotBeToldOfItsRun) {
  bound_ = std::chrono::minutes(10);
  script("read a; delta half; sleep 1000");
  execute(1);
  sink_->wait_for_events(1);
  runner_->cancel(1);
  execute(2, UserMessage{"id", std::string(2 * CommandPipe::bytes_max, 'x')});
  EXPECT_THAT(sink_->wait_for_end().detail, HasSubstr("it does not read its commands"));
}

TEST_F(ExecRunner, PassesOnTheErrorInWhichARunEnded) {
  script(
      R"(read line; echo '{"kind":"status_changed","event":{"status":"error","error":{"message":"no credit"}}}'; read line)");
  execute(1);
  const auto run = sink_->wait_for_run();
  EXPECT_EQ(run.outcome.end, RunEnd::error);
  EXPECT_EQ(run.outcome.error->message, "no credit");
}

TEST_F(ExecRunner, AsksBeforeItStops) {
  script("while read -r line; do case $line in *stop*) title bye; exit 0;; esac; done");
  runner_->start();
  runner_->stop();
  const auto ended = sink_->wait_for_end();
  EXPECT_EQ(ended.exit, RunnerExit::finished);
  EXPECT_THAT(ended.detail, HasSubstr("exited with status 0"));
  EXPECT_THAT(sink_->view().kinds, ElementsAre("conversation_title_generated"));
}

TEST_F(ExecRunner, TerminatesAProcessThatDoesNotStop) {
  script("while :; do sleep 1000; done");
  execute(1);
  runner_->stop();
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::cancelled);
  const auto ended = sink_->wait_for_end();
  EXPECT_EQ(ended.exit, RunnerExit::finished);
  EXPECT_THAT(ended.detail, HasSubstr("killed by signal 15"));
}

TEST_F(ExecRunner, KillsAProcessThatIgnoresSigterm) {
  script("trap '' TERM; delta ready; while :; do sleep 1000; done");
  execute(1);
  sink_->wait_for_events(1);
  runner_->stop();
  EXPECT_THAT(sink_->wait_for_end().detail, HasSubstr("killed by signal 9"));
}

TEST_F(ExecRunner, EndsAProcessThatClosesItsOutputAndStays) {
  script("read line; exec >&-; sleep 1000");
  execute(1);
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::error);
  const auto ended = sink_->wait_for_end();
  EXPECT_EQ(ended.exit, RunnerExit::crashed);
  EXPECT_THAT(ended.detail, HasSubstr("closed its standard output"));
}

TEST_F(ExecRunner, DoesNotWaitForAGrandchildThatKeepsTheOutputOpen) {
  script("read line; delta a; sleep 1000 & echo $! > " + (folder_.path() / "pid").native() + "; status idle");
  execute(1);
  EXPECT_EQ(sink_->wait_for_end().exit, RunnerExit::finished);
  const pid_t grandchild = std::stoi(read_file(folder_.path() / "pid"));
  // It got SIGKILL with its group; whoever adopts it reaps it in its own time.
  while (::kill(grandchild, 0) == 0) {
    const std::string state = read_file("/proc/" + std::to_string(grandchild) + "/stat");
    if (state.find(") Z ") != std::string::npos) break;
  }
}

TEST_F(ExecRunner, EndsAProcessThatDoesNotReadItsCommands) {
  script("delta ready; sleep 1000");
  execute(1, UserMessage{"id", std::string(60'000, 'x')});
  sink_->wait_for_events(1);
  for (std::uint64_t run = 1; run < 30; ++run) {
    runner_->cancel(run);
    runner_->execute({9, run + 1, UserMessage{"id", std::string(60'000, 'x')}});
  }
  EXPECT_EQ(sink_->wait_for_end().exit, RunnerExit::crashed);
}

TEST_F(ExecRunner, HoldsAFloodBackInsteadOfKeepingIt) {
  bool open = false;
  sink_->on_publish([&](const schema::EventBuffer&) -> std::optional<PublishError> {
    if (open) return std::nullopt;
    return PublishError::no_space;
  });
  script("read line; i=0; while [ $i -lt 3000 ]; do delta x; i=$((i+1)); done; status idle");
  execute(1);
  while (sink_->offers() < 5) {
  }
  sink_->on_publish([](const schema::EventBuffer&) -> std::optional<PublishError> { return std::nullopt; });
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::idle);
  EXPECT_EQ(sink_->view().folded.at("m").text.size(), 3000U);
}

TEST_F(ExecRunner, LeavesNothingBehindWhenDestroyed) {
  script("delta a; trap '' TERM; sleep 1000");
  execute(1);
  sink_->wait_for_events(1);
  runner_.reset();
  pool_.join();  // ends only because nothing is watched any more; the fixture looks for children
  EXPECT_EQ(sink_->finished_runs(), 0U);
}

TEST_F(ExecRunner, LeavesNothingBehindWhenNeverStarted) {
  script("sleep 1000");
}

TEST_F(ExecRunner, SaysNothingBeforeItIsStarted) {
  script("delta early; status idle");
  EXPECT_EQ(sink_->offers(), 0U);
  execute(1);  // what was said before belongs to the first run
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::idle);
  EXPECT_EQ(sink_->view().folded.at("m").text, "early");
}

TEST_F(ExecRunner, RefusesCommandsThatCannotRun) {
  const auto refusal = [&](std::vector<std::string> argv, std::string folder = {}) {
    auto made = make(std::move(argv), 0, std::move(folder));
    EXPECT_FALSE(made);
    return made ? std::string{} : made.error().message;
  };
  EXPECT_THAT(refusal({}), HasSubstr("no command"));
  EXPECT_THAT(refusal({"no-such-program-here"}), HasSubstr("PATH"));
  EXPECT_THAT(refusal({"/no/such/file"}), HasSubstr("no such file"));
  EXPECT_THAT(refusal({"/etc/passwd"}), HasSubstr("not a program"));
  EXPECT_THAT(refusal({"/tmp"}), HasSubstr("not a program"));
  EXPECT_THAT(refusal({"sh"}, "/no/such/folder"), HasSubstr("/no/such/folder"));
  EXPECT_THAT(refusal({"sh"}, "relative"), HasSubstr("absolute"));
  EXPECT_THAT(refusal({std::string("sh\0x", 4)}), HasSubstr("NUL"));
  const auto text = folder_.write("text", "not a program\n");
  std::filesystem::permissions(text, std::filesystem::perms::all);
  EXPECT_THAT(refusal({text.native()}), HasSubstr("#!"));
  const auto broken = folder_.write("script", "#!/no/such/interpreter\n");
  std::filesystem::permissions(broken, std::filesystem::perms::all);
  EXPECT_THAT(refusal({broken.native()}), HasSubstr("interpreter"));
}

}  // namespace
}  // namespace ringside::agentd
