// SPDX-License-Identifier: Apache-2.0
//
// A list and the diffs above its version are exact: end to end, with viewers that come, change, leave and die, and readers
// who begin at any time.
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/clientlib/daemon_host.hpp"
#include "tests/clientlib/presence_room.hpp"

namespace ringside {
namespace {

using test::Chance;
using test::DaemonTest;
using test::RoomReader;

/// A client with what it tracks. It leaves as processes do: its connection is closed with everything in it.
struct Viewer {
  explicit Viewer(Client connected) : client(std::move(connected)) {}

  Client client;
  std::map<std::string, Tracking> tracked;
};

class PresenceExact : public DaemonTest {
 protected:
  static constexpr const char* topic = "conversation:1";
  static constexpr std::size_t clients = 5;
  static constexpr std::size_t keys = 6;

  Viewer& any_viewer(Chance& chance) {
    std::optional<Viewer>& viewer = viewers_[chance.below(clients)];
    if (!viewer) viewer.emplace(connect());
    return *viewer;
  }

  void step(Chance& chance) {
    const std::string key = "user-" + std::to_string(chance.below(keys));
    const Meta meta{{"n", std::to_string(++changes_)}};
    switch (chance.below(10)) {
      case 0:
      case 1:
      case 2: {
        Viewer& viewer = any_viewer(chance);
        auto tracked = viewer.client.track(topic, key, meta);
        ASSERT_EQ(tracked.has_value(), !viewer.tracked.contains(key));
        if (tracked) viewer.tracked.emplace(key, std::move(*tracked));
        break;
      }
      case 3:
      case 4: {
        Viewer& viewer = any_viewer(chance);
        const auto found = viewer.tracked.find(key);
        if (found == viewer.tracked.end()) break;
        const std::uint64_t before = found->second.ref();
        const auto updated = found->second.update(meta);
        ASSERT_TRUE(updated) << updated.error().message;
        EXPECT_GT(*updated, before);
        break;
      }
      case 5:
      case 6: {
        Viewer& viewer = any_viewer(chance);
        const auto found = viewer.tracked.find(key);
        if (found == viewer.tracked.end()) break;
        ASSERT_TRUE(found->second.untrack());
        viewer.tracked.erase(found);
        break;
      }
      case 7:
        viewers_[chance.below(clients)].reset();
        break;
      case 8:
        if (readers_.size() < 12) readers_.push_back(std::make_unique<RoomReader>(client_, topic));
        break;
      default:
        compare();
        break;
    }
  }

  /// Every reader, brought to the version of a list, knows what the list says.
  void compare() {
    const PresenceList list = client_.presence_list(topic).value();
    for (const auto& reader : readers_)
      EXPECT_EQ(reader->at(list.version), test::room_of(list.viewers));
  }

  std::vector<std::optional<Viewer>> viewers_ = std::vector<std::optional<Viewer>>(clients);
  std::vector<std::unique_ptr<RoomReader>> readers_;
  int changes_ = 0;
};

TEST_F(PresenceExact, ForReadersWhoBeginAtAnyTime) {
  Chance chance;
  SCOPED_TRACE("RINGSIDE_SEED=" + std::to_string(chance.seed()));
  for (int i = 0; i < 1'500 && !HasFailure(); ++i)
    step(chance);
  compare();
  EXPECT_GT(changes_, 0);
}

TEST_F(PresenceExact, AlsoWhereAListHasManyPagesAndNothingHoldsStill) {
  constexpr int viewers = 1'000;  // some five pages
  Client crowd = connect();
  std::vector<Tracking> present;
  for (int i = 0; i < viewers; ++i)
    present.push_back(crowd.track(topic, "viewer-" + std::to_string(i), {{"user_name", "Ada"}}).value());
  RoomReader reader(client_, topic);
  constexpr int updates_a_list = 50;  // so many, that the reader is not lapped meanwhile
  std::atomic<int> allowed{0};
  std::atomic<bool> over{false};
  std::thread restless([&] {
    Client other = connect();
    auto seen = other.track(topic, "restless").value();
    for (int i = 0; !over;) {
      if (i == allowed) {
        std::this_thread::yield();
      } else {
        ASSERT_TRUE(seen.update({{"n", std::to_string(i++)}}));
      }
    }
  });
  for (int i = 0; i < 30; ++i) {
    allowed += updates_a_list;
    const auto list = client_.presence_list(topic);
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(reader.at(list->version), test::room_of(list->viewers));
  }
  over = true;
  restless.join();
}

}  // namespace
}  // namespace ringside
