// SPDX-License-Identifier: Apache-2.0
//
// The examples are run as the README says.
#include <string>

#include <ringside/topic.hpp>

#include "tests/clientlib/daemon_host.hpp"

namespace ringside {
namespace {

using test::DaemonTest;

class ExampleTest : public DaemonTest {
 protected:
  tests::ChildProcess run(std::vector<std::string> words) {
    return tests::ChildProcess(words, {{"RINGSIDE_SOCKET", sandbox_.socket().string()}});
  }
};

TEST_F(ExampleTest, WatchPrintsTheTextAndIsAViewerUntilTheEnd) {
  Subscription presence = client_.subscribe("conversation:1").value();
  tests::ChildProcess watch = run({RINGSIDE_EXAMPLE_WATCH, "ada", "conversation:1"});
  ASSERT_TRUE(read_until(presence,
                         [](const Event& event) { return event.kind() == events::Payload::presence_diff; }));
  Subscription agent = client_.subscribe_agent("ada").value();
  ASSERT_TRUE(client_.start("ada", {.runner = test::sample()}));
  std::string text;
  ASSERT_TRUE(read_until(agent, [&](const Event& event) {
    if (const auto* message = event.as<events::LlmMessage>()) {
      for (const auto* part : *message->message()->content())
        if (part->type() == events::ContentType::text) text += part->content()->string_view();
    }
    const auto* status = event.as<events::StatusChanged>();
    return !text.empty() && status != nullptr && status->status() == events::AgentStatus::idle;
  }));
  ASSERT_TRUE(client_.stop("ada"));
  const tests::Finished finished = watch.finish();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.out, text + "\n");
}

TEST_F(ExampleTest, PublishSaysWhichEventItBecame) {
  ASSERT_TRUE(client_.start("ada", {.runner = test::sample(), .stay_idle = true}));
  Subscription agent = client_.subscribe_agent("ada").value();
  const tests::Finished finished = run({RINGSIDE_EXAMPLE_PUBLISH, "ada", "greeting", "hello"}).finish();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  ASSERT_TRUE(read_until(agent, [](const Event& event) { return event.kind() == events::Payload::custom; }));
  EXPECT_EQ(finished.out, "event " + std::to_string(agent.next_sequence() - 1) + " of ada\n");
}

TEST_F(ExampleTest, WatchAllFollowsWhoeverRuns) {
  ASSERT_TRUE(client_.start("ada", {.runner = test::sample(), .stay_idle = true}));
  tests::ChildProcess watch = run({RINGSIDE_EXAMPLE_WATCH_ALL, "2"});
  ASSERT_TRUE(client_.start("bob", {.runner = test::sample(), .stay_idle = true}));
  for (const char* agent : {"ada", "bob"}) {
    while (client_.reader_stats(agent_topic(agent)).value().empty()) {
    }
    ASSERT_TRUE(client_.stop(agent));
  }
  const tests::Finished finished = watch.finish();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.out, "agent_server:ada: over, manual\nagent_server:bob: over, manual\n");
}

TEST_F(ExampleTest, WithoutAnAgentdTheySayWhatToDo) {
  for (const char* example : {RINGSIDE_EXAMPLE_WATCH, RINGSIDE_EXAMPLE_PUBLISH}) {
    const tests::Finished finished =
        tests::ChildProcess({example, "ada", "name", "text"}, {{"RINGSIDE_SOCKET", "/nonexistent.sock"}})
            .finish();
    EXPECT_NE(finished.exit_code, 0);
    EXPECT_NE(finished.err.find("start agentd"), std::string::npos) << finished.err;
  }
}

}  // namespace
}  // namespace ringside
