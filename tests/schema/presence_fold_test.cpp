// SPDX-License-Identifier: Apache-2.0
#include "schema/presence_fold.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "schema/event_check.hpp"
#include "told_events.hpp"

namespace ringside::schema {
namespace {

using testing::ToldFold;

ToldFold presence() {
  ToldFold told(StateKind::presence);
  told.at(0, 0);
  return told;
}

std::string entry(const std::string& key, unsigned ref) {
  return R"({"key":")" + key + R"(","metas":[{"ref":)" + std::to_string(ref) + "}]}";
}

std::string diff(unsigned version, const std::string& joins, const std::string& leaves = {}) {
  return R"({"version":)" + std::to_string(version) + R"(,"joins":[)" + joins + R"(],"leaves":[)" + leaves +
         "]}";
}

std::vector<std::uint64_t> refs(const PresenceFold& table, const std::string& key) {
  std::vector<std::uint64_t> found;
  const auto entry = table.entries().find(key);
  if (entry == table.entries().end()) return found;
  for (const events::PresenceMetaT& meta : entry->second)
    found.push_back(meta.ref);
  return found;
}

TEST(PresenceFold, JoinsAndLeavesByRef) {
  ToldFold told = presence();
  told.tell("presence_diff", diff(1, entry("ann", 2) + "," + entry("bob", 3) + "," + entry("ann", 1)));
  EXPECT_EQ(refs(told.presence(), "ann"), (std::vector<std::uint64_t>{1, 2}));
  told.tell("presence_diff", diff(2, "", entry("ann", 1) + "," + entry("bob", 9) + "," + entry("eve", 3)));
  EXPECT_EQ(refs(told.presence(), "ann"), std::vector<std::uint64_t>{2});
  EXPECT_EQ(refs(told.presence(), "bob"), std::vector<std::uint64_t>{3});
  told.tell("presence_diff", diff(3, "", entry("ann", 2)));
  EXPECT_FALSE(told.presence().entries().contains("ann")) << "a key goes with its last entry";
  EXPECT_EQ(told.presence().version(), 3U);
}

TEST(PresenceFold, AnUpdateLeavesBeforeItJoins) {
  ToldFold told = presence();
  told.tell("presence_diff", diff(1, entry("ann", 1)));
  told.tell("presence_diff",
            R"({"version":2,"leaves":[{"key":"ann","metas":[{"ref":1}]}],"joins":[{"key":"ann",
      "metas":[{"ref":2,"previous_ref":1,"client_id":"c","meta":[{"key":"name","value":"Ann"}]}]}]})");
  ASSERT_EQ(refs(told.presence(), "ann"), std::vector<std::uint64_t>{2});
  const events::PresenceMetaT& meta = told.presence().entries().find("ann")->second[0];
  EXPECT_EQ(meta.previous_ref, 1U);
  EXPECT_EQ(meta.client_id, "c");
  EXPECT_EQ(meta.meta[0]->value, "Ann");
}

TEST(PresenceFold, WhoeverLeavesTakesTheirSizeAlong) {
  ToldFold told = presence();
  told.tell("presence_diff", diff(1, entry("ann", 1)));
  const std::size_t of_ann = told.presence().size();
  told.tell("presence_diff", diff(2, entry("bob", 2) + "," + entry("ann", 3)));
  EXPECT_GT(told.presence().size(), of_ann);
  told.tell("presence_diff", diff(3, entry("ann", 1), entry("bob", 2) + "," + entry("ann", 3)));
  EXPECT_EQ(told.presence().size(), of_ann) << "who is told again counts once";
  told.tell("presence_diff", diff(4, "", entry("ann", 1)));
  EXPECT_EQ(told.presence().size(), 0U);
}

TEST(PresenceFold, IgnoresADiffThatItHasSeen) {
  ToldFold told = presence();
  told.tell("presence_diff", diff(5, entry("ann", 1)));
  told.tell("presence_diff", diff(5, entry("bob", 2))).tell("presence_diff", diff(4, "", entry("ann", 1)));
  EXPECT_EQ(told.presence().entries().size(), 1U);
  EXPECT_TRUE(told.presence().entries().contains("ann"));
}

TEST(PresenceFold, OtherEventsOfTheTopicLeaveItAlone) {
  ToldFold told = presence();
  told.tell("presence_diff", diff(5, entry("ann", 1)));
  told.at(7, 3).tell("custom", R"({"name":"n"})").at(0, 0).tell("custom", R"({"name":"n"})");
  EXPECT_EQ(told.presence().version(), 5U);
  EXPECT_EQ(told.fold().stamp(), (Stamp{7, 3})) << "the last stamp there was";
}

TEST(PresenceFold, TenThousandEntriesAreOneSnapshot) {
  Fold fold(StateKind::presence);
  constexpr unsigned count = 10'000;
  for (unsigned i = 0; i < count; ++i) {
    events::PresenceDiffT diff;
    diff.version = i + 1;
    auto joined = std::make_unique<events::PresenceEntryT>();
    joined->key = "viewer-" + std::to_string(i);
    joined->metas.push_back(std::make_unique<events::PresenceMetaT>());
    joined->metas.back()->ref = i + 1;
    joined->metas.back()->meta.push_back(std::make_unique<events::KeyValueT>());
    joined->metas.back()->meta.back()->key = "name";
    diff.joins.push_back(std::move(joined));
    events::EventT event;
    event.payload.Set(std::move(diff));
    fold.apply(pack(event).event());
  }
  const EventBuffer snapshot = fold.snapshot();
  const auto checked = check_event(snapshot.bytes());
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_EQ(snapshot.event().payload_as_snapshot()->presence()->entries()->size(), count);
  Fold restored(StateKind::presence);
  restored.apply(snapshot.event());
  EXPECT_TRUE(testing::same_bytes(restored.snapshot(), snapshot));
}

}  // namespace
}  // namespace ringside::schema
