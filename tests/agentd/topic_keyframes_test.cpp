// SPDX-License-Identifier: Apache-2.0
//
// A topic's keyframes: whoever joins, whenever, has the state of who was there from the beginning.
#include "agentd/topic_keyframes.hpp"

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "agentd/topic.hpp"
#include "schema/event_builder.hpp"
#include "shm/attached_ring.hpp"
#include "shm/copying_reader.hpp"
#include "shm/descriptor.hpp"
#include "shm/ring_search.hpp"
#include "tests/agentd/state_reader.hpp"
#include "tests/agentd/topic_fixture.hpp"
#include "tests/runners/recorded_run.hpp"
#include "tests/runners/stream_oracle.hpp"

namespace ringside::agentd {
namespace {

using Copying = StateReader<shm::CopyingReader>;

constexpr const char* agents_topic = "agent_server:ada";

/// A window of a few KiB, and states that fit into large segments.
constexpr shm::RingGeometry narrow_geometry{4096, 6, 4, 4, 0, 8, 512 * 1024};

std::vector<std::filesystem::path> recordings() {
  auto files = provider_recordings();
  for (const char* name : {"lighthouse.chunks.txt", "weather.chunks.txt"})
    files.push_back(sample(name));
  return files;
}

/// As the agent's runner stamps it.
std::vector<schema::EventBuffer> stamped_run(const std::filesystem::path& file,
                                             schema::Stamp stamp = first_run) {
  std::vector<schema::EventBuffer> events;
  for (const schema::EventBuffer& event : recorded_run(file))
    events.push_back(schema::restamp(event.event(), stamp.incarnation, stamp.run));
  return events;
}

/// An agent's topic in its first run, who has read it from its first event on, and those who join.
class WatchedTopic {
 public:
  explicit WatchedTopic(const shm::RingGeometry& geometry = {})
      : topic_(agents_topic, geometry),
        ring_(shm::AttachedRing::attach(topic_->open_read_only(), ::geteuid()).value()) {
    topic_->begin_life(first_run.incarnation);
    topic_->begin_run(first_run.run);
  }

  void publish(const schema::EventBuffer& event) {
    ASSERT_TRUE(topic_->publish(event));
    whole_.apply(event.event());
  }
  void publish(const schema::TokenDelta& delta) {
    ASSERT_TRUE(topic_->publish(delta));
    whole_.apply(delta);
  }
  /// More than the window holds, of events that change no state.
  void publish_window() {
    const auto& geometry = topic_->geometry();
    for (std::uint32_t i = 0; i < (geometry.window_segments + 2) * (geometry.segment_size / 512); ++i)
      publish(numbered(i, first_run, 400));
  }

  Copying& join() {
    const auto granted = topic_.subscribe({.from = SubscribeFrom::keyframe});
    EXPECT_TRUE(granted && granted->keyframe);
    return late_.emplace_back(schema::StateKind::agent, granted->cursor.next_sequence, ring_.view(),
                              granted->cursor, shm::StateWish::at_once);
  }

  [[nodiscard]] std::string state() const { return state_of(whole_); }
  [[nodiscard]] std::deque<Copying>& late() noexcept { return late_; }
  [[nodiscard]] TopicUnderTest& topic() noexcept { return topic_; }

