// SPDX-License-Identifier: Apache-2.0
//
// The presence tables: each rule of the specification, section 6.
#include "agentd/presence.hpp"

#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "schema/control_codec.hpp"
#include "schema/event_buffer.hpp"
#include "schema/event_check.hpp"

namespace ringside::agentd {
namespace {

using control::ErrorCode;

constexpr ClientId ada{.high = 1, .low = 0xa};
constexpr ClientId bob{.high = 1, .low = 0xb};
constexpr std::string_view room = "conversation:1";

PresenceValues named(std::string name) {
  return {{"user_name", std::move(name)}};
}

/// Of an event that its readers accept; 0 of one that they do not.
std::size_t encoded_size(const events::PresenceDiffT& diff) {
  events::EventT event;
  event.payload.Set(events::PresenceDiffT(diff));
  const auto packed = schema::pack(event);
  return schema::check_event(packed.bytes()) ? packed.bytes().size() : 0;
}

PresenceValues largest_meta() {
  PresenceValues meta;
  for (std::size_t i = 0; i < presence_meta_pairs_max; ++i)
    meta.emplace_back(fmt::format("{:02}", i), "x");
  meta.back().second.append(presence_meta_size_max - 3 * presence_meta_pairs_max, 'x');
  return meta;
}

TEST(Presence, TellsAJoinWithTheMetaAndARefOfItsOwn) {
  Presence presence;
  const auto tracked = presence.track(ada, room, "user-7", {{"user_name", "Ada"}, {"joined_at", "noon"}});
  ASSERT_TRUE(tracked);
  const auto& [topic, diff, viewers] = tracked->change;
  EXPECT_EQ(topic, room);
  EXPECT_EQ(viewers, 1u);
  EXPECT_EQ(diff.version, 1u);
  EXPECT_TRUE(diff.leaves.empty());
  ASSERT_EQ(diff.joins.size(), 1u);
  EXPECT_EQ(diff.joins[0]->key, "user-7");
  ASSERT_EQ(diff.joins[0]->metas.size(), 1u);
  const auto& meta = *diff.joins[0]->metas[0];
  EXPECT_EQ(meta.ref, tracked->ref);
  EXPECT_EQ(meta.previous_ref, 0u);
  EXPECT_EQ(meta.client_id, "0000000000000001000000000000000a");
  ASSERT_EQ(meta.meta.size(), 2u);
  EXPECT_EQ(meta.meta[0]->key, "joined_at");  // sorted, as readers look keys up
  EXPECT_EQ(meta.meta[1]->value, "Ada");
}

TEST(Presence, RefusesToTrackTheSameTripleTwice) {
  Presence presence;
  ASSERT_TRUE(presence.track(ada, room, "user-7", named("Ada")));
  const auto again = presence.track(ada, room, "user-7", named("Ada"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::already_tracked);
  EXPECT_EQ(presence.list(room)->version, 1u);
  EXPECT_TRUE(presence.track(ada, "conversation:2", "user-7", {}));
  EXPECT_TRUE(presence.track(ada, room, "user-8", {}));
}

TEST(Presence, GivesAKeyOfAnotherClientASecondMetaAndNoSecondViewer) {
  Presence presence;
  const auto first = presence.track(ada, room, "user-7", named("first window"));
  const auto second = presence.track(bob, room, "user-7", named("second window"));
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->ref, second->ref);
  EXPECT_EQ(second->change.viewers, 1u);
  EXPECT_EQ(second->change.diff.joins[0]->metas.size(), 1u);  // only what is new
  const auto page = presence.list(room);
  ASSERT_EQ(page->entries.size(), 1u);
  EXPECT_EQ(page->entries[0]->metas.size(), 2u);
}

TEST(Presence, UpdateGivesANewRefWithTheOldBesideItAndTheKeyInJoinsAndLeaves) {
  Presence presence;
  const auto tracked = presence.track(ada, room, "user-7", named("Ada"));
  const auto updated = presence.update(ada, room, "user-7", named("Ada L."));
  ASSERT_TRUE(tracked && updated);
  EXPECT_NE(updated->ref, tracked->ref);
  EXPECT_EQ(updated->change.viewers, 1u);
  const auto& diff = updated->change.diff;
  EXPECT_EQ(diff.version, 2u);
  ASSERT_EQ(diff.joins.size(), 1u);
  ASSERT_EQ(diff.leaves.size(), 1u);
  EXPECT_EQ(diff.joins[0]->key, "user-7");
  EXPECT_EQ(diff.leaves[0]->key, "user-7");
  EXPECT_EQ(diff.joins[0]->metas[0]->ref, updated->ref);
  EXPECT_EQ(diff.joins[0]->metas[0]->previous_ref, tracked->ref);
  EXPECT_EQ(diff.joins[0]->metas[0]->meta[0]->value, "Ada L.");
  EXPECT_EQ(diff.leaves[0]->metas[0]->ref, tracked->ref);
  EXPECT_EQ(diff.leaves[0]->metas[0]->meta[0]->value, "Ada");
}

TEST(Presence, RefusesToUpdateWhatIsNotTracked) {
  Presence presence;
  ASSERT_TRUE(presence.track(ada, room, "user-7", {}));
  EXPECT_EQ(presence.update(bob, room, "user-7", {}).error().code, ErrorCode::not_tracked);
  EXPECT_EQ(presence.update(ada, room, "user-8", {}).error().code, ErrorCode::not_tracked);
}

TEST(Presence, UntrackingWhatIsNotThereSucceedsAndChangesNothing) {
  Presence presence;
  EXPECT_FALSE(presence.untrack(ada, room, "user-7"));
  ASSERT_TRUE(presence.track(bob, room, "user-7", {}));
  EXPECT_FALSE(presence.untrack(ada, room, "user-7"));
  EXPECT_EQ(presence.viewers(room), 1u);
}

TEST(Presence, LosesAKeyOnlyWithItsLastMeta) {
  Presence presence;
  ASSERT_TRUE(presence.track(ada, room, "user-7", {}));
  ASSERT_TRUE(presence.track(bob, room, "user-7", {}));
  const auto first = presence.untrack(ada, room, "user-7");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->viewers, 1u);
  EXPECT_EQ(first->diff.leaves[0]->metas.size(), 1u);
  const auto last = presence.untrack(bob, room, "user-7");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->viewers, 0u);
  EXPECT_TRUE(presence.list(room)->entries.empty());
}

