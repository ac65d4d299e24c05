// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <rapidcheck.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ringside/ring_file.hpp>

#include "schema/event_buffer.hpp"
#include "shm/ring_layout.hpp"
#include "shm/ring_object.hpp"
#include "shm/ring_writer.hpp"
#include "tests/clientlib/temporary_folder.hpp"

namespace ringside {
namespace {

constexpr shm::RingGeometry small_geometry{.segment_size = 4096,
                                           .window_segments = 3,
                                           .subscription_max = 2,
                                           .pins_per_subscription = 2,
                                           .reliable_segments = 2,
                                           .large_segments = 2,
                                           .large_segment_size = 64 * 1024};
const std::string topic_of_ring = "agent_server:ada";

std::vector<std::byte> event_of(std::uint64_t number) {
  events::CustomT custom;
  custom.name = "event " + std::to_string(number);
  custom.data.resize(100);
  events::EventT event;
  event.payload.Set(std::move(custom));
  const auto buffer = schema::pack(event);
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

/// A ring in /dev/shm as agentd makes one, with its writer.
class WrittenRing {
 public:
  WrittenRing()
      : object_(shm::RingObject::create(
                    "/ringside-test." + std::to_string(::getpid()) + ".file", small_geometry,
                    {.topic = topic_of_ring, .incarnation = 7, .boot_id = shm::read_boot_id().value()})
                    .value()),
        writer_(object_.memory(), object_.backing(), 1) {}
  ~WrittenRing() { object_.remove(); }
  WrittenRing(const WrittenRing&) = delete;
  WrittenRing& operator=(const WrittenRing&) = delete;

  void publish(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto bytes = event_of(writer_.next_sequence());
      const auto published =
          writer_.publish(bytes, static_cast<std::uint32_t>(events::Payload::custom), 1'000'000);
      ASSERT_TRUE(published.has_value());
    }
  }
  [[nodiscard]] std::string path() const { return "/dev/shm" + object_.name(); }

 private:
  shm::RingObject object_;
  shm::RingWriter writer_;
};

/// All that a read tells.
struct Told {
  std::vector<std::uint64_t> events;
  std::vector<std::string> names;
  std::vector<Gap> gaps;
  std::vector<RingDamage> damages;
  RingReading sum;

  [[nodiscard]] std::vector<std::string> reasons() const {
    std::vector<std::string> all;
    for (const RingDamage& damage : damages)
      all.push_back(damage.reason);
    return all;
  }
};

Told read_all(const RingFile& ring, std::uint64_t from = 0) {
  Told told;
  told.sum = ring.read({.event =
                            [&](const Event& event) {
                              told.events.push_back(event.sequence());
                              told.names.emplace_back(event.as<events::Custom>()->name()->str());
                            },
                        .gap = [&](const Gap& gap) { told.gaps.push_back(gap); },
                        .damage = [&](const RingDamage& damage) { told.damages.push_back(damage); }},
                       from);
  EXPECT_EQ(told.sum.events, told.events.size());
  EXPECT_EQ(told.sum.damages, told.damages.size());
  return told;
}

/// A copy of a ring with 60 events, of which the window has the last; to be damaged.
class RingFileTest : public ::testing::Test {
 protected:
  RingFileTest() {
    WrittenRing written;
    written.publish(60);
    std::filesystem::copy_file(written.path(), path());
    const auto segments = RingFile::open(path())->segments();
    segments_.assign(segments.begin(), segments.end());
    first_ = segments_.front().first_sequence;
  }

  [[nodiscard]] std::string path() const { return (folder_.path() / "ring").string(); }

