// SPDX-License-Identifier: Apache-2.0
//
// User messages that come while a run is running, and what becomes of them: the specification, section 5.
#include <gtest/gtest.h>

#include "agentd/agent.hpp"
#include "tests/agentd/agent_world.hpp"
#include "tests/agentd/interrupt_samples.hpp"

namespace ringside::agentd::testing {
namespace {

using control::ErrorCode;
using events::AgentStatus;
using Said = std::vector<std::string>;

/// An agent whose run is running, with messages that wait.
struct Busy : Life {
  explicit Busy(unsigned messages = 0) : Life(AgentOptions{}) {
    EXPECT_TRUE(agent.execute(now()));
    for (unsigned i = 0; i < messages; ++i)
      ids.push_back(agent.send("message " + std::to_string(i), now()).value().message_id);
    published();
  }
  std::string last_told() const {
    for (auto event = events.rbegin(); event != events.rend(); ++event)
      if (const auto* told = (*event)->payload.Asllm_message()) return told->message->id;
    return "";
  }
  std::vector<std::string> ids;
};

TEST(MessageQueue, TellsAMessageThatWaits) {
  Busy busy;
  const auto sent = busy.agent.send("and another thing", busy.now());
  ASSERT_TRUE(sent);
  EXPECT_TRUE(sent->queued);
  EXPECT_EQ(sent->run, 0u);
  EXPECT_EQ(busy.published(), Said{"message_queued"});
  const auto& message = *busy.events.back()->payload.Asmessage_queued()->message;
  EXPECT_EQ(message.id, sent->message_id);
  EXPECT_EQ(message.role, events::Role::user);
  EXPECT_EQ(message.content.at(0)->content, "and another thing");
  EXPECT_EQ(busy.agent.status(), AgentStatus::running);
  EXPECT_EQ(busy.started.size(), 1u);
}

TEST(MessageQueue, IsTakenUpByTheNextRunWithoutPassingThroughIdle) {
  Busy busy(1);
  busy.finish(RunEnd::idle);
  EXPECT_EQ(busy.published(), (Said{"llm_message", "status running"}));
  EXPECT_EQ(busy.last_told(), busy.ids[0]);
  EXPECT_EQ(busy.started.back().run, 2u);
  EXPECT_EQ(busy.started.back().message->id, busy.ids[0]);
  EXPECT_EQ(busy.started.back().message->text, "message 0");
  EXPECT_EQ(busy.events.back()->run, 2u);
  busy.finish(RunEnd::idle);
  EXPECT_EQ(busy.published(), Said{"status idle"});
}

TEST(MessageQueue, IsTakenUpAfterAPauseAsAMessageAfterItWouldBe) {
  Busy busy(1);
  busy.finish(RunEnd::paused);
  EXPECT_EQ(busy.published(), (Said{"llm_message", "status running"}));
}

TEST(MessageQueue, KeepsTheOrderOfTheMessagesOneARun) {
  Busy busy(3);
  for (const std::string& id : std::vector(busy.ids)) {
    busy.finish(RunEnd::idle);
    EXPECT_EQ(busy.started.back().message->id, id);
  }
  busy.finish(RunEnd::idle);
  EXPECT_EQ(busy.agent.status(), AgentStatus::idle);
  EXPECT_EQ(busy.started.size(), 4u);
}

TEST(MessageQueue, IsBoundedAndSaysSo) {
  Busy busy(queued_messages_max);
  const auto refused = busy.agent.send("one too many", busy.now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::queue_full);
  EXPECT_EQ(refused.error().message,
            "64 messages wait for the running run of agent \"ada\", its limit: wait for the run to end, or "
            "cancel it");
  EXPECT_EQ(busy.published(), Said{});
  busy.finish(RunEnd::idle);
  EXPECT_TRUE(busy.agent.send("now there is room", busy.now()));
}

TEST(MessageQueue, WaitsOnAfterARunThatDoesNotEndWell) {
  for (const auto end : {RunEnd::cancelled, RunEnd::error}) {
    Busy busy(2);
    busy.finish(end);
    EXPECT_NE(busy.agent.status(), AgentStatus::running);
    busy.published();
    const auto third = busy.agent.send("third", busy.now());
    ASSERT_TRUE(third);
    EXPECT_TRUE(third->queued);
    EXPECT_EQ(busy.published(), (Said{"message_queued", "llm_message", "status running"}));
    EXPECT_EQ(busy.last_told(), busy.ids[0]);
    for (const std::string& id : {busy.ids[1], third->message_id}) {
      busy.finish(RunEnd::idle);
      EXPECT_EQ(busy.last_told(), id);
    }
  }
}

TEST(MessageQueue, AFullOneAfterACancelIsEmptiedByAMessageAndNotStuck) {
  Busy busy(queued_messages_max);
  busy.finish(RunEnd::cancelled);
  EXPECT_TRUE(busy.agent.send("go on", busy.now()));
  EXPECT_EQ(busy.agent.status(), AgentStatus::running);
  EXPECT_EQ(busy.agent.send("one too many", busy.now()).error().code, ErrorCode::queue_full);
}

TEST(MessageQueue, DoesNotSupersedeAnInterruptThatNobodyHadSeen) {
  Busy busy(1);
  busy.interrupt(question("q"));
  EXPECT_EQ(busy.published(), Said{"status interrupted"});
  ASSERT_TRUE(busy.agent.resume("q", selected({"a"}), busy.now()));
  busy.published();
  busy.finish(RunEnd::idle);
  EXPECT_EQ(busy.published(), (Said{"llm_message", "status running"}));
  EXPECT_EQ(busy.last_told(), busy.ids[0]);
}

TEST(MessageQueue, IsTakenUpInItsOrderByAMessageThatSupersedes) {
  Busy busy(1);
  busy.interrupt(question("q"));
  busy.published();
  const auto second = busy.agent.send("forget it", busy.now());
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->queued);
  EXPECT_EQ(busy.published(), (Said{"message_queued", "status idle", "llm_message", "status running"}));
  EXPECT_EQ(busy.last_told(), busy.ids[0]);
}

TEST(MessageQueue, IsTakenUpWhenAHaltIsDismissed) {
  Busy busy(1);
  busy.interrupt(halt("h"));
  busy.published();
  ASSERT_TRUE(busy.agent.dismiss("h", busy.now()));
  EXPECT_EQ(busy.published(), (Said{"status idle", "llm_message", "status running"}));
}

TEST(MessageQueue, IsLostWithTheLifeAndTheShutdownSaysHowMany) {
  Busy busy(2);
  ASSERT_TRUE(busy.agent.stop(busy.now()));
  EXPECT_EQ(busy.agent.send("wait", busy.now()).error().code, ErrorCode::stopping);
  busy.finish(RunEnd::idle);
  EXPECT_EQ(busy.published(), (Said{"status idle", "shutdown manual"}));
  ASSERT_EQ(busy.shutdown().metadata.size(), 1u);
  EXPECT_EQ(busy.shutdown().metadata[0]->key, "queued_messages");
  EXPECT_EQ(busy.shutdown().metadata[0]->value, "2");
}

TEST(MessageQueue, AMessageThatTheTopicRefusesDoesNotWait) {
  Busy busy;
  busy.refuse_next = Refusal{ErrorCode::event_too_large, "too large"};
  EXPECT_EQ(busy.agent.send("hello", busy.now()).error().code, ErrorCode::event_too_large);
  busy.finish(RunEnd::idle);
  EXPECT_EQ(busy.published(), Said{"status idle"});
}

TEST(MessageQueue, GivesEveryMessageAnIdOfItsOwn) {
  Busy busy(2);
  EXPECT_NE(busy.ids[0], busy.ids[1]);
  busy.finish(RunEnd::idle);
  busy.finish(RunEnd::idle);
  busy.finish(RunEnd::idle);
  const auto later = busy.agent.send("later", busy.now());
  ASSERT_TRUE(later);
  EXPECT_NE(later->message_id, busy.ids[0]);
  EXPECT_NE(later->message_id, busy.ids[1]);
}

}  // namespace
}  // namespace ringside::agentd::testing
