// SPDX-License-Identifier: Apache-2.0
//
// What becomes of presence changes while their topic takes nothing.
#include "agentd/presence_board.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "schema/fold.hpp"
#include "shm/copying_reader.hpp"
#include "tests/agentd/temporary_folder.hpp"
#include "tests/agentd/topic_fixture.hpp"

namespace ringside::agentd {
namespace {

/// A topic whose ring the system lets have three segments, all of which a reader pins: it has stalled.
class StalledBoard : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(board_.track(ada, room, "ann", {}));
    const auto granted = subscribe({.session = 9, .subscriber = {page_.pins.data(), nullptr, -1}});
    for (std::uint64_t i = 0; i < page_.pins.size(); ++i)
      page_.pins[i].store(granted.cursor.generation + i, std::memory_order::seq_cst);
    while (!topic().stalled())
      ASSERT_TRUE(topic().publish(numbered(0, {}, 1000)));
  }

  [[nodiscard]] Topic& topic() const { return *hold_.topic(); }

  Granted subscribe(SubscribeRequest request) const {
    std::optional<Granted> answer;
    topic().subscribe(request, [&](auto granted) { answer = std::move(granted.value()); });
    return std::move(answer.value());
  }

  /// Nobody pins a segment any more; what waits is tried again until nothing does.
  void unstall() {
    for (auto& pin : page_.pins)
      pin.store(0, std::memory_order::release);
    conductor_.run();
    EXPECT_FALSE(topic().stalled());
  }

  /// What a reader that joins now makes of the topic.
  [[nodiscard]] std::vector<std::string> keys_for_who_joins() const {
    schema::Fold fold(schema::StateKind::presence);
    read(subscribe({.from = SubscribeFrom::keyframe}).cursor,
         [&](const events::Event& event) { fold.apply(event); });
    std::vector<std::string> keys;
    for (const auto& [key, metas] : fold.presence()->entries())
      keys.push_back(key);
    return keys;
  }

  template <class OnEvent>
  void read(const shm::Cursor& cursor, OnEvent&& on_event) const {
    const auto ring = shm::AttachedRing::attach(topic().open_read_only(), ::geteuid()).value();
    shm::BasicCopyingReader<> reader(ring.view(), cursor);
    reader.poll([&](const shm::Record& record) { on_event(*events::GetEvent(record.payload)); },
                [](const shm::Gap&) { ADD_FAILURE() << "a gap"; }, std::size_t{1} << 20);
  }

  static constexpr ClientId ada{.high = 1, .low = 0xa};
  static constexpr std::string_view room = "conversation:1";
  static constexpr shm::RingGeometry geometry{4096, 4, 1, 4};

  TemporaryFolder folder_;
  NamespaceObjects objects_{folder_.path()};
  boost::asio::io_context conductor_{1};
  IncarnationClock incarnations_;
  TopicTable table_{conductor_, objects_, incarnations_, {.geometry = geometry}};
  PresenceBoard board_{table_};
  TopicHold hold_ = std::move(table_.open(room).value());
  BackingLimit limit_{geometry.segment_offset(3)};
  Page page_;
};

TEST_F(StalledBoard, DiffsWaitAndGoInTheirOrder) {
  const shm::Cursor before = subscribe({.from = SubscribeFrom::latest}).cursor;
  ASSERT_TRUE(board_.untrack(ada, room, "ann"));
  ASSERT_TRUE(board_.track(ada, room, "bob", {}));
  unstall();
  std::vector<std::uint64_t> versions;
  read(before, [&](const events::Event& event) {
    if (const auto* diff = event.payload_as_presence_diff()) versions.push_back(diff->version());
  });
  EXPECT_EQ(versions, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(keys_for_who_joins(), std::vector<std::string>{"bob"});
}

TEST_F(StalledBoard, WhatWaitsGoesBeforeWhatComesThen) {
  ASSERT_TRUE(board_.untrack(ada, room, "ann"));
  for (auto& pin : page_.pins)
    pin.store(0, std::memory_order::release);
  ASSERT_TRUE(board_.track(ada, room, "bob", {}));
  EXPECT_EQ(keys_for_who_joins(), std::vector<std::string>{"bob"});
}

TEST_F(StalledBoard, WhereTooManyWaitTheTableGoesInTheirPlace) {
  for (std::size_t i = 0; i < PresenceBoard::unsent_max; ++i) {
    ASSERT_TRUE(board_.track(ada, room, "bob", {}));
    ASSERT_TRUE(board_.untrack(ada, room, "bob"));
  }
  ASSERT_TRUE(board_.untrack(ada, room, "ann"));
  unstall();
  EXPECT_TRUE(keys_for_who_joins().empty());
}

}  // namespace
}  // namespace ringside::agentd
