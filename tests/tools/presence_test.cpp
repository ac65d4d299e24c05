// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/tools/command_test.hpp"

namespace ringside::tests {
namespace {

class Presence : public CommandTest {
 protected:
  ChildProcess view(const std::string& name, const std::string& key) const {
    return sandbox_.spawn({"tail", name, "--track", key, "--json"});
  }
};

TEST_F(Presence, ListShowsWhoIsThere) {
  EXPECT_EQ(done({"presence", "conversation:7"}), "");
  ChildProcess watch = sandbox_.spawn({"presence", "--follow", "conversation:7", "--json"});
  ASSERT_TRUE(watch.read_line().has_value());
  ChildProcess ada = view("conversation:7", "ada");
  ASSERT_TRUE(watch.read_line().has_value());
  EXPECT_EQ(done({"presence", "conversation:7"}), "ada  via=ringside tail\n");
  const std::string json = done({"presence", "conversation:7", "--json"});
  EXPECT_TRUE(json.starts_with(R"({"key":"ada","metas":[{"ref":)")) << json;
  EXPECT_NE(json.find(R"("meta":{"via":"ringside tail"})"), std::string::npos) << json;
}

TEST_F(Presence, WatchTellsComingsAndGoings) {
  ChildProcess watch = sandbox_.spawn({"presence", "--follow", "conversation:7", "--json"});
  EXPECT_EQ(watch.read_line(), R"({"presence":{"topic":"conversation:7","version":0,"viewers":[]}})");
  {
    ChildProcess ada = view("conversation:7", "ada");
    const auto joined = read_event_line(watch.read_line().value_or("{}"));
    EXPECT_EQ(joined.kind, "presence_diff");
    EXPECT_EQ(string_at(joined, "/joins/0/key"), "ada");
  }  // killed: its connection is closed for it
  const auto left = read_event_line(watch.read_line().value_or("{}"));
  EXPECT_EQ(string_at(left, "/leaves/0/key"), "ada");
}

TEST_F(Presence, WatchShowsWhoIsThereBeforeWhoComes) {
  ChildProcess first = sandbox_.spawn({"presence", "--follow", "conversation:7"});
  ChildProcess ada = view("conversation:7", "ada");
  EXPECT_TRUE(first.read_line().has_value());
  ChildProcess second = sandbox_.spawn({"presence", "--follow", "conversation:7", "--count", "1"});
  EXPECT_EQ(second.read_line(), "ada  via=ringside tail");
  ChildProcess bob = view("conversation:7", "bob");
  const Finished finished = second.finish();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.out, "+ bob  via=ringside tail\n");
}

TEST_F(Presence, OfAgentsTellsTheirStartsTheirStatusAndTheirEnds) {
  ChildProcess watch = sandbox_.spawn({"presence", "--follow", "agent_server:presence", "--count", "3"});
  ChildProcess ready = sandbox_.spawn({"presence", "--follow", "agent_server:presence", "--json"});
  ASSERT_TRUE(ready.read_line().has_value());
  while (done({"stat", "agent_server:presence", "--json"}).find(R"("subscribers":2)") == std::string::npos) {
  }
  start_idle("ada", {"--presence-topic", "conversation:7"});
  const std::string now = done({"presence", "agent_server:presence"});
  EXPECT_TRUE(now.starts_with("ada  conversation_id=7  last_activity_at=")) << now;
  EXPECT_TRUE(now.ends_with("  status=idle\n")) << now;
  done({"send", "ada", "hello"});
  done({"stop", "ada"});
  const auto joined = watch.read_line().value_or("");
  EXPECT_TRUE(joined.starts_with("+ ada  conversation_id=7")) << joined;
  const auto changed = watch.read_line().value_or("");
  EXPECT_TRUE(changed.starts_with("~ ada") && changed.ends_with("status=running")) << changed;
  EXPECT_EQ(watch.finish().exit_code, 0);
}

TEST_F(Presence, OfAgentsSaysWhatListSays) {
  start_idle("ada", {"--presence-topic", "conversation:7"});
  start_idle("bob");
  const std::string present = done({"presence", "agent_server:presence", "--json"});
  const std::string listed = done({"list", "--json"});
  for (const char* agent : {"ada", "bob"}) {
    const std::string in_list = listed.substr(listed.find("\"agent\":\"" + std::string(agent)));
    const std::string in_presence = present.substr(present.find("\"key\":\"" + std::string(agent)));
    for (const std::string name : {"started_at", "last_activity_at"}) {
      const auto number = [&](const std::string& text, const std::string& before) {
        const std::size_t at = text.find(before) + before.size();
        return text.substr(at, text.find_first_not_of("0123456789", at) - at);
      };
      EXPECT_EQ(number(in_presence, '"' + name + "\":\""), number(in_list, '"' + name + "\":")) << name;
    }
  }
}

TEST_F(Presence, WatchingIsNotViewing) {
  start_idle("ada", {"--presence-topic", "conversation:7", "--grace", "60000"});
  ChildProcess watch = sandbox_.spawn({"presence", "--follow", "conversation:7"});
  ChildProcess tail = sandbox_.spawn({"tail", "ada", "--from", "oldest"});
  EXPECT_TRUE(tail.read_line().has_value());
  EXPECT_NE(done({"list", "--json"}).find(R"("viewers":0)"), std::string::npos);
}

TEST_F(Presence, TailTracksWhereTheAgentCountsItsViewers) {
  start_idle("ada", {"--presence-topic", "room:7", "--grace", "60000"});
  ChildProcess watch = sandbox_.spawn({"presence", "--follow", "room:7"});
  ChildProcess viewer = view("ada", "eve");
  EXPECT_TRUE(watch.read_line().has_value());
  EXPECT_NE(done({"list", "--json"}).find(R"("presence_topic":"room:7","viewers":1)"), std::string::npos);
}

TEST_F(Presence, TailTracksTheAgentsConversationWhereTheAgentSaysNothing) {
  start_idle("ada");
  ChildProcess watch = sandbox_.spawn({"presence", "--follow", "conversation:ada"});
  ChildProcess viewer = view("ada", "eve");
  EXPECT_TRUE(watch.read_line().has_value());
}

TEST_F(Presence, TailMovesToWhereTheAgentsNextLifeCountsItsViewers) {
  ChildProcess before = sandbox_.spawn({"presence", "--follow", "conversation:ada", "--count", "2"});
  ChildProcess viewer = view("ada", "eve");
  EXPECT_TRUE(before.read_line().has_value()) << "nobody runs: the conversation of that name";
  start_idle("ada", {"--presence-topic", "room:7", "--grace", "60000"});
  EXPECT_TRUE(before.read_line().has_value()) << "it left";
  EXPECT_NE(done({"presence", "room:7"}).find("eve"), std::string::npos);
}

TEST_F(Presence, AnAgentThatNobodyWatchesEnds) {
  start_idle("ada", {"--presence-topic", "room:7", "--grace", "50"});
  const auto seen = events("ada", "agent_shutdown");
  EXPECT_EQ(string_at(seen.back(), "/reason"), "no_viewers");
}

TEST_F(Presence, WatchEndsWithTheTimeItWasGiven) {
  const Finished finished = sandbox_.run({"presence", "--follow", "conversation:7", "--timeout", "0.05"});
  EXPECT_EQ(finished.exit_code, static_cast<int>(ExitCode::timed_out));
}

}  // namespace
}  // namespace ringside::tests