 private:
  TopicUnderTest topic_;
  shm::AttachedRing ring_;
  schema::Fold whole_{schema::StateKind::agent};
  std::deque<Copying> late_;
};

TEST(TopicKeyframes, WithWhatFollowsAreTheStateFromTheBeginningWhereverOneJoinsAnyStream) {
  for (const auto& file : recordings()) {
    SCOPED_TRACE(file.filename());
    WatchedTopic watched;
    watched.join().read();
    for (const schema::EventBuffer& event : stamped_run(file)) {
      watched.publish(event);
      Copying& late = watched.join();
      late.read();
      ASSERT_EQ(state_of(late.fold()), watched.state()) << late.next_sequence() - 1;
    }
    for (Copying& late : watched.late()) {
      late.read();
      ASSERT_EQ(state_of(late.fold()), watched.state());
      ASSERT_EQ(late.gaps(), 0U);
      ASSERT_EQ(late.snapshots(), 1U);
      ASSERT_EQ(late.next_sequence(), watched.topic()->next_sequence());
    }
  }
}

TEST(TopicKeyframes, BehindAGapAreTheStateFromTheBeginningWhereverItBeganInAnyStream) {
  for (const auto& file : recordings()) {
    SCOPED_TRACE(file.filename());
    WatchedTopic watched(narrow_geometry);
    for (const schema::EventBuffer& event : stamped_run(file)) {
      watched.publish(event);
      watched.join().read();
    }
    watched.publish_window();
    for (Copying& late : watched.late()) {
      late.read();
      ASSERT_EQ(state_of(late.fold()), watched.state());
      ASSERT_EQ(late.gaps(), 1U);
      ASSERT_EQ(late.snapshots(), 2U);
      ASSERT_EQ(late.next_sequence(), watched.topic()->next_sequence());
    }
  }
}

TEST(TopicKeyframes, OfLivesAndRunsThatFollowEachOtherAreTheStateFromTheBeginning) {
  WatchedTopic watched(narrow_geometry);
  const auto run = recorded_run(sample("weather.chunks.txt"));
  for (std::uint64_t life = 1; life <= 3; ++life) {
    watched.topic()->begin_life(life);
    for (std::uint64_t number = 1; number <= 3; ++number) {
      watched.topic()->begin_run(number);
      for (const schema::EventBuffer& event : run) {
        watched.publish(schema::restamp(event.event(), life, number));
        watched.join();
        for (std::size_t back = 1; back <= 3 && back <= watched.late().size(); ++back)
          watched.late()[watched.late().size() - back].read(1 + back);
      }
    }
  }
  for (Copying& late : watched.late()) {
    late.read();
    ASSERT_EQ(state_of(late.fold()), watched.state());
  }
}

TEST(TopicKeyframes, GiveWhoJoinsInTheMiddleOfAMessageItsTextSoFar) {
  WatchedTopic watched;
  std::string text;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const std::string token = " token" + std::to_string(i);
    watched.publish(schema::TokenDelta{.stamp = first_run, .message_id = "m", .text = token});
    text += token;
  }
  Copying& late = watched.join();
  late.read();
  ASSERT_EQ(late.fold().agent()->messages().size(), 1U);
  EXPECT_EQ(late.fold().agent()->messages().front().fold.parts().front().content, text);
  EXPECT_EQ(state_of(late.fold()), watched.state());
}

TEST(TopicKeyframes, TakeATwentiethOfWhatAStreamPublishesAtMost) {
  for (const auto& file : recordings()) {
    SCOPED_TRACE(file.filename());
    WatchedTopic watched;
    const auto run = recorded_run(file);
    for (std::uint64_t number = 1; number <= 20; ++number) {
      watched.topic()->begin_run(number);
      for (const schema::EventBuffer& event : run)
        watched.publish(schema::restamp(event.event(), 1, number));
    }
    ASSERT_TRUE(watched.topic()->flush());
    const shm::RingCounters counters = watched.topic()->counters();
    EXPECT_GT(counters.keyframes, 0U);
    EXPECT_LE(counters.keyframe_bytes * TopicKeyframes::events_per_keyframe, counters.bytes);
  }
}

TEST(TopicKeyframes, AreNeverMoreThanHalfAWindowBehindWhileTheStateIsSmall) {
  constexpr shm::RingGeometry geometry{16 * 1024, 6, 4, 4, 0, 0, 0};
  constexpr std::uint64_t segment_events_max = geometry.segment_size / 128;
  WatchedTopic watched(geometry);
  std::uint64_t behind_max = 0;
  std::uint64_t keyframes = 0;
  std::uint64_t last = 0;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    watched.publish(numbered(i, first_run, 100));
    if (watched.topic()->counters().keyframes != keyframes) {
      keyframes = watched.topic()->counters().keyframes;
      last = watched.topic()->next_sequence() - 1;
    }
    behind_max = std::max(behind_max, watched.topic()->next_sequence() - last);
  }
  EXPECT_GT(keyframes, 10U);
  EXPECT_LE(behind_max, (geometry.window_segments / 2 + 1) * segment_events_max);
}

TEST(TopicKeyframes, OfATopicWithoutAStateAreNone) {
  TopicUnderTest topic("agent_server:debug:ada", narrow_geometry);
  topic->begin_life(1);
  ASSERT_TRUE(topic->publish(numbered(1, {1, 0})));
  const auto granted = topic.subscribe({.from = SubscribeFrom::keyframe});
  ASSERT_TRUE(granted);
  EXPECT_FALSE(granted->keyframe);
  EXPECT_EQ(granted->cursor.next_sequence, 2U) << "as from the latest";
  for (std::uint64_t i = 0; i < 500; ++i)
    ASSERT_TRUE(topic->publish(numbered(i, {1, 0}, 100)));
  EXPECT_EQ(topic->counters().keyframes, 0U);
}

TEST(TopicKeyframes, OfAPresenceTopicBeginWithTheTableThatIsOlderThanTheRing) {
  schema::Fold table(schema::StateKind::presence);
  events::PresenceDiffT diff;
  diff.version = 7;
  diff.joins.push_back(std::make_unique<events::PresenceEntryT>());
  diff.joins.back()->key = "eve";
  diff.joins.back()->metas.push_back(std::make_unique<events::PresenceMetaT>());
  diff.joins.back()->metas.back()->ref = 3;
  events::EventT event;
  event.payload.Set(std::move(diff));
  table.apply(schema::pack(event).event());
  TopicUnderTest topic(TopicOptions{.name = "conversation:1",
                                    .object_name = {},
                                    .geometry = narrow_geometry,
                                    .initial_state = table.snapshot(),
                                    .executor = {}});
  const auto granted = topic.subscribe({.from = SubscribeFrom::keyframe});
  ASSERT_TRUE(granted && granted->keyframe);
  const auto ring = shm::AttachedRing::attach(topic->open_read_only(), ::geteuid());
  Copying late(schema::StateKind::presence, granted->cursor.next_sequence, ring->view(), granted->cursor,
               shm::StateWish::at_once);
  late.read();
  EXPECT_EQ(late.snapshots(), 1U);
  EXPECT_EQ(state_of(late.fold()), state_of(table));
}

