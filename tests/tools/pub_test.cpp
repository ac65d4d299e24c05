// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/tools/command_test.hpp"

namespace ringside::tests {
namespace {

class Pub : public CommandTest {
 protected:
  Pub() { start_idle("ada"); }

  /// The names of all custom events of the agent, in order; ends its life to know that it has all.
  std::vector<std::string> names() const {
    done({"stop", "ada"});
    std::vector<std::string> found;
    for (const EventLine& line : events("ada", "agent_shutdown"))
      if (line.kind == "custom") found.push_back(string_at(line, "/name").value_or(""));
    return found;
  }

  Finished pub(std::string_view input, std::vector<std::string> more = {"-"}) const {
    std::vector<std::string> words = {"pub", "ada"};
    words.insert(words.end(), more.begin(), more.end());
    return sandbox_.run(words, input);
  }
};

TEST_F(Pub, PublishesEachLineInOrderAndSaysNothing) {
  EXPECT_EQ(done({"pub", "ada", "-"}, custom("one") + "\n" + custom("two") + "\n\n" + custom("three")), "");
  EXPECT_EQ(done({"pub", "ada"}, custom("four")), "") << "standard input is the default";
  EXPECT_EQ(done({"pub", "ada", "--json", custom("five")}), "");
  EXPECT_EQ(names(), (std::vector<std::string>{"one", "two", "three", "four", "five"}));
}

TEST_F(Pub, TellsTheSequencesWhereItIsAsked) {
  // 1 and 2 were published when the agent started.
  EXPECT_EQ(done({"pub", "ada", "-v"}, custom("one") + "\n" + custom("two")), "3\n4\n");
}

TEST_F(Pub, RefusesABadLineByItsNumberAndPublishesTheLinesAroundIt) {
  const std::string input = join_lines({
      custom("one"),
      "{\"kind\":\"custom\",\"event\":",
      custom("two"),
      "not json",
      R"({"kind":"nonsense","event":{}})",
      R"({"kind":"custom","event":{"nme":"x"}})",
      R"({"kind":"custom"})",
      "[]",
      custom("thr\xff"),
      custom("four"),
  });
  const Finished finished = pub(input);
  EXPECT_EQ(finished.exit_code, static_cast<int>(ExitCode::bad_data));
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(std::ranges::count(finished.err, '\n'), 7) << finished.err;
  for (const char* number : {"line 2:", "line 4:", "line 5:", "line 6:", "line 7:", "line 8:", "line 9:"})
    EXPECT_NE(finished.err.find(number), std::string::npos) << number << '\n' << finished.err;
  EXPECT_NE(finished.err.find("nonsense"), std::string::npos) << finished.err;
  EXPECT_NE(finished.err.find("nme"), std::string::npos) << finished.err;
  EXPECT_EQ(names(), (std::vector<std::string>{"one", "two", "four"}));
}

TEST_F(Pub, RefusesKindsThatOnlyTheDaemonPublishes) {
  const std::string input =
      join_lines({custom("one"), R"({"kind":"status_changed","event":{"status":"running"}})",
                  R"({"kind":"agent_shutdown","event":{"reason":"manual"}})", custom("two")});
  const Finished finished = pub(input);
  EXPECT_EQ(finished.exit_code, static_cast<int>(ExitCode::bad_data));
  EXPECT_NE(finished.err.find("line 2: "), std::string::npos) << finished.err;
  EXPECT_NE(finished.err.find("line 3: "), std::string::npos) << finished.err;
  EXPECT_NE(finished.err.find("status_changed"), std::string::npos) << finished.err;
  EXPECT_EQ(names(), (std::vector<std::string>{"one", "two"}));
}

TEST_F(Pub, NamesBothSizesOfAnEventThatIsLargerThanASegment) {
  const std::string large(100'000, 'x');
  const Finished finished = pub(join_lines({custom("one"), custom(large), custom("two")}));
  EXPECT_EQ(finished.exit_code, static_cast<int>(ExitCode::bad_data));
  EXPECT_NE(finished.err.find("line 2: "), std::string::npos) << finished.err;
  EXPECT_NE(finished.err.find("takes 1000"), std::string::npos) << "its size: " << finished.err;
  EXPECT_NE(finished.err.find("65536"), std::string::npos) << "the segment's: " << finished.err;
  EXPECT_EQ(names(), (std::vector<std::string>{"one", "two"}));
}

TEST_F(Pub, PassesOverALineOfAbsurdLength) {
  const Finished finished = pub(join_lines({custom("one"), std::string(3'000'000, '['), custom("two")}));
  EXPECT_EQ(finished.exit_code, static_cast<int>(ExitCode::bad_data));
  EXPECT_NE(finished.err.find("line 2: "), std::string::npos) << finished.err;
  EXPECT_EQ(names(), (std::vector<std::string>{"one", "two"}));
}

TEST_F(Pub, RefusesABadLineOfTheCommandLine) {
  expect_refused({"pub", "ada", "--json", "{"}, ExitCode::bad_data, "line 1");
  EXPECT_TRUE(names().empty());
}

TEST_F(Pub, TakesBackWhatTailPrints) {
  done({"pub", "ada"}, custom("one"));
  const std::string printed = done({"tail", "ada", "--from", "3", "--json", "--count", "1"});
  EXPECT_EQ(done({"pub", "ada"}, printed), "");
  EXPECT_EQ(names(), (std::vector<std::string>{"one", "one"}));
}

TEST_F(Pub, PublishesALineAsSoonAsItIsThere) {
  ChildProcess publisher = sandbox_.spawn({"pub", "ada", "-v"});
  publisher.write_input(custom("one") + "\n");
  EXPECT_EQ(publisher.read_line(), "3");
  publisher.write_input(custom("two") + "\n");
  EXPECT_EQ(publisher.read_line(), "4");
  EXPECT_EQ(publisher.finish().exit_code, 0);
}

TEST_F(Pub, PublishesThousandsOfLinesInOrder) {
  std::string input;
  std::vector<std::string> expected;
  for (int i = 0; i < 3000; ++i) {
    expected.push_back("n" + std::to_string(i));
    input += custom(expected.back()) + "\n";
  }
  EXPECT_EQ(done({"pub", "ada"}, input), "");
  EXPECT_EQ(names(), expected);
}

}  // namespace
}  // namespace ringside::tests
