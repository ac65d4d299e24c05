// SPDX-License-Identifier: Apache-2.0
#include "schema/fold.hpp"

#include <gtest/gtest.h>

#include "schema/event_builder.hpp"
#include "schema/event_check.hpp"
#include "schema/topic_name.hpp"
#include "told_events.hpp"

namespace ringside::schema {
namespace {

using testing::ToldFold;

TEST(Fold, TheTopicSaysWhatItsEventsAddUpTo) {
  EXPECT_EQ(state_kind_of("agent_server:a"), StateKind::agent);
  EXPECT_EQ(state_kind_of("agent_server:debug:a"), StateKind::none);
  EXPECT_EQ(state_kind_of(agents_topic), StateKind::presence);
  EXPECT_EQ(state_kind_of("conversation:1"), StateKind::presence);
  for (const StateKind kind : {StateKind::none, StateKind::agent, StateKind::presence})
    EXPECT_EQ(Fold(kind).kind(), kind);
}

TEST(Fold, ASnapshotReplacesTheState) {
  ToldFold told(StateKind::agent);
  told.at(9, 4).text("m", "gone").tell("conversation_title_generated", R"({"title":"gone"})");
  told.at(3, 2).tell("snapshot", R"({"agent":{"status":"running","messages":[{"id":"n","parts":
      [{"index":1,"content":{"content":"so far"}}]}]}})");
  EXPECT_EQ(told.fold().stamp(), (Stamp{3, 2})) << "whatever was known before";
  EXPECT_EQ(told.agent().title(), "");
  told.text("n", " so good", 1);
  ASSERT_EQ(told.agent().messages().size(), 1U);
  EXPECT_EQ(told.agent().messages()[0].fold.parts()[0].content, "so far so good");
}

TEST(Fold, ASnapshotOfBeforeTheFirstLifeIsNoState) {
  ToldFold told(StateKind::agent);
  told.text("m", "gone").at(0, 0).tell("snapshot", "{}");
  EXPECT_FALSE(told.agent().begun());
}

TEST(Fold, APresenceSnapshotReplacesTheTable) {
  ToldFold told(StateKind::presence);
  told.tell("presence_diff", R"({"version":8,"joins":[{"key":"ann","metas":[{"ref":1}]}]})");
  told.tell("snapshot", R"({"presence":{"version":3,"entries":[{"key":"bob","metas":[{"ref":2}]}]}})");
  EXPECT_EQ(told.presence().version(), 3U);
  EXPECT_EQ(told.presence().entries().size(), 1U);
  EXPECT_TRUE(told.presence().entries().contains("bob"));
}

TEST(Fold, OfNoStateTakesEverythingAndHasNothing) {
  ToldFold told(StateKind::none);
  told.at(1, 1).text("m", "a").tell("agent_state_update", R"({"state":"{}"})");
  told.tell("presence_diff", R"({"version":8})");
  const EventBuffer snapshot = told.fold().snapshot();
  EXPECT_EQ(snapshot.event().payload_as_snapshot()->agent(), nullptr);
  EXPECT_EQ(snapshot.event().payload_as_snapshot()->presence(), nullptr);
}

TEST(Fold, ABuilderThatIsKeptHoldsTheSameSnapshot) {
  ToldFold told(StateKind::agent);
  flatbuffers::FlatBufferBuilder builder;
  for (const char* text : {"a", "b"}) {
    told.text("m", text);
    builder.Clear();
    told.fold().snapshot(builder);
    EXPECT_TRUE(testing::same_bytes(EventBuffer::copy_of(std::as_bytes(builder.GetBufferSpan())),
                                    told.fold().snapshot()));
  }
}

}  // namespace
}  // namespace ringside::schema