TEST(Presence, TellsAllOfADeadClientInOneDiffATopic) {
  Presence presence;
  for (const std::string key : {"a", "b", "c"})
    ASSERT_TRUE(presence.track(ada, room, key, {}));
  ASSERT_TRUE(presence.track(ada, "conversation:2", "a", {}));
  ASSERT_TRUE(presence.track(bob, room, "a", {}));
  const auto changes = presence.client_gone(ada);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].topic, room);
  EXPECT_EQ(changes[0].diff.leaves.size(), 3u);
  EXPECT_EQ(changes[0].viewers, 1u);  // "a" has a window left
  EXPECT_EQ(changes[1].topic, "conversation:2");
  EXPECT_EQ(changes[1].viewers, 0u);
  EXPECT_TRUE(presence.client_gone(ada).empty());
}

TEST(Presence, TakesAClientBackThatWasGoneUnderNewRefs) {
  Presence presence;
  const auto before = presence.track(ada, room, "user-7", {});
  presence.client_gone(ada);
  const auto after = presence.track(ada, room, "user-7", {});
  ASSERT_TRUE(before && after);
  EXPECT_NE(before->ref, after->ref);
  EXPECT_EQ(after->change.diff.joins[0]->metas[0]->previous_ref, 0u);
}

TEST(Presence, NeverTellsAVersionOfATopicTwiceEvenWhereNobodyWasThereMeanwhile) {
  Presence presence;
  ASSERT_TRUE(presence.track(ada, room, "user-7", {}));
  const auto left = presence.untrack(ada, room, "user-7");
  ASSERT_TRUE(left);
  EXPECT_GE(presence.list(room)->version, left->diff.version);
  const auto back = presence.track(ada, room, "user-7", {});
  ASSERT_TRUE(back);
  EXPECT_GT(back->change.diff.version, presence.list("conversation:never")->version);
  EXPECT_GT(back->change.diff.version, left->diff.version);
}

