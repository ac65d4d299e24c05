// SPDX-License-Identifier: Apache-2.0
//
// What happens when the system has no page left.
#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "shm/attached_ring.hpp"
#include "shm/ring_object.hpp"
#include "tests/shm/ring_fixture.hpp"

namespace ringside::shm {
namespace {

constexpr RingGeometry stepped{.segment_size = 16384,
                               .window_segments = 4,
                               .subscription_max = 2,
                               .pins_per_subscription = 2,
                               .reliable_segments = 0,
                               .large_segments = 0,
                               .large_segment_size = 0};

TEST(RingBacking, ShrinksTheWindowAndLosesNothingThatWasAccepted) {
  // For every step at which the system may say no for good.
  for (std::uint64_t refused_from = 0; refused_from < 40; ++refused_from) {
    HeapRing ring(stepped, 1, 4096);
    ring.script.allows = [=](std::uint64_t step) { return step < refused_from; };
    Subscribed viewer(ring);
    CopyingReader copying(ring.view(), ring.writer.latest());
    Seen seen;
    Seen copied;
    std::uint64_t accepted = 0;
    for (std::size_t i = 0; i < 600; ++i) {
      if (i % 7 == 0) ring.writer.prepare();
      const auto published = ring.publish(100 + i % 700);
      if (published) {
        EXPECT_EQ(*published, ++accepted);
      } else {
        EXPECT_EQ(published.error(), PublishError::no_space);
      }
      seen.poll(viewer.reader);
      copied.poll(copying);
    }
    ASSERT_TRUE(seen.whole && copied.whole) << refused_from;
    EXPECT_TRUE(seen.gaps.empty()) << refused_from;
    EXPECT_EQ(seen.sequences.size(), accepted) << refused_from;
    EXPECT_EQ(copied.sequences.size(), accepted) << refused_from;
    // One segment alone has nowhere to go on; with two there is always one to reuse.
    if (refused_from >= 4) {
      EXPECT_EQ(accepted, 600U) << refused_from;
    }
    EXPECT_LE(ring.script.mark, ring.script.end);
  }
}

TEST(RingBacking, ARingThatHoldsAFewEventsTakesOneStep) {
  auto object =
      RingObject::create("/ringside-test." + std::to_string(::getpid()) + ".idle", {}, {.topic = "idle"});
  ASSERT_TRUE(object);
  RingWriter writer(object->memory(), object->backing(), object->first_sequence());
  const std::array<std::byte, 200> payload{};
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(writer.publish(payload, 1, 0));
    writer.prepare();
  }
  EXPECT_EQ(writer.backed_bytes(), RingGeometry{}.header_size() + RingBacking::step_size);
  object->remove();
}

TEST(RingBacking, RefusesWhileEverySegmentIsPinnedAndGoesOnAfterwards) {
  HeapRing ring(stepped, 1, 4096);
  // Three segments of 16 KiB.
  ring.script.allows = [](std::uint64_t step) { return step < 11; };
  Subscribed first(ring);
  Subscribed second(ring);
  Seen seen;
  std::array<Held, 2> held;
  const auto hold_one = [&](Subscribed& who, Held& into) {
    (void)ring.publish(64);
    seen.poll(who.reader, 1);
    Next last;
    for (Next next = who.reader.next(); next.kind != Next::Kind::nothing; next = who.reader.next())
      last = next;
    if (last.kind == Next::Kind::record) into = who.reader.hold(last.record);
  };
  (void)ring.publish(64);
  hold_one(first, held[0]);
  ring.roll(2000);
  hold_one(second, held[1]);
  std::uint64_t accepted = ring.writer.next_sequence();
  while (ring.publish(2000))
    ++accepted;
  EXPECT_EQ(ring.writer.next_sequence(), accepted);
  EXPECT_EQ(ring.publish(2000).error(), PublishError::no_space);
  EXPECT_TRUE(ring.publish(8)) << "what still fits in the last segment is accepted";
  ++accepted;
  for (const Held& each : held)
    EXPECT_TRUE(is_whole(each.record()));
  held = {};
  first.reader.close();
  second.reader.close();
  ASSERT_TRUE(ring.publish(2000)) << "a segment that nobody pins any more is taken again";
  EXPECT_EQ(ring.writer.next_sequence(), accepted + 1);
  Seen rest;
  CopyingReader copying(ring.view(), ring.writer.oldest());
  rest.poll(copying);
  EXPECT_TRUE(rest.whole && rest.gaps.empty());
  EXPECT_EQ(rest.sequences.back(), accepted);
}

TEST(RingBacking, BacksAheadSoThatPublishingDoesNot) {
  HeapRing ring(stepped, 1, 4096);
  for (int i = 0; i < 2000; ++i) {
    ring.writer.prepare();
    const auto steps = ring.script.steps;
    ASSERT_TRUE(ring.publish(128));
    ASSERT_EQ(ring.script.steps, steps) << i;
  }
}

TEST(RingBacking, UsesNoMoreSegmentsThanTheWindowWhileNobodyPins) {
  HeapRing ring(stepped, 1, 4096);
  for (int i = 0; i < 5000; ++i)
    ASSERT_TRUE(ring.publish(500));
  EXPECT_EQ(ring.script.mark, ring.geometry.header_size() + 4 * 16384);
}

/// On a shared memory of 256 KiB, in a mount namespace of its own. 0 = as it should be, 77 = no right to try.
int publish_on_a_full_tmpfs() {
  if (::unshare(CLONE_NEWNS) != 0) return 77;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
  if (::mount("t", "/dev/shm", "tmpfs", 0, "size=256k,mode=1777") != 0) return 77;
  auto object = RingObject::create("/ringside.full", {}, {"topic", 1, {}});
  if (!object) return 1;
  RingWriter writer(object->memory(), object->backing(), 1);
  auto received = object->read_only_descriptor();
  auto attached = AttachedRing::attach(std::move(*received), ::getuid());
  if (!attached) return 2;
  CopyingReader reader(attached->view(), writer.latest());
  Seen seen;
  for (int i = 0; i < 20000; ++i) {
    writer.prepare();
    if (!writer.publish(payload_of(writer.next_sequence(), 300), 1, 1)) return 3;
    seen.poll(reader);
  }
  if (writer.counters().shrunk == 0 || writer.counters().backing_failed == 0) return 4;
  if (!seen.whole || !seen.gaps.empty() || seen.sequences.size() != 20000) return 5;
  // And a ring more: refused by name, nothing left behind.
  const auto second = RingObject::create("/ringside.second", {}, {"topic", 1, {}});
  if (second || second.error().fault != RingCreateFault::no_space) return 6;
  if (::access("/dev/shm/ringside.second", F_OK) == 0) return 7;
  return 0;
}

TEST(RingBacking, NeverDiesOnAFullTmpfs) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    ::_exit(publish_on_a_full_tmpfs());
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no right to mount a tmpfs of our own";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace ringside::shm
