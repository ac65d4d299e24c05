// SPDX-License-Identifier: Apache-2.0
//
// A writer and readers at random speeds: whatever each missed, all have the same state in the end.
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

#include "agentd/topic.hpp"
#include "shm/attached_ring.hpp"
#include "shm/copying_reader.hpp"
#include "shm/ring_reader.hpp"
#include "tests/agentd/state_reader.hpp"
#include "tests/agentd/topic_fixture.hpp"
#include "tests/runners/recorded_run.hpp"
#include "tests/runners/stream_oracle.hpp"

namespace ringside::agentd {
namespace {

constexpr shm::RingGeometry racing_geometry{4096, 6, 4, 4, 0, 8, 512 * 1024};
constexpr std::uint64_t runs = 60;

struct Race {
  TopicUnderTest topic{"agent_server:ada", racing_geometry};
  std::atomic<bool> over{false};
  std::uint32_t seed = std::random_device{}();
};

void write(Race& race, schema::Fold& whole) {
  std::mt19937 random(race.seed);
  const auto run = recorded_run(sample("lighthouse.chunks.txt"));
  race.topic->begin_life(first_run.incarnation);
  for (std::uint64_t number = 1; number <= runs; ++number) {
    race.topic->begin_run(number);
    for (const schema::EventBuffer& each : run) {
      const schema::EventBuffer event = schema::restamp(each.event(), first_run.incarnation, number);
      EXPECT_TRUE(race.topic->publish(event));
      whole.apply(event.event());
      if (random() % 64 == 0) std::this_thread::yield();
    }
  }
  EXPECT_TRUE(race.topic->flush());
  race.over.store(true, std::memory_order::release);
}

/// Reads some, and at times waits until it has surely been lapped.
template <class Reader>
void read_at_random(Race& race, StateReader<Reader>& reader, std::uint32_t seed) {
  std::mt19937 random(seed);
  while (!race.over.load(std::memory_order::acquire)) {
    reader.read(1 + random() % 50);
    if (random() % 100 != 0) continue;
    const std::uint64_t lapped = reader.next_sequence() + 1000;
    while (race.topic->next_sequence() < lapped && !race.over.load(std::memory_order::acquire))
      std::this_thread::yield();
  }
  reader.read();
}

TEST(TopicKeyframes, GiveReadersAtRandomSpeedsTheOneState) {
  Race race;
  SCOPED_TRACE(race.seed);
  const auto ring = shm::AttachedRing::attach(race.topic->open_read_only(), ::geteuid());
  const auto granted = race.topic.subscribe({.from = SubscribeFrom::keyframe});
  ASSERT_TRUE(granted && granted->keyframe);
  std::vector<std::unique_ptr<Page>> pages;
  std::vector<std::unique_ptr<StateReader<shm::RingReader>>> pinning;
  for (int i = 0; i < 2; ++i) {
    Page& page = *pages.emplace_back(std::make_unique<Page>());
    const auto joined =
        race.topic.subscribe({.from = SubscribeFrom::keyframe, .subscriber = {.pins = page.pins.data()}});
    ASSERT_TRUE(joined && joined->keyframe && !joined->copying);
    pinning.push_back(std::make_unique<StateReader<shm::RingReader>>(
        schema::StateKind::agent, joined->cursor.next_sequence, ring->view(), joined->cursor,
        page.pins.data(), nullptr, shm::StateWish::at_once));
  }
  StateReader<shm::CopyingReader> copying(schema::StateKind::agent, granted->cursor.next_sequence,
                                          ring->view(), granted->cursor, shm::StateWish::at_once);
  schema::Fold whole(schema::StateKind::agent);
  {
    const std::jthread writer([&] { write(race, whole); });
    const std::jthread first([&] { read_at_random(race, *pinning[0], race.seed + 1); });
    const std::jthread second([&] { read_at_random(race, *pinning[1], race.seed + 2); });
    const std::jthread third([&] { read_at_random(race, copying, race.seed + 3); });
  }
  std::size_t gaps = copying.gaps();
  for (const auto& reader : pinning) {
    EXPECT_EQ(state_of(reader->fold()), state_of(whole));
    EXPECT_EQ(reader->next_sequence(), race.topic->next_sequence());
    gaps += reader->gaps();
  }
  EXPECT_EQ(state_of(copying.fold()), state_of(whole));
  EXPECT_GT(gaps, 0U) << "nobody was lapped: this run has shown nothing";
}

}  // namespace
}  // namespace ringside::agentd