TEST(Presence, KeepsAMetaOfExactly4KiBAndRefusesOneByteMoreWithBothSizes) {
  Presence presence;
  EXPECT_TRUE(presence.track(ada, room, "user-7", {{"k", std::string(presence_meta_size_max - 1, 'x')}}));
  const auto refused = presence.track(ada, room, "user-8", {{"k", std::string(presence_meta_size_max, 'x')}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::meta_too_large);
  EXPECT_NE(refused.error().message.find("4097"), std::string::npos);
  EXPECT_NE(refused.error().message.find("4096"), std::string::npos);
  EXPECT_EQ(
      presence.update(ada, room, "user-7", {{"k", std::string(presence_meta_size_max, 'x')}}).error().code,
      ErrorCode::meta_too_large);
  EXPECT_EQ(presence.list(room)->version, 1u);
}

TEST(Presence, RefusesAMetaThatSaysTheSameKeyTwice) {
  Presence presence;
  const auto refused = presence.track(ada, room, "user-7", {{"a", "1"}, {"b", "2"}, {"a", "3"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::bad_request);
  EXPECT_NE(refused.error().message.find("\"a\""), std::string::npos);
}

TEST(Presence, RefusesKeysAndTopicsThatAreNone) {
  Presence presence;
  const std::string long_key(presence_key_size_max + 1, 'k');
  for (const std::string& key : {std::string(), std::string("a\0b", 3), long_key}) {
    EXPECT_EQ(presence.track(ada, room, key, {}).error().code, ErrorCode::bad_request);
  }
  EXPECT_EQ(presence.track(ada, "", "user-7", {}).error().code, ErrorCode::bad_request);
  EXPECT_TRUE(presence.track(ada, room, std::string(presence_key_size_max, 'k'), {}));
}

TEST(Presence, BoundsWhatOneClientTracksButNotTheDaemon) {
  Presence presence;
  for (std::size_t i = 0; i < presence_entries_max; ++i) {
    ASSERT_TRUE(presence.track(ada, room, std::to_string(i), {}));
    ASSERT_TRUE(presence.track(daemon_client, "agents", std::to_string(i), {}));
  }
  EXPECT_EQ(presence.track(ada, room, "one more", {}).error().code, ErrorCode::no_slot);
  EXPECT_TRUE(presence.track(bob, room, "one more", {}));
  EXPECT_TRUE(presence.track(daemon_client, "agents", "one more", {}));
  ASSERT_TRUE(presence.untrack(ada, room, "0"));
  EXPECT_TRUE(presence.track(ada, room, "one more", {}));
}

TEST(PresenceDiff, OfTheLargestUpdateFitsAnEvent) {
  Presence presence;
  const std::string key(presence_key_size_max, 'k');
  ASSERT_TRUE(presence.track(ada, room, key, largest_meta()));
  const auto updated = presence.update(ada, room, key, largest_meta());
  ASSERT_TRUE(updated);
  EXPECT_GT(encoded_size(updated->change.diff), 0u);
  EXPECT_LE(encoded_size(updated->change.diff), presence_diff_size_max);
}

TEST(PresenceDiff, ThatWouldNotFitAnEventIsToldInSeveralVersions) {
  Presence presence;
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(presence.track(ada, room, fmt::format("{}", i), largest_meta()));
  for (int i = 50; i < 1'000; ++i)
    ASSERT_TRUE(presence.track(ada, room, fmt::format("{}", i), {}));
  std::uint64_t version = presence.list(room)->version;
  std::set<std::string> left;
  const auto changes = presence.client_gone(ada);
  EXPECT_GT(changes.size(), 1u);
  for (const auto& change : changes) {
    EXPECT_EQ(change.diff.version, ++version);
    EXPECT_GT(encoded_size(change.diff), 0u);
    EXPECT_LE(encoded_size(change.diff), presence_diff_size_max);
    for (const auto& entry : change.diff.leaves)
      left.insert(entry->key);
    EXPECT_EQ(change.viewers, 1'000u - left.size());
  }
  EXPECT_EQ(left.size(), 1'000u);
}

TEST(PresenceList, IsPagedUnderOneVersionAndComesWhole) {
  Presence presence;
  for (int i = 0; i < 5'000; ++i)
    ASSERT_TRUE(presence.track(ada, room, fmt::format("{:04}", i), named("someone")));
  auto page = presence.list(room);
  const std::uint64_t version = page->version;
  std::size_t seen = 0;
  for (int pages = 1;; ++pages) {
    ASSERT_TRUE(page);
    ASSERT_LT(pages, 100);
    for (const auto& entry : page->entries)
      EXPECT_EQ(entry->key, fmt::format("{:04}", seen++));
    if (!page->more) break;
    page = presence.list(room, page->entries.back()->key, version);
  }
  EXPECT_EQ(seen, 5'000u);
}

TEST(PresenceList, SaysThatItMovedBetweenItsPages) {
  Presence presence;
  ASSERT_TRUE(presence.track(ada, room, "a", {}));
  const auto version = presence.list(room)->version;
  ASSERT_TRUE(presence.update(ada, room, "a", {}));
  EXPECT_EQ(presence.list(room, "a", version).error().code, ErrorCode::list_moved);
  presence.client_gone(ada);
  EXPECT_EQ(presence.list(room, "a", version).error().code, ErrorCode::list_moved);
}

/// The keys of the pages that follow `first`, and its own.
std::vector<std::string> keys_from(Presence& presence, PresencePage first,
                                   const std::function<void()>& between_pages) {
  std::vector<std::string> keys;
  for (PresencePage page = std::move(first);;) {
    for (const auto& entry : page.entries)
      keys.push_back(entry->key);
    if (!page.more) return keys;
    between_pages();
    auto next = presence.list(room, keys.back(), page.version);
    if (!next) throw std::runtime_error(next.error().message);
    EXPECT_EQ(next->version, page.version);
    page = std::move(*next);
  }
}

/// Enough for a list of several pages; in their order.
std::vector<std::string> fill(Presence& presence) {
  std::vector<std::string> keys;
  for (int i = 1000; i < 2500; ++i) {
    keys.push_back("viewer-" + std::to_string(i));
    EXPECT_TRUE(presence.track(ada, room, keys.back(), {{"user_name", "Ada"}}));
  }
  return keys;
}

TEST(PresenceList, GoesOnAsItWasBegunWhateverChangesMeanwhile) {
  Presence presence;
  const std::vector<std::string> keys = fill(presence);
  auto first = presence.list(room);
  ASSERT_TRUE(first->more);
  std::size_t next = 0;
  EXPECT_EQ(keys_from(presence, std::move(*first),
                      [&] {
                        presence.untrack(ada, room, keys[next]);
                        presence.untrack(ada, room, keys[keys.size() - 1 - next]);
                        EXPECT_TRUE(presence.track(bob, room, "viewer-0" + std::to_string(next), {}));
                        EXPECT_TRUE(presence.update(ada, room, keys[500], {{"n", std::to_string(next++)}}));
                      }),
            keys);
  ASSERT_GE(next, 3U);
  EXPECT_EQ(presence.viewers(room), keys.size() - next);
}

TEST(PresenceList, OfSeveralPagesEndsAlsoWhereEverybodyLeavesMeanwhile) {
  Presence presence;
  const std::vector<std::string> keys = fill(presence);
  auto first = presence.list(room);
  EXPECT_EQ(keys_from(presence, std::move(*first), [&] { presence.client_gone(ada); }), keys);
  EXPECT_TRUE(presence.list(room)->entries.empty());
}

TEST(PresenceList, IsToldThatItMovedWhereTooManyWereBegunAfterIt) {
  Presence presence;
  const std::vector<std::string> keys = fill(presence);
  const auto first = presence.list(room);
  for (std::size_t i = 0; i < presence_lists_max; ++i) {
    EXPECT_TRUE(presence.update(ada, room, keys[0], {{"n", std::to_string(i)}}));
    if (i + 1 < presence_lists_max) {
      EXPECT_TRUE(presence.list(room)->more);
    }
  }
  EXPECT_TRUE(presence.list(room, first->entries.back()->key, first->version)) << "still kept";
  EXPECT_TRUE(presence.list(room)->more);
  EXPECT_EQ(presence.list(room, first->entries.back()->key, first->version).error().code,
            ErrorCode::list_moved);
}

TEST(PresenceList, OfEverybodyComesInOnePieceAndPushesNoOtherOut) {
  Presence presence;
  EXPECT_TRUE(presence.all(room).entries.empty());
  const std::vector<std::string> keys = fill(presence);
  ASSERT_TRUE(presence.track(bob, room, keys[0], named("Bob")));
  auto first = presence.list(room);
  EXPECT_EQ(keys_from(presence, std::move(*first),
                      [&] {
                        for (std::size_t i = 0; i <= presence_lists_max; ++i) {
                          const auto updated = presence.update(bob, room, keys[0], named("Bob"));
                          const PresencePage everybody = presence.all(room);
                          EXPECT_EQ(everybody.version, updated->change.diff.version);
                          EXPECT_FALSE(everybody.more);
                          ASSERT_EQ(everybody.entries.size(), keys.size());
                          EXPECT_EQ(everybody.entries[0]->metas.size(), 2U);
                          EXPECT_EQ(everybody.entries.back()->key, keys.back());
                        }
                      }),
            keys);
}

TEST(PresenceList, FitsAFrameEvenWhereOneKeyHasAsManyWindowsAsItMay) {
  Presence presence;
  std::uint64_t windows = 0;
  const auto client = [](std::uint64_t n) { return ClientId{.high = 2, .low = n}; };
  for (;; ++windows) {
    const auto tracked = presence.track(client(windows), room, "user-7", largest_meta());
    if (tracked) continue;
    EXPECT_EQ(tracked.error().code, ErrorCode::meta_too_large);
    break;
  }
  EXPECT_GE(windows, 4u);
  EXPECT_TRUE(presence.update(client(0), room, "user-7", largest_meta()));  // in its own place
  control::PresenceListReplyT body;
  auto page = presence.list(room);
  body.entries = std::move(page->entries);
  control::ReplyT reply;
  reply.body.Set(std::move(body));
  const auto frame = schema::encode(reply);
  ASSERT_TRUE(frame);
  EXPECT_LE(frame->size(), schema::frame_size_max);
}

}  // namespace
}  // namespace ringside::agentd
