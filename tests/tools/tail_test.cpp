// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>
#include <unistd.h>

#include "shm/ring_layout.hpp"
#include "tests/tools/command_test.hpp"

namespace ringside::tests {
namespace {

std::string text_delta(std::string_view text) {
  return R"({"kind":"llm_deltas","event":{"deltas":[{"message_id":"m","text":")" + std::string(text) +
         R"("}]}})";
}

int code(ExitCode exit_code) {
  return static_cast<int>(exit_code);
}

class Tail : public CommandTest {};

TEST_F(Tail, ShowsALifeFromTheOldestEventInTheSpecsForm) {
  start_idle("ada");
  done({"pub", "ada", "--json", custom("one")});
  done({"stop", "ada"});
  const auto seen = events("ada", "agent_shutdown");
  EXPECT_EQ(kinds(seen),
            (std::vector<std::string>{"status_changed", "todos_updated", "custom", "agent_shutdown"}));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].seq, i + 1);
    EXPECT_EQ(seen[i].topic, "agent_server:ada");
    EXPECT_GT(seen[i].time_ns, 1'600'000'000'000'000'000);
  }
  EXPECT_EQ(string_at(seen.front(), "/status"), "idle");
}

TEST_F(Tail, ANameWithAColonIsATopic) {
  start_idle("ada");
  EXPECT_EQ(done({"tail", "agent_server:ada", "--from", "oldest", "--count", "1"}),
            "1 status_changed idle\n");
  EXPECT_EQ(done({"tail", "ada", "--from", "oldest", "--count", "1"}), "1 status_changed idle\n");
}

TEST_F(Tail, StartsAtASequence) {
  start_idle("ada");
  done({"pub", "ada"}, custom("three") + "\n" + custom("four"));
  const auto seen = read_event_lines(done({"tail", "ada", "--from", "4", "--count", "1", "--json"}));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(string_at(seen.front(), "/name"), "four");
}

/// Writes over the first record of a topic's ring, as no agentd would.
void damage_ring_of(const std::string& topic) {
  std::size_t damaged = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    if (!entry.path().filename().string().starts_with("ringside.")) continue;
    std::fstream ring(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    std::vector<char> header(sizeof(shm::RingHeader));
    ring.read(header.data(), static_cast<std::streamsize>(header.size()));
    shm::RingHeader found;
    std::memcpy(&found, header.data(), sizeof found);
    if (!ring ||
        std::string_view(found.topic, std::min<std::size_t>(found.topic_size, sizeof found.topic)) != topic)
      continue;
    ring.seekp(found.header_size);
    ring.write("damaged!", 8);
    ++damaged;
  }
  ASSERT_EQ(damaged, 1U);
}

TEST_F(Tail, EndsAtARingThatSaysWhatNoAgentdWrites) {
  const std::string agent = "damaged-" + std::to_string(getpid());
  start_idle(agent);
  damage_ring_of("agent_server:" + agent);
  expect_refused({"tail", agent, "--from", "oldest"}, ExitCode::bad_data, "damaged");
}

TEST_F(Tail, RefusesASequenceThatIsYetToComeAndNamesTheNext) {
  start_idle("ada");
  expect_refused({"tail", "ada", "--from", "1000"}, ExitCode::usage, "3");
}

TEST_F(Tail, BeginsWithTheStateSoFarAndGoesOnBehindIt) {
  start_idle("ada");
  done({"pub", "ada"}, text_delta("Light"));
  ChildProcess tail = sandbox_.spawn({"tail", "ada", "--count", "1", "--json"});
  const auto snapshot = read_event_line(tail.read_line().value_or("{}"));
  EXPECT_EQ(snapshot.kind, "snapshot");
  EXPECT_EQ(snapshot.seq, 3U) << "the last event that it includes";
  EXPECT_EQ(string_at(snapshot, "/agent/messages/0/parts/0/content/content"), "Light");
  done({"pub", "ada"}, text_delta("house"));
  const auto rest = read_event_lines(tail.finish().out);
  ASSERT_EQ(rest.size(), 1U) << "the snapshot is not counted";
  EXPECT_EQ(rest.front().seq, 4U);
  EXPECT_EQ(done({"tail", "ada", "--until", "snapshot"}), "3 snapshot idle messages 1\n")
      << "the one that is there; too little came since for another one";
}

TEST_F(Tail, RefusesANameThatNoTopicHas) {
  expect_refused({"tail", "conversation:" + std::string(300, 'x')}, ExitCode::usage, "200");
}

TEST_F(Tail, FromLatestShowsOnlyWhatComes) {
  start_idle("ada");
  done({"pub", "ada", "--json", custom("before")});
  ChildProcess watch = sandbox_.spawn({"presence", "--follow", "conversation:ada", "--json"});
  ASSERT_TRUE(watch.read_line().has_value());
  ChildProcess tail =
      sandbox_.spawn({"tail", "ada", "--from", "latest", "--count", "1", "--json", "--track", "eve"});
  ASSERT_TRUE(watch.read_line().has_value()) << "it is there";
  done({"pub", "ada", "--json", custom("after")});
  const auto seen = read_event_lines(tail.finish().out);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(string_at(seen.front(), "/name"), "after");
}

