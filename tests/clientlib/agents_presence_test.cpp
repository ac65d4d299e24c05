// SPDX-License-Identifier: Apache-2.0
//
// `agent_server:presence`: which agents run, as clients see it.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <ringside/topic.hpp>

#include "tests/clientlib/daemon_host.hpp"
#include "tests/clientlib/presence_room.hpp"

namespace ringside {
namespace {

using test::Chance;
using test::DaemonTest;
using test::for_ever;
using test::RoomReader;

class AgentsPresence : public DaemonTest {
 protected:
  void start(const std::string& agent, const std::string& presence_topic = {}) {
    const auto started = client_.start(agent, {.runner = test::sample(),
                                               .presence_topic = presence_topic,
                                               .grace_period = std::chrono::hours(1),
                                               .inactivity = std::chrono::milliseconds(0),
                                               .stay_idle = true});
    ASSERT_TRUE(started) << started.error().message;
  }

  PresenceList listed() { return client_.presence_list(agents_topic).value(); }

  /// The entry of an agent, as listed now.
  PresenceMeta entry(const std::string& agent) { return listed().viewers.at(agent).at(0); }
};

TEST_F(AgentsPresence, TellsStatusTimesAndConversationOfEachAgentThatRuns) {
  start("ada", "conversation:7");
  start("bob");
  const PresenceList list = listed();
  ASSERT_EQ(list.viewers.size(), 2U);
  const Meta& ada = list.viewers.at("ada").at(0).meta;
  const Meta& bob = list.viewers.at("bob").at(0).meta;
  const AgentInfo info = client_.list_agents().value().at(0);
  EXPECT_EQ(ada.at("status"), "idle");
  EXPECT_EQ(ada.at("started_at"), std::to_string(info.started_at));
  EXPECT_EQ(ada.at("last_activity_at"), std::to_string(info.last_activity_at));
  EXPECT_EQ(ada.at("conversation_id"), "7");
  EXPECT_FALSE(bob.contains("conversation_id"));
}

TEST_F(AgentsPresence, IsUpdatedUnderANewRefWhenAStatusChanges) {
  start("ada");
  const PresenceMeta before = entry("ada");
  Subscription presence = client_.subscribe(agents_topic, {.from = From::latest}).value();
  ASSERT_TRUE(client_.send("ada", "hello"));
  bool first = true;
  ASSERT_TRUE(read_until(presence, [&](const Event& event) {
    const auto* diff = event.as<events::PresenceDiff>();
    EXPECT_EQ(diff->leaves()->size(), 1U);
    EXPECT_EQ(diff->joins()->size(), 1U);
    const auto* joined = diff->joins()->Get(0)->metas()->Get(0);
    if (first) {
      EXPECT_EQ(joined->previous_ref(), before.ref);
    }
    first = false;
    const auto& meta = *joined->meta();
    return std::ranges::any_of(meta, [](const events::KeyValue* pair) {
      return pair->key()->string_view() == "status" && pair->value()->string_view() == "idle";
    });
  }));
}

TEST_F(AgentsPresence, TellsActivityThatChangesNoStatusOnceInAWhile) {
  start("ada");
  const std::string before = entry("ada").meta.at("last_activity_at");
  Subscription presence = client_.subscribe(agents_topic, {.from = From::latest}).value();
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(client_.touch("ada"));
  const std::int64_t last = client_.list_agents().value().at(0).last_activity_at;
  // One diff for all of them, and it has the last.
  ASSERT_EQ(presence.wait(for_ever), WaitResult::event);
  ASSERT_NE(presence.next(), nullptr);
  EXPECT_EQ(presence.next(), nullptr);
  const PresenceMeta after = entry("ada");
  EXPECT_EQ(after.meta.at("last_activity_at"), std::to_string(last));
  EXPECT_NE(after.meta.at("last_activity_at"), before);
}

TEST_F(AgentsPresence, IsLeftAfterTheLastEventOfTheLife) {
  Subscription life = client_.subscribe_agent("ada", {.from = From::latest}).value();
  Subscription presence = client_.subscribe(agents_topic, {.from = From::latest}).value();
  start("ada");
  ASSERT_TRUE(client_.stop("ada"));
  ASSERT_TRUE(read_until(presence, [](const Event& event) {
    const auto* leaves = event.as<events::PresenceDiff>()->leaves();
    return leaves != nullptr && event.as<events::PresenceDiff>()->joins() == nullptr;
  }));
  // Who sees the leave finds the shutdown published.
  bool over = false;
  life.poll([&over](const Event& event) { over = event.kind() == events::Payload::agent_shutdown; });
  EXPECT_TRUE(over);
  EXPECT_FALSE(listed().viewers.contains("ada"));
}

TEST_F(AgentsPresence, IsExactForEveryReaderWhileAgentsComeAndGo) {
  constexpr std::size_t agents = 16;
  Chance chance;
  SCOPED_TRACE("RINGSIDE_SEED=" + std::to_string(chance.seed()));
  std::set<std::string> running;
  std::vector<std::unique_ptr<RoomReader>> readers;
  for (int step = 0; step < 400 && !HasFailure(); ++step) {
    const std::string agent = "agent-" + std::to_string(chance.below(agents));
    switch (chance.below(6)) {
      case 0:
      case 1:
        start(agent, chance.below(2) == 0 ? "" : "conversation:" + agent);
        running.insert(agent);
        break;
      case 2:
        EXPECT_EQ(client_.stop(agent).has_value(), running.erase(agent) == 1);
        break;
      case 3:  // a run, which ends while other things happen
        if (running.contains(agent)) static_cast<void>(client_.execute(agent));
        break;
      case 4:
        if (readers.size() < 8)
          readers.push_back(std::make_unique<RoomReader>(client_, std::string(agents_topic)));
        break;
      default: {
        const PresenceList list = listed();
        const test::Room room = test::room_of(list.viewers);
        for (const auto& reader : readers)
          EXPECT_EQ(reader->at(list.version), room);
        break;
      }
    }
  }
  // What is stopped in the middle of a run ends when that has ended.
  for (const std::string& agent : running)
    ASSERT_TRUE(client_.stop(agent));
  RoomReader last(client_, std::string(agents_topic));
  Subscription presence = client_.subscribe(agents_topic, {.from = From::latest}).value();
  PresenceList list = listed();
  while (!list.viewers.empty()) {
    ASSERT_EQ(presence.wait(for_ever), WaitResult::event);
    presence.poll([](const Event&) {});
    list = listed();
  }
  for (const auto& reader : readers)
    EXPECT_TRUE(reader->at(list.version).empty());
}

}  // namespace
}  // namespace ringside