  void write_word(std::uint64_t offset, std::uint64_t word) const {
    std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(static_cast<const char*>(static_cast<const void*>(&word)), sizeof word);
    ASSERT_TRUE(file.good());
  }
  [[nodiscard]] std::uint64_t word_at(std::uint64_t offset) const {
    std::ifstream file(path(), std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    std::uint64_t word = 0;
    file.read(static_cast<char*>(static_cast<void*>(&word)), sizeof word);
    EXPECT_TRUE(file.good());
    return word;
  }
  /// Where the `index`-th record of a segment begins.
  [[nodiscard]] std::uint64_t record_at(const RingSegment& segment, std::size_t index) const {
    std::uint64_t offset = 0;
    for (; index > 0; --index)
      offset = shm::next_place(offset, shm::length_bits(word_at(segment.offset + offset)));
    return segment.offset + offset;
  }
  /// Where the table says what generation a segment has.
  static std::uint64_t entry_of(const RingSegment& segment) {
    return sizeof(shm::RingHeader) + segment.index * sizeof(shm::SegmentEntry);
  }
  [[nodiscard]] Told read_damaged() const { return read_all(RingFile::open(path()).value()); }

  test::TemporaryFolder folder_;
  std::vector<RingSegment> segments_;
  std::uint64_t first_ = 0;
};

TEST_F(RingFileTest, SaysWhatTheRingSaysOfItself) {
  const RingFile ring = RingFile::open(path()).value();
  EXPECT_EQ(ring.facts().topic, topic_of_ring);
  EXPECT_EQ(ring.facts().incarnation, 7U);
  EXPECT_TRUE(ring.facts().this_boot);
  EXPECT_EQ(ring.facts().layout_version, shm::ring_layout_version);
  EXPECT_EQ(ring.facts().segment_size, small_geometry.segment_size);
  EXPECT_EQ(ring.facts().object_size, small_geometry.object_size());
  EXPECT_EQ(ring.size(), std::filesystem::file_size(path()));
  ASSERT_EQ(segments_.size(), small_geometry.window_segments);
  for (std::size_t i = 1; i < segments_.size(); ++i) {
    EXPECT_EQ(segments_[i].generation, segments_[i - 1].generation + 1);
    EXPECT_GT(segments_[i].first_sequence, segments_[i - 1].first_sequence);
    EXPECT_EQ(segments_[i].backed_bytes, small_geometry.segment_size);
  }
}

TEST_F(RingFileTest, HandsOutEveryEventThatIsThereOnceAndInOrder) {
  ASSERT_GT(first_, 1U);
  const Told told = read_damaged();
  ASSERT_EQ(told.events.size(), 61 - first_);
  for (std::size_t i = 0; i < told.events.size(); ++i) {
    EXPECT_EQ(told.events[i], first_ + i);
    EXPECT_EQ(told.names[i], "event " + std::to_string(first_ + i));
  }
  EXPECT_TRUE(told.gaps.empty());
  EXPECT_TRUE(told.damages.empty());
  EXPECT_EQ(told.sum.next_sequence, 61U);
  EXPECT_EQ(told.sum.last_time_ns, 1'000'000);
}

TEST_F(RingFileTest, PassesOverWhatComesBefore) {
  const Told told = read_all(RingFile::open(path()).value(), 59);
  EXPECT_EQ(told.events, (std::vector<std::uint64_t>{59, 60}));
  const Told none = read_all(RingFile::open(path()).value(), UINT64_MAX);
  EXPECT_TRUE(none.events.empty());
  EXPECT_EQ(none.sum.next_sequence, 61U);
}

TEST_F(RingFileTest, ARingWithoutAnEventIsWhole) {
  const WrittenRing written;
  const Told told = read_all(RingFile::open(written.path()).value());
  EXPECT_TRUE(told.events.empty());
  EXPECT_TRUE(told.damages.empty());
  EXPECT_EQ(told.sum.next_sequence, 1U);
  EXPECT_EQ(told.sum.last_time_ns, 0);
}

TEST_F(RingFileTest, TellsAnEventThatIsNotUsableAndGoesOnWithTheNext) {
  const std::uint64_t place = record_at(segments_[1], 2);
  write_word(place + shm::record_header_size, UINT64_MAX);
  const Told told = read_damaged();
  ASSERT_EQ(told.damages.size(), 1U);
  EXPECT_EQ(told.damages.front().sequence, segments_[1].first_sequence + 2);
  EXPECT_EQ(told.damages.front().segment, segments_[1].index);
  EXPECT_EQ(told.damages.front().offset, place);
  EXPECT_NE(told.damages.front().reason.find("not usable"), std::string::npos) << told.damages.front().reason;
  EXPECT_EQ(told.events.size(), 60 - first_);
  EXPECT_EQ(told.events.back(), 60U);
}

TEST_F(RingFileTest, TellsAForeignWordAndGoesOnInTheNextSegmentAfterTheGap) {
  const std::uint64_t place = record_at(segments_[1], 1);
  write_word(place, 0x6465676d61646564);
  const Told told = read_damaged();
  EXPECT_EQ(told.reasons(),
            (std::vector<std::string>{"neither a record of this sequence nor the segment's end"}));
  EXPECT_EQ(told.damages.front().offset, place);
  ASSERT_EQ(told.gaps.size(), 1U);
  EXPECT_EQ(told.gaps.front().first, segments_[1].first_sequence + 1);
  EXPECT_EQ(told.gaps.front().first + told.gaps.front().count, segments_[2].first_sequence);
  EXPECT_EQ(told.events.back(), 60U);
}

TEST_F(RingFileTest, TellsARecordThatWouldLeaveItsSegment) {
  const std::uint64_t place = record_at(segments_[0], 0);
  write_word(place, shm::commit_word(first_, small_geometry.segment_size));
  EXPECT_EQ(read_damaged().reasons(),
            (std::vector<std::string>{"a record that would not end inside its segment"}));
}

TEST_F(RingFileTest, TellsAWordThatWasWipedOut) {
  write_word(record_at(segments_[0], 3), 0);
  const Told told = read_damaged();
  EXPECT_EQ(told.reasons(), (std::vector<std::string>{"nothing, where an event should be"}));
  EXPECT_EQ(told.damages.front().sequence, first_ + 3);
  ASSERT_EQ(told.gaps.size(), 1U);
  EXPECT_EQ(told.gaps.front().first, first_ + 3);
}

TEST_F(RingFileTest, ASegmentWithoutItsLinkIsWholeIfTheNextGoesOnWhereItEnds) {
  const auto records = segments_[1].first_sequence - segments_[0].first_sequence;
  write_word(record_at(segments_[0], records), 0);
  const Told told = read_damaged();
  EXPECT_TRUE(told.damages.empty()) << "agentd may be killed between the two stores";
  EXPECT_TRUE(told.gaps.empty());
}

TEST_F(RingFileTest, FollowsNoLinkInCircles) {
  write_word(record_at(segments_[0], 0), shm::link_word(first_, segments_[1].index));
  write_word(record_at(segments_[0], 0) + 8, segments_[0].generation + 1);
  write_word(entry_of(segments_[1]), 0);
  const Told told = read_damaged();
  EXPECT_EQ(told.events.front(), segments_[2].first_sequence);
  EXPECT_EQ(told.events.back(), 60U);
}

TEST_F(RingFileTest, TellsALinkThatLeadsNowhere) {
  const auto records = segments_[1].first_sequence - segments_[0].first_sequence;
  write_word(record_at(segments_[0], records),
             shm::link_word(segments_[1].first_sequence, small_geometry.table_entries()));
  EXPECT_EQ(read_damaged().reasons(), (std::vector<std::string>{"a link to a segment that cannot follow"}));
}

TEST_F(RingFileTest, LeavesOutASegmentThatGoesBack) {
  write_word(entry_of(segments_[2]) + offsetof(shm::SegmentEntry, first_sequence), 1);
  const Told told = read_damaged();
  ASSERT_EQ(told.damages.size(), 1U);
  EXPECT_NE(told.damages.front().reason.find("came before"), std::string::npos)
      << told.damages.front().reason;
  EXPECT_EQ(told.events.back() + 1, segments_[2].first_sequence);
}

TEST_F(RingFileTest, AFileThatWasCutOffIsRefusedOrReadToWhereItEnds) {
  const auto whole = std::filesystem::file_size(path());
  const std::uint64_t used =
      std::ranges::max(segments_, {}, &RingSegment::offset).offset + small_geometry.segment_size;
  std::size_t refused = 0;
  std::size_t cut_off = 0;
  for (std::uint64_t size = whole;; size -= std::min<std::uint64_t>(size, 1024)) {
    std::filesystem::resize_file(path(), size);
    const auto ring = RingFile::open(path());
    if (!ring) {
      ++refused;
      EXPECT_EQ(ring.error().fault, RingFileFault::not_a_ring) << size;
    } else if (const Told told = read_all(*ring); size < used) {
      ++cut_off;
      EXPECT_LT(told.events.size(), 61 - first_) << size;
      ASSERT_FALSE(told.damages.empty()) << size;
      EXPECT_EQ(told.damages.back().reason, "cut off by the end of the file") << size;
    } else {
      EXPECT_EQ(told.events.size(), 61 - first_) << size;
    }
    if (size == 0) break;
  }
  EXPECT_GT(refused, 10U);
  EXPECT_GE(cut_off, 2U);
}

TEST_F(RingFileTest, SaysWhyAFileIsNoRing) {
  const auto fault = [](const std::string& path) { return RingFile::open(path).error().fault; };
  EXPECT_EQ(fault(path() + ".none"), RingFileFault::no_file);
  EXPECT_EQ(fault(path() + "/below"), RingFileFault::no_file);
  EXPECT_EQ(fault(folder_.path()), RingFileFault::not_a_ring);
  const std::string text = (folder_.path() / "text").string();
  std::ofstream(text) << std::string(8192, 'x');
  std::filesystem::permissions(text, std::filesystem::perms::owner_read);
  EXPECT_EQ(fault(text), RingFileFault::not_a_ring);
  const std::string pipe = (folder_.path() / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(fault(pipe), RingFileFault::not_a_ring) << "and it is not waited for";
  write_word(offsetof(shm::RingHeader, fingerprint), 1);
  EXPECT_EQ(fault(path()), RingFileFault::other_build);
}

TEST_F(RingFileTest, SaysHowToReadAFileThatOthersMayOpen) {
  std::filesystem::permissions(path(), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  const auto ring = RingFile::open(path());
  ASSERT_FALSE(ring);
  EXPECT_NE(ring.error().message.find("chmod 600"), std::string::npos) << ring.error().message;
}

RC_GTEST_FIXTURE_PROP(RingFileTest, WhateverAFileSaysIsReadToAnEndAndInOrder, ()) {
  const auto words = *rc::gen::nonEmpty<std::vector<std::pair<std::uint32_t, std::uint64_t>>>();
  const auto size = std::filesystem::file_size(path());
  for (const auto& [place, word] : words) {
    // Table and segments: what the header says is checked elsewhere.
    const std::uint64_t offset = sizeof(shm::RingHeader) + place % ((size - sizeof(shm::RingHeader)) / 8) * 8;
    // Where a segment lies is checked before anything is read.
    if (offset < small_geometry.header_size() && offset % sizeof(shm::SegmentEntry) >= 16) continue;
    const bool plausible = *rc::gen::arbitrary<bool>();
    write_word(offset,
               plausible ? shm::commit_word(word, static_cast<std::uint32_t>(word >> 40 & 0xfff)) : word);
  }
  const auto ring = RingFile::open(path());
  RC_ASSERT(ring.has_value());
  std::uint64_t last = 0;
  const auto told = ring->read({.event = [&](const Event& event) {
    RC_ASSERT(last == 0 || event.sequence() > last);
    last = event.sequence();
  }});
  RC_ASSERT(told.events <= size / shm::record_header_size);
}

TEST_F(RingFileTest, OfARingThatIsWrittenEveryEventIsHandedOutOrToldAsMissing) {
  WrittenRing written;
  written.publish(1);
  const RingFile ring = RingFile::open(written.path()).value();
  std::atomic<bool> over{false};
  std::thread writer([&] {
    while (!over)
      written.publish(16);
  });
  std::uint64_t events = 0;
  for (std::uint64_t next = 0; next < 20'000;) {
    std::uint64_t expected = 0;
    const auto told = ring.read({.event =
                                     [&](const Event& event) {
                                       if (expected != 0) {
                                         EXPECT_EQ(event.sequence(), expected);
                                       }
                                       expected = event.sequence() + 1;
                                       EXPECT_EQ(event.as<events::Custom>()->name()->str(),
                                                 "event " + std::to_string(event.sequence()));
                                     },
                                 .gap =
                                     [&](const Gap& gap) {
                                       if (expected != 0) {
                                         EXPECT_EQ(gap.first, expected);
                                       }
                                       expected = gap.first + gap.count;
                                     },
                                 .damage = [](const RingDamage& damage) { ADD_FAILURE() << damage.reason; }});
    events += told.events;
    next = told.next_sequence;
  }
  over = true;
  writer.join();
  EXPECT_GT(events, 0U);
}

}  // namespace
}  // namespace ringside