TEST_F(Tail, WaitsForAnAgentThatDoesNotRunAndSeesItsLifeFromTheFirstEvent) {
  ChildProcess watch = sandbox_.spawn({"presence", "--follow", "conversation:ada", "--json"});
  ASSERT_TRUE(watch.read_line().has_value());
  ChildProcess tail = sandbox_.spawn({"tail", "ada", "--count", "1", "--json", "--track", "eve"});
  ASSERT_TRUE(watch.read_line().has_value()) << "it is there";
  start_idle("ada");
  const Finished finished = tail.finish();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(kinds(read_event_lines(finished.out)), (std::vector<std::string>{"snapshot", "status_changed"}));
}

TEST_F(Tail, GoesOnFromLifeToLife) {
  start_idle("ada");
  done({"stop", "ada"});
  events("ada", "agent_shutdown");
  start_idle("ada");
  const auto seen = read_event_lines(done({"tail", "ada", "--from", "oldest", "--json", "--count", "5"}));
  EXPECT_EQ(kinds(seen), (std::vector<std::string>{"status_changed", "todos_updated", "agent_shutdown",
                                                   "status_changed", "todos_updated"}));
  EXPECT_EQ(seen.back().seq, 5U);
}

TEST_F(Tail, EndsAtTheEventItWasToldAndShowsNothingAfterIt) {
  start_idle("ada");
  done({"pub", "ada"}, custom("one") + "\n" + text_delta("Hi") + "\n" + custom("two"));
  const auto seen = events("ada", "llm_deltas");
  EXPECT_EQ(seen.back().kind, "llm_deltas");
  EXPECT_EQ(seen.back().seq, 4U);
}

TEST_F(Tail, EndsWithTheTimeItWasGiven) {
  start_idle("ada");
  const Finished finished =
      sandbox_.run({"tail", "ada", "--from", "oldest", "--until", "custom", "--timeout", "0.2"});
  EXPECT_EQ(finished.exit_code, code(ExitCode::timed_out));
  EXPECT_EQ(finished.out, "1 status_changed idle\n2 todos_updated restored\n") << "what was there was shown";
}

TEST_F(Tail, EndsWhenItIsInterrupted) {
  start_idle("ada");
  for (const int number : {SIGINT, SIGTERM}) {
    ChildProcess tail = sandbox_.spawn({"tail", "ada", "--from", "oldest"});
    ASSERT_TRUE(tail.read_line().has_value());
    tail.signal(number);
    EXPECT_EQ(tail.finish().exit_code, code(ExitCode::interrupted));
  }
}

TEST_F(Tail, EndsWhenItIsInterruptedWhileNobodyReadsWhatItSays) {
  start_idle("ada");
  std::string input;
  for (int i = 0; i < 300; ++i)
    input += custom(std::string(1000, 'x')) + "\n";
  done({"pub", "ada"}, input);
  ChildProcess tail = sandbox_.spawn({"tail", "ada", "--from", "oldest", "--json"});
  ASSERT_TRUE(tail.read_line().has_value());
  tail.signal(SIGTERM);
  EXPECT_EQ(tail.finish().exit_code, code(ExitCode::interrupted));
}

TEST_F(Tail, EndsQuietlyWhenNobodyReadsAnyMore) {
  start_idle("ada");
  ChildProcess tail = sandbox_.spawn({"tail", "ada", "--from", "oldest"});
  ASSERT_TRUE(tail.read_line().has_value());
  tail.close_output();  // and nothing more is published: it has to notice by itself
  const Finished finished = tail.finish();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.signal, 0);
  EXPECT_EQ(finished.err, "");
}

TEST_F(Tail, TellsWhenTheDaemonIsGone) {
  start_idle("ada");
  ChildProcess plain = sandbox_.spawn({"tail", "ada", "--from", "oldest"});
  ChildProcess asked = sandbox_.spawn({"tail", "ada", "--from", "oldest", "--until", "custom"});
  ASSERT_TRUE(plain.read_line().has_value());
  ASSERT_TRUE(asked.read_line().has_value());
  sandbox_.kill_daemon();
  const Finished plain_end = plain.finish();
  EXPECT_EQ(plain_end.exit_code, code(ExitCode::unavailable));
  EXPECT_NE(plain_end.err.find("agentd is gone"), std::string::npos) << plain_end.err;
  EXPECT_EQ(asked.finish().exit_code, code(ExitCode::unmet));
}

TEST_F(Tail, IsDrainedByADaemonThatIsStopped) {
  start_idle("ada");
  ChildProcess tail =
      sandbox_.spawn({"tail", "ada", "--from", "oldest", "--until", "agent_shutdown", "--json"});
  ASSERT_TRUE(tail.read_line().has_value());
  EXPECT_EQ(sandbox_.stop_daemon().exit_code, 0);
  EXPECT_EQ(tail.finish().exit_code, 0)
      << "the end of the agent's life was published before the daemon ended";
}

