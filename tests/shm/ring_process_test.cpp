// SPDX-License-Identifier: Apache-2.0
//
// Readers in processes of their own, at their own pace, killed and stopped.
#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "shm/attached_ring.hpp"
#include "shm/ring_object.hpp"
#include "tests/shm/ring_fixture.hpp"

namespace ringside::shm {
namespace {

constexpr unsigned watchdog_s = 60;

constexpr RingGeometry geometry{.segment_size = 8192,
                                .window_segments = 4,
                                .subscription_max = 8,
                                .pins_per_subscription = 3,
                                .reliable_segments = 4,
                                .large_segments = 2,
                                .large_segment_size = 256 * 1024};

/// What parent and children share beside the ring; stands for the session pages.
struct Shared {
  struct alignas(64) Line {
    std::array<std::atomic<std::uint64_t>, pins_max> pins;
    std::atomic<std::uint64_t> acknowledged;
    std::atomic<std::uint64_t> evicted;
    std::atomic<std::uint32_t> stage;
  };
  std::array<Line, 8> lines;
};

class RingProcess : public testing::Test {
 protected:
  RingProcess()
      : object_(
            RingObject::create("/ringside.process." + std::to_string(::getpid()), geometry, {"topic", 1, {}})
                .value()),
        writer_(object_.memory(), object_.backing(), 1) {
    object_.remove();
    void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    shared_ = new (memory) Shared{};
    ::alarm(watchdog_s);
  }
  ~RingProcess() override {
    ::alarm(0);
    ::munmap(shared_, sizeof(Shared));
  }

  /// A child that reads in place under the pins of `line`, from the latest event on; it exits with what body returns.
  pid_t fork_reader(std::size_t line, const std::function<int(RingReader&, Shared::Line&)>& body) {
    Shared::Line& own = shared_->lines[line];
    ids_[line] =
        writer_
            .add_subscriber(
                {.pins = own.pins.data(), .acknowledged = &own.acknowledged, .evicted = &own.evicted})
            .value();
    return fork_child([&, cursor = writer_.latest()](const AttachedRing& ring) {
      RingReader reader(ring.view(), cursor, own.pins.data(), &own.acknowledged);
      return body(reader, own);
    });
  }

  pid_t fork_child(const std::function<int(const AttachedRing&)>& body) {
    Descriptor descriptor = std::move(object_.read_only_descriptor().value());
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::alarm(watchdog_s);
    const auto ring = AttachedRing::attach(std::move(descriptor), ::getuid());
    ::_exit(ring ? body(*ring) : 99);
  }

  static int exit_code(pid_t child) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  void publish(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t sequence = writer_.next_sequence();
      ASSERT_TRUE(writer_.publish(payload_of(sequence, sequence % 700), 1, 1)) << sequence;
    }
  }

  static void wait_for(const std::atomic<std::uint32_t>& stage, std::uint32_t value) {
    while (stage.load(std::memory_order::acquire) < value)
      ::sched_yield();
  }

