// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <ringside/ring_file.hpp>

#include "tests/tools/command_test.hpp"

namespace ringside::tests {
namespace {

/// An agent whose name no other test has: rings of one machine are beside each other.
class Inspect : public CommandTest {
 protected:
  Inspect() : agent_("inspect-" + std::to_string(getpid())) {
    start_idle(agent_);
    done({"pub", agent_}, join_lines({custom("three"), custom("four"), custom("five")}));
    for (const std::string& path : find_ring_files()) {
      const auto ring = RingFile::open(path);
      if (ring && ring->facts().topic == "agent_server:" + agent_) rings_.push_back(path);
    }
    EXPECT_EQ(rings_.size(), 1U);
  }
  /// A killed agentd leaves its rings to its next start.
  ~Inspect() override {
    for (const std::string& path : rings_)
      std::filesystem::remove(path);
  }

  [[nodiscard]] const std::string& ring() const { return rings_.front(); }
  [[nodiscard]] std::string name() const { return std::filesystem::path(ring()).filename(); }
  [[nodiscard]] std::string copy() const {
    const std::string path = (sandbox_.folder() / "copy").string();
    std::filesystem::copy_file(ring(), path, std::filesystem::copy_options::overwrite_existing);
    return path;
  }
  /// As with `finish`, but nothing else is asked of it.
  [[nodiscard]] Finished inspect(std::vector<std::string> words) const {
    words.insert(words.begin(), "inspect");
    return sandbox_.run(words);
  }
  /// What `tail` prints of the last events; `from` is the first of them.
  [[nodiscard]] std::string tail(int from, int count) const {
    return done({"tail", agent_, "--from", std::to_string(from), "--count", std::to_string(count), "--json"});
  }

  std::string agent_;
  std::vector<std::string> rings_;
};

TEST_F(Inspect, SaysWhatTheHeaderSaysAndWhereTheRingEnds) {
  const std::string shown = done({"inspect", name()});
  for (const std::string& word :
       {"agent_server:" + agent_, std::string("this one"), std::string("next event   6"),
        std::string("65536 bytes"), std::string("process ")}) {
    EXPECT_NE(shown.find(word), std::string::npos) << word << '\n' << shown;
  }
}

TEST_F(Inspect, ShowsTheLastEventsAsTailDoes) {
  const std::string shown = done({"inspect", name(), "--events", "2"});
  const std::string last = tail(4, 2);
  ASSERT_GT(shown.size(), last.size());
  EXPECT_EQ(shown.substr(shown.size() - last.size()), last);
  EXPECT_EQ(shown[shown.size() - last.size() - 2], '\n') << "and no more of them\n" << shown;
}

TEST_F(Inspect, ReadsTheRingOfADaemonThatWasKilledWhole) {
  const std::string all = tail(1, 5);
  sandbox_.kill_daemon();
  const std::string shown = done({"inspect", ring(), "--events", "1000", "--json"});
  const std::size_t end_of_facts = shown.find('\n') + 1;
  EXPECT_EQ(shown.substr(end_of_facts), all);
  EXPECT_NE(shown.find(R"("next_sequence":6)"), std::string::npos) << shown;
}

TEST_F(Inspect, ARingIsGoneWithADaemonThatWasStopped) {
  sandbox_.stop_daemon();
  expect_refused({"inspect", name()}, ExitCode::no_input, name());
}

TEST_F(Inspect, SeesADaemonAsTheWriterAsLongAsItLives) {
  EXPECT_EQ(done({"inspect", name(), "--json"}).find(R"("writer_pid":null)"), std::string::npos);
  sandbox_.kill_daemon();
  sandbox_.stop_daemon();  // and its end has been waited for
  EXPECT_NE(done({"inspect", name(), "--json"}).find(R"("writer_pid":null)"), std::string::npos);
}

TEST_F(Inspect, ACopyHasNoWriter) {
  EXPECT_NE(done({"inspect", copy(), "--json"}).find(R"("writer_pid":null)"), std::string::npos);
}

TEST_F(Inspect, ListsTheRingsOfThisUser) {
  // Other tests make rings meanwhile, and one that is half made is told as what it is: not a ring.
  const std::string table = inspect({}).out;
  EXPECT_TRUE(table.starts_with("NAME")) << table;
  const auto row = table.find(name());
  ASSERT_NE(row, std::string::npos) << table;
  const std::string line = table.substr(row, table.find('\n', row) - row);
  EXPECT_NE(line.find("agent_server:" + agent_), std::string::npos) << line;
  EXPECT_NE(line.find("process "), std::string::npos) << line;
  const std::string lines = inspect({"--json"}).out;
  EXPECT_NE(lines.find(R"("topic":"agent_server:)" + agent_ + R"(")"), std::string::npos) << lines;
}

TEST_F(Inspect, TellsADamagedEventWithItsPlaceAndShowsTheOthers) {
  const std::string path = copy();
  const auto first = RingFile::open(path)->segments().front();
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(first.offset + 24));
  file.write("damaged!", 8);
  file.close();
  const Finished text = inspect({path, "--events", "1000"});
  EXPECT_EQ(text.exit_code, static_cast<int>(ExitCode::bad_data));
  EXPECT_EQ(text.err, "ringside: inspect: event 1, segment 0, offset " + std::to_string(first.offset) +
                          ": an event that is not usable: it has no root\n");
  EXPECT_TRUE(text.out.ends_with(tail(2, 4))) << text.out;
  const Finished json = inspect({path, "--json"});
  EXPECT_EQ(json.exit_code, static_cast<int>(ExitCode::bad_data));
  EXPECT_NE(json.out.find(R"({"damage":{"sequence":1,"segment":0,"offset":)"), std::string::npos) << json.out;
  EXPECT_EQ(json.err, "");
}

TEST_F(Inspect, AFileThatWasCutOffIsReadToWhereItEnds) {
  const std::string path = copy();
  std::filesystem::resize_file(path, RingFile::open(path)->segments().front().offset + 4096);
  EXPECT_EQ(inspect({path, "--events", "9"}).exit_code, 0) << "five small events lie before that";
  std::filesystem::resize_file(path, 4096);
  expect_refused({"inspect", path}, ExitCode::bad_data, "size");
  std::filesystem::resize_file(path, 100);
  expect_refused({"inspect", path}, ExitCode::bad_data, "too small");
}

TEST_F(Inspect, RefusesWhatIsNoRing) {
  expect_refused({"inspect", "ringside.none"}, ExitCode::no_input, "ringside.none");
  expect_refused({"inspect", sandbox_.folder() / "none"}, ExitCode::no_input, "none");
  expect_refused({"inspect", sandbox_.folder()}, ExitCode::bad_data, sandbox_.folder().string());
  const std::string text = sandbox_.write_file("text", std::string(8192, 'x'));
  std::filesystem::permissions(text,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  expect_refused({"inspect", text}, ExitCode::bad_data, "not a ring");
}

}  // namespace
}  // namespace ringside::tests