TEST(TopicKeyframes, AreRefusedWhereThereIsNoSpaceAndPublishingGoesOn) {
  TopicUnderTest topic(agents_topic, shm::RingGeometry{4096, 4, 4, 4, 0, 0, 0});
  topic->begin_life(1);
  topic->begin_run(1);
  const std::string token(100, 'x');
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const schema::TokenDelta delta{.stamp = first_run, .message_id = "m", .text = token};
    ASSERT_TRUE(topic->publish(delta)) << "the text alone is larger than a segment";
  }
  const auto granted = topic.subscribe({.from = SubscribeFrom::keyframe});
  ASSERT_FALSE(granted);
  EXPECT_EQ(granted.error().fault, SubscribeError::Fault::no_keyframe);
  EXPECT_EQ(topic->subscriber_count(), 0U);
  schema::EventBuilder builder;
  ASSERT_TRUE(topic->publish(builder.status_changed(first_run, events::AgentStatus::idle)));
  const auto later = topic.subscribe({.from = SubscribeFrom::keyframe});
  ASSERT_TRUE(later) << "the message is over, and the state is small again";
  EXPECT_EQ(later->cursor.next_sequence, topic->next_sequence());
}

TEST(TopicKeyframes, ThatFoundNoSpaceAreTriedAgainHalfAWindowLater) {
  constexpr std::uint64_t first_due = narrow_geometry.window_segments - 2;
  constexpr std::uint64_t next_try = first_due + narrow_geometry.window_segments / 2;
  WatchedTopic watched(narrow_geometry);
  const auto ring = shm::AttachedRing::attach(watched.topic()->open_read_only(), ::geteuid());
  ASSERT_TRUE(watched.topic().subscribe({.from = SubscribeFrom::latest}));
  const std::string token(400, 'x');
  const auto publish_up_to = [&](std::uint64_t generation) {
    while (shm::newest_segment(ring->view())->generation < generation)
      watched.publish(schema::TokenDelta{.stamp = first_run, .message_id = "m", .text = token});
  };
  {
    const BackingLimit limit(narrow_geometry.segment_offset(narrow_geometry.pool_segments()));
    publish_up_to(first_due + 1);
  }
  publish_up_to(next_try);
  EXPECT_EQ(watched.topic()->counters().keyframes, 0U);
  publish_up_to(next_try + 2);  // one is the keyframe's own
  EXPECT_EQ(watched.topic()->counters().keyframes, 1U);
}

TEST(TopicKeyframes, WakeWhoSleepsThoughNoEventComesWithThem) {
  WatchedTopic watched;
  watched.publish(numbered(1, first_run));
  const shm::Descriptor doorbell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  Page page;
  ASSERT_TRUE(watched.topic().subscribe(
      {.from = SubscribeFrom::latest,
       .subscriber = {.pins = page.pins.data(), .wake_flag = &page.wake_flag, .doorbell = doorbell.get()}}));
  page.wake_flag.store(1);
  watched.join();
  ASSERT_TRUE(watched.topic()->flush());
  EXPECT_EQ(page.wake_flag.load(), 0U);
  page.wake_flag.store(1);
  watched.join();
  ASSERT_TRUE(watched.topic()->flush());
  EXPECT_EQ(page.wake_flag.load(), 1U) << "the same keyframe serves: there is nothing new";
}

TEST(TopicKeyframes, AreThereForWhoIsReliable) {
  WatchedTopic watched(shm::RingGeometry{4096, 4, 4, 4, 8, 4, 64 * 1024});
  watched.publish_window();
  Page page;
  const auto granted = watched.topic().subscribe(
      {.from = SubscribeFrom::keyframe,
       .subscriber = {.pins = page.pins.data(), .acknowledged = &page.acknowledged, .evicted = &page.evicted},
       .reliable = true});
  ASSERT_TRUE(granted && granted->keyframe && !granted->copying);
  const auto ring = shm::AttachedRing::attach(watched.topic()->open_read_only(), ::geteuid());
  StateReader<shm::RingReader> reliable(schema::StateKind::agent, granted->cursor.next_sequence, ring->view(),
                                        granted->cursor, page.pins.data(), &page.acknowledged,
                                        shm::StateWish::at_once);
  watched.publish_window();
  reliable.read();
  EXPECT_EQ(reliable.snapshots(), 1U);
  EXPECT_EQ(reliable.gaps(), 0U);
  EXPECT_EQ(page.evicted.load(), 0U);
  EXPECT_EQ(state_of(reliable.fold()), watched.state());
}

}  // namespace
}  // namespace ringside::agentd