  RingObject object_;
  RingWriter writer_;
  Shared* shared_;
  std::array<SubscriberId, 8> ids_;
};

/// Reads up to `last`, at most `limit` events a poll and `yields` turns of the scheduler between; 0 if each event came in
/// order and whole, or inside exactly one gap.
template <class Reader>
int follow(Reader& reader, std::uint64_t last, std::size_t limit, unsigned yields) {
  std::uint64_t expected = reader.cursor().next_sequence;
  int fault = 0;
  while (expected <= last && fault == 0) {
    reader.poll(
        [&](const Record& record) {
          if (record.sequence != expected) fault = 1;
          if (record.size != record.sequence % 700 || !is_whole(record)) fault = 2;
          ++expected;
        },
        [&](const Gap& gap) {
          if (gap.first != expected || gap.count == 0) fault = 3;
          expected += gap.count;
        },
        limit);
    if (reader.state() == ReaderState::corrupt) fault = 4;
    for (unsigned i = 0; i < yields; ++i)
      ::sched_yield();
  }
  return expected == last + 1 ? fault : 5;
}

TEST_F(RingProcess, ManyReadersAtTheirOwnPaceEachSeeEveryEventInOrderOrTheExactGap) {
  constexpr std::uint64_t last = 60'000;
  std::vector<pid_t> children;
  for (std::size_t i = 0; i < 6; ++i) {
    children.push_back(fork_reader(i, [i](RingReader& reader, Shared::Line& line) {
      line.stage.store(1, std::memory_order::release);
      return follow(reader, last, std::size_t{1} << (2 * i), static_cast<unsigned>(6 - i) * 3);
    }));
  }
  for (std::size_t i = 6; i < 8; ++i) {
    children.push_back(fork_child([this, i, cursor = writer_.latest()](const AttachedRing& ring) {
      shared_->lines[i].stage.store(1, std::memory_order::release);
      CopyingReader reader(ring.view(), cursor);
      return follow(reader, last, 50, i == 6 ? 0 : 4);
    }));
  }
  for (std::size_t i = 0; i < 8; ++i)
    wait_for(shared_->lines[i].stage, 1);
  for (std::uint64_t i = 0; i < last / 100; ++i) {
    publish(100);
    if (i % 8 == 0) ::sched_yield();
  }
  for (std::size_t i = 0; i < children.size(); ++i)
    EXPECT_EQ(exit_code(children[i]), 0) << "reader " << i;
  EXPECT_EQ(writer_.counters().no_space, 0U);
}

TEST_F(RingProcess, AReliableReaderThatIsWaitedForLosesNothing) {
  constexpr std::uint64_t last = 20'000;
  const Cursor start = writer_.latest();
  const pid_t child = fork_reader(0, [](RingReader& reader, Shared::Line& line) {
    std::uint64_t expected = 1;
    while (expected <= last) {
      reader.poll(
          [&](const Record& record) {
            expected += record.sequence == expected && is_whole(record) ? 1U : last;
          },
          [&](const Gap&) { expected = 2 * last; }, 100);
    }
    return expected == last + 1 && line.evicted.load(std::memory_order::relaxed) == 0 ? 0 : 1;
  });
  writer_.make_reliable(ids_[0], start);
  std::uint32_t most = 0;
  while (writer_.next_sequence() <= last) {
    if (writer_.rolls_before_eviction() == 0U) {
      ::sched_yield();
    } else {
      publish(1);
      most = std::max(most, writer_.window_segments());
    }
  }
  EXPECT_EQ(exit_code(child), 0);
  EXPECT_EQ(writer_.counters().evicted, 0U);
  EXPECT_LE(most, geometry.window_segments_extended());
}

TEST_F(RingProcess, AStoppedReliableReaderIsEvictedAndToldAndOthersLoseNothingByIt) {
  const Cursor start = writer_.latest();
  const auto read_on = [](RingReader& reader, Shared::Line& line) {
    std::uint64_t expected = 1;
    std::uint64_t missed = 0;
    while (expected <= 20'000) {
      reader.poll(
          [&](const Record& record) {
            if (record.sequence == 3 && line.stage.exchange(1, std::memory_order::acq_rel) == 7)
              ::raise(SIGSTOP);
            expected = record.sequence == expected && is_whole(record) ? expected + 1 : ~std::uint64_t{0};
          },
          [&](const Gap& gap) {
            // Told before, or with, the first loss.
            if (line.evicted.load(std::memory_order::relaxed) == 0) expected = ~std::uint64_t{0};
            missed += gap.count;
            expected += gap.count;
          },
          64);
    }
    return expected != 20'001 ? 1 : missed == 0 ? 2 : 0;
  };
  shared_->lines[0].stage.store(7, std::memory_order::relaxed);
  const pid_t stopped = fork_reader(0, read_on);
  writer_.make_reliable(ids_[0], start);
  const pid_t other = fork_reader(1, read_on);
  writer_.make_reliable(ids_[1], start);
  publish(3);
  int status = 0;
  ASSERT_EQ(::waitpid(stopped, &status, WUNTRACED), stopped);
  ASSERT_TRUE(WIFSTOPPED(status)) << status;
  // As fast as the other one goes, once the stopped one no longer counts.
  while (writer_.next_sequence() <= 20'000) {
    if (writer_.counters().evicted == 1 && writer_.rolls_before_eviction() == 0U) {
      ::sched_yield();
    } else if (writer_.counters().evicted == 0 &&
               shared_->lines[1].acknowledged.load(std::memory_order::acquire) != writer_.next_sequence()) {
      ::sched_yield();
    } else {
      publish(1);
    }
  }
  EXPECT_EQ(exit_code(other), 2) << "nothing was missed";
  EXPECT_EQ(writer_.counters().evicted, 1U);
  ::kill(stopped, SIGCONT);
  EXPECT_EQ(exit_code(stopped), 0);
}

TEST_F(RingProcess, LargeEventsAreReadInPlaceBetweenTheOthers) {
  constexpr std::uint64_t last = 400;
  LargeSegments large = object_.large_segments();
  const auto size_of = [](std::uint64_t sequence) {
    return sequence % 8 == 0 ? 100'000 + sequence : sequence % 700;
  };
  const Cursor start = writer_.latest();
  const auto read_on = [size_of](auto& reader) {
    std::uint64_t expected = 1;
    while (expected <= last) {
      reader.poll(
          [&](const Record& record) {
            const bool right =
                record.sequence == expected && record.size == size_of(record.sequence) && is_whole(record);
            expected = right ? expected + 1 : ~std::uint64_t{0};
          },
          [&](const Gap& gap) { expected += gap.count; }, 16);
    }
    return expected == last + 1 ? 0 : 1;
  };
  const pid_t pinning =
      fork_reader(0, [read_on](RingReader& reader, Shared::Line&) { return read_on(reader); });
  const pid_t copying = fork_child([&](const AttachedRing& ring) {
    CopyingReader reader(ring.view(), start);
    return read_on(reader);
  });
  while (writer_.next_sequence() <= last) {
    const std::uint64_t sequence = writer_.next_sequence();
    if (size_of(sequence) <= geometry.payload_size_max()) {
      publish(1);
      continue;
    }
    const auto payload = payload_of(sequence, size_of(sequence));
    auto segment = large.claim(static_cast<std::uint32_t>(payload.size()));
    while (!segment) {
      ASSERT_EQ(segment.error(), LargeFault::none_free);
      static_cast<void>(writer_.free_large());
      while (const auto freed = writer_.take_freed_large())
        large.give_back(*freed);
      ::sched_yield();
      segment = large.claim(static_cast<std::uint32_t>(payload.size()));
    }
    std::memcpy(segment->payload(), payload.data(), payload.size());
    ASSERT_EQ(writer_.publish_large(segment->index(), segment->length(),
                                    static_cast<std::uint32_t>(payload.size()), 1, 1),
              sequence);
    segment->release();
    while (const auto freed = writer_.take_freed_large())
      large.give_back(*freed);
  }
  EXPECT_EQ(exit_code(pinning), 0);
  EXPECT_EQ(exit_code(copying), 0);
  EXPECT_EQ(writer_.counters().large_events, last / 8);
}

TEST_F(RingProcess, AReaderKilledWhileItHoldsPinsHurtsNobody) {
  const pid_t victim = fork_reader(0, [](RingReader& reader, Shared::Line& line) {
    std::vector<Held> held;
    for (;;) {
      const Next next = reader.next();
      if (next.kind == Next::Kind::record) held.push_back(reader.hold(next.record));
      if (reader.held_segments() == 2) line.stage.store(1, std::memory_order::release);
    }
    return 0;
  });
  const pid_t other =
      fork_reader(1, [](RingReader& reader, Shared::Line&) { return follow(reader, 20'000, 64, 0); });
  while (shared_->lines[0].stage.load(std::memory_order::acquire) == 0) {
    if (writer_.next_sequence() < 10'000) publish(1);
    ::sched_yield();
  }
  ::kill(victim, SIGKILL);
  EXPECT_EQ(exit_code(victim), 1000 + SIGKILL);
  publish(20'001 - writer_.next_sequence());
  EXPECT_EQ(exit_code(other), 0);
  EXPECT_EQ(writer_.counters().no_space, 0U);
  EXPECT_GE(writer_.set_aside_segments(), 2U) << "until its death is proven its segments stand";
  writer_.remove_subscriber(ids_[0]);
  writer_.remove_subscriber(ids_[1]);
  publish(100);
  EXPECT_EQ(writer_.set_aside_segments(), 0U);
}

TEST_F(RingProcess, WhatAStoppedReaderHoldsIsWholeWhenItWakes) {
  const pid_t stopped = fork_reader(0, [](RingReader& reader, Shared::Line&) {
    Held held;
    std::uint64_t expected = 1;
    while (expected <= 3) {
      const Next next = reader.next();
      if (next.kind != Next::Kind::record) continue;
      if (next.record.sequence == 3) {
        held = reader.hold(next.record);
        ::raise(SIGSTOP);  // in the middle of a handler, as it were
        if (!is_whole(next.record)) return 10;
      }
      ++expected;
    }
    if (held.copied() || !is_whole(held.record())) return 11;
    const int fault = follow(reader, 30'000, 1000, 0);
    return fault != 0 ? fault : is_whole(held.record()) ? 0 : 12;
  });
  const pid_t other =
      fork_reader(1, [](RingReader& reader, Shared::Line&) { return follow(reader, 30'000, 64, 0); });
  publish(3);
  int status = 0;
  ASSERT_EQ(::waitpid(stopped, &status, WUNTRACED), stopped);
  ASSERT_TRUE(WIFSTOPPED(status)) << status;
  publish(30'000 - 3);
  EXPECT_EQ(exit_code(other), 0);
  EXPECT_GE(writer_.set_aside_segments(), 1U);
  EXPECT_EQ(writer_.counters().no_space, 0U);
  ::kill(stopped, SIGCONT);
  EXPECT_EQ(exit_code(stopped), 0);
}

}  // namespace
}  // namespace ringside::shm