TEST_F(Tail, WritesPlainLinesIntoAPipe) {
  start_idle("ada");
  done({"pub", "ada"}, text_delta(R"(Hel\u001b[2J\nlo)") + "\n" + custom("note"));
  EXPECT_EQ(done({"tail", "ada", "--from", "3", "--count", "2"}),
            "3 llm_deltas text \"Hel\\x1b[2J\\nlo\"\n4 custom note text/plain bytes 0\n");
}

TEST_F(Tail, GrowsTheTextAtATerminal) {
  start_idle("ada");
  done({"pub", "ada"}, text_delta("Light") + "\n" + text_delta("house\\u001b[2J") + "\n" + custom("note"));
  // `script` gives it a terminal.
  ChildProcess terminal({"script", "-qec",
                         std::string(RINGSIDE_COMMAND) + " --socket " + sandbox_.socket().string() +
                             " tail ada --from 3 --count 3",
                         "/dev/null"},
                        {{"TERM", "xterm"}, {"NO_COLOR", ""}});
  const std::string shown = terminal.finish().out;
  EXPECT_NE(shown.find("Lighthouse\\x1b[2J"), std::string::npos) << shown;
  EXPECT_NE(shown.find("\x1b[2m-- custom note"), std::string::npos) << shown;
}

TEST_F(Tail, ShowsTheTextSoFarAtATerminal) {
  start_idle("ada");
  done({"pub", "ada"}, text_delta("Light") + "\n" + text_delta("house"));
  ChildProcess terminal({"script", "-qec",
                         std::string(RINGSIDE_COMMAND) + " --socket " + sandbox_.socket().string() +
                             " tail ada --until snapshot",
                         "/dev/null"},
                        {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  const std::string shown = terminal.finish().out;
  EXPECT_NE(shown.find("-- so far: idle"), std::string::npos) << shown;
  EXPECT_NE(shown.find("Lighthouse"), std::string::npos) << shown;
}

TEST_F(Tail, UsesNoColoursWhereTheyAreNotWanted) {
  start_idle("ada");
  ChildProcess terminal({"script", "-qec",
                         std::string(RINGSIDE_COMMAND) + " --socket " + sandbox_.socket().string() +
                             " tail ada --from oldest --count 2",
                         "/dev/null"},
                        {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  const std::string shown = terminal.finish().out;
  EXPECT_NE(shown.find("-- idle"), std::string::npos) << shown;
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
}

/// A ring that holds little, so that a reader can be overrun.
TEST_F(Tail, ShowsAnEventThatIsLargerThanASegmentWhole) {
  done({"start", "ada", "--runner", "exec", "--idle", "--", "/bin/sh", "-c",
        R"(read -r line
           name=$(head -c 600000 /dev/zero | tr '\0' x)
           printf '{"kind":"custom","event":{"name":"%s"}}\n' "$name"
           printf '{"kind":"status_changed","event":{"status":"idle"}}\n'
           read -r line)"});
  ChildProcess tail = sandbox_.spawn({"tail", "ada", "--from", "oldest", "--until", "custom", "--json"});
  done({"execute", "ada"});
  const Finished finished = tail.finish();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_NE(finished.out.find('"' + std::string(600'000, 'x') + '"'), std::string::npos);
  EXPECT_NE(done({"stat", "ada", "--json"}).find(R"("large_events":1)"), std::string::npos);
}

class TailOverrun : public CommandTest {
 protected:
  TailOverrun() : CommandTest("[ring]\nsegment_size = 4096\nwindow_segments = 4\nlarge_segments = 0\n") {}
};

TEST_F(TailOverrun, TellsTheExactGapGoesOnAndSaysSoInTheEnd) {
  start_idle("ada");
  ChildProcess tail =
      sandbox_.spawn({"tail", "ada", "--from", "oldest", "--json", "--until", "agent_shutdown"});
  ASSERT_TRUE(tail.read_line().has_value());
  tail.signal(SIGSTOP);
  std::string input;
  for (int i = 0; i < 2000; ++i)
    input += custom("n" + std::to_string(i)) + "\n";
  done({"pub", "ada"}, input);
  done({"stop", "ada"});
  tail.signal(SIGCONT);
  const Finished finished = tail.finish();
  EXPECT_EQ(finished.exit_code, code(ExitCode::gap)) << finished.err;
  const auto seen = read_event_lines(finished.out);
  EXPECT_TRUE(std::ranges::any_of(seen, &EventLine::is_gap));
  std::uint64_t next = 2;
  for (const EventLine& line : seen) {
    EXPECT_EQ(line.is_gap() ? line.gap_first : line.seq, next);
    next = line.is_gap() ? line.gap_first + line.gap_count : line.seq + 1;
  }
  EXPECT_EQ(seen.back().kind, "agent_shutdown");
  EXPECT_EQ(next, 2U + 2000U + 2U);
}

TEST_F(TailOverrun, NamesBothSizesOfAnEventThatIsLargerThanItsTopicTakes) {
  start_idle("ada");
  expect_refused({"pub", "ada", "--json", custom(std::string(6000, 'x'))}, ExitCode::bad_data, "60");
}

}  // namespace
}  // namespace ringside::tests
