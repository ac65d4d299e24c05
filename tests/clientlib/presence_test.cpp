// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include <ringside/client.hpp>

#include "tests/clientlib/fake_daemon.hpp"

namespace ringside {
namespace {

using control::RequestBody;
using test::FakeDaemon;

class PresenceTest : public ::testing::Test {
 protected:
  FakeDaemon daemon_;
  Client client_ = Client::connect({.socket = daemon_.socket()}).value();
};

TEST_F(PresenceTest, TrackEntersWithItsMeta) {
  daemon_.answer(RequestBody::track, [](FakeDaemon::Call& call) {
    const auto* meta = call.request.body_as_track()->meta();
    ASSERT_EQ(meta->size(), 1U);
    EXPECT_EQ(meta->Get(0)->key()->str(), "user_name");
    EXPECT_EQ(meta->Get(0)->value()->str(), "Ada");
  });
  const auto seen = client_.track("conversation:123", "user-7", {{"user_name", "Ada"}});
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->ref(), daemon_.presence_ref("conversation:123", "user-7"));
  EXPECT_EQ(seen->topic(), "conversation:123");
  EXPECT_EQ(seen->key(), "user-7");
}

TEST_F(PresenceTest, TheSameEntryTwiceIsRefused) {
  const auto seen = client_.track("topic", "key");
  EXPECT_EQ(client_.track("topic", "key").error().fault, RequestFault::already_tracked);
}

TEST_F(PresenceTest, UpdateGivesANewRef) {
  auto seen = client_.track("topic", "key").value();
  const std::uint64_t before = seen.ref();
  const auto updated = seen.update({{"mood", "good"}});
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_NE(*updated, before);
  EXPECT_EQ(seen.ref(), *updated);
}

TEST_F(PresenceTest, UpdateOfAnEntryThatTheDaemonGaveUpTracksItAgain) {
  auto seen = client_.track("topic", "key").value();
  daemon_.lose_presence();
  const auto updated = seen.update({{"mood", "good"}});
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(daemon_.presence_ref("topic", "key"), *updated);
}

TEST_F(PresenceTest, UntrackLeavesAndSucceedsAgain) {
  auto seen = client_.track("topic", "key").value();
  EXPECT_TRUE(seen.untrack());
  EXPECT_EQ(daemon_.presence_ref("topic", "key"), 0U);
  EXPECT_EQ(seen.ref(), 0U);
  EXPECT_TRUE(seen.untrack());
  EXPECT_EQ(daemon_.count(RequestBody::untrack), 1U);
  EXPECT_EQ(seen.update({}).error().fault, RequestFault::ended);
  EXPECT_TRUE(client_.track("topic", "key"));
}

TEST_F(PresenceTest, LeavesWithItsHandle) {
  auto seen = client_.track("topic", "key").value();
  { const Tracking moved = std::move(seen); }
  daemon_.wait_for(RequestBody::untrack, 1);
  EXPECT_EQ(daemon_.presence_ref("topic", "key"), 0U);
  EXPECT_EQ(seen.ref(), 0U);  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_TRUE(seen.untrack());
  EXPECT_EQ(seen.update({}).error().fault, RequestFault::ended);
}

TEST_F(PresenceTest, TheHeartbeatMoves) {
  const std::uint64_t before = daemon_.heartbeat();
  while (daemon_.heartbeat() < before + 3)
    std::this_thread::yield();
}

/// A list of `keys` keys, two a page; `version` says which version a page of the list is asked under.
FakeDaemon::Answerer list_of(int keys, std::function<std::uint64_t()> version) {
  return [keys, version = std::move(version)](FakeDaemon::Call& call) {
    const control::PresenceList& request = *call.request.body_as_presence_list();
    const std::string after = request.after() == nullptr ? "" : request.after()->str();
    const std::uint64_t now = version();
    if (!after.empty() && request.version() != now) {
      control::ErrorT error;
      error.code = control::ErrorCode::list_moved;
      error.message = "moved";
      call.reply.body.Set(std::move(error));
      return;
    }
    const int first = after.empty() ? 0 : after.back() - '0' + 1;
    control::PresenceListReplyT reply;
    reply.version = now;
    for (int i = first; i < std::min(first + 2, keys); ++i) {
      auto entry = std::make_unique<events::PresenceEntryT>();
      entry->key = "key" + std::to_string(i);
      auto meta = std::make_unique<events::PresenceMetaT>();
      meta->ref = now * 100 + static_cast<std::uint64_t>(i);
      meta->client_id = "somebody";
      entry->metas.push_back(std::move(meta));
      reply.entries.push_back(std::move(entry));
    }
    reply.more = first + 2 < keys;
    call.reply.body.Set(std::move(reply));
  };
}

TEST_F(PresenceTest, TheListIsJoinedFromItsPages) {
  daemon_.answer(RequestBody::presence_list, list_of(5, [] { return 8; }));
  const auto list = client_.presence_list("topic");
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->version, 8U);
  ASSERT_EQ(list->viewers.size(), 5U);
  EXPECT_EQ(list->viewers.at("key4").front().ref, 804U);
  EXPECT_EQ(list->viewers.at("key0").front().client_id, "somebody");
}

TEST_F(PresenceTest, AListThatMovedBetweenItsPagesIsReadAnew) {
  int pages = 0;
  daemon_.answer(RequestBody::presence_list, list_of(5, [&pages] { return ++pages == 1 ? 8 : 9; }));
  const auto list = client_.presence_list("topic");
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->version, 9U);
  for (const auto& [key, windows] : list->viewers)
    EXPECT_EQ(windows.front().ref / 100, 9U) << key;
}

TEST_F(PresenceTest, AListThatNeverHoldsStillIsATimeout) {
  std::uint64_t version = 0;
  daemon_.answer(RequestBody::presence_list, list_of(5, [&version] { return ++version; }));
  Client hasty =
      Client::connect({.socket = daemon_.socket(), .request_timeout = std::chrono::milliseconds(50)}).value();
  EXPECT_EQ(hasty.presence_list("topic").error().fault, RequestFault::timeout);
}

TEST_F(PresenceTest, AnEmptyListHasAVersionToo) {
  daemon_.answer(RequestBody::presence_list, list_of(0, [] { return 3; }));
  const auto list = client_.presence_list("topic").value();
  EXPECT_EQ(list.version, 3U);
  EXPECT_TRUE(list.viewers.empty());
}

}  // namespace
}  // namespace ringside
