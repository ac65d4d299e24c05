// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "agentd/topic.hpp"
#include "schema/event_buffer.hpp"
#include "shm/attached_ring.hpp"
#include "shm/copying_reader.hpp"

namespace ringside::agentd {

/// Events that carry a number, for topics in tests.
schema::EventBuffer numbered(std::uint64_t number, schema::Stamp stamp = {}, std::size_t filler = 0);

/// Small enough that a test fills it: 4 KiB a segment.
inline constexpr shm::RingGeometry small_geometry{4096, 4, 4, 4, 0, 0, 0};

/// A topic under a name of its own, which is taken away at the end.
class TopicUnderTest {
 public:
  explicit TopicUnderTest(std::string name = "conversation:1", shm::RingGeometry geometry = {},
                          std::uint64_t first_sequence = 1,
                          std::function<void(std::function<void()>)> executor = {});
  /// As those say, under an object name of its own.
  explicit TopicUnderTest(TopicOptions options);
  ~TopicUnderTest();
  TopicUnderTest(const TopicUnderTest&) = delete;
  TopicUnderTest& operator=(const TopicUnderTest&) = delete;

  Topic& operator*() const noexcept { return *topic_; }
  Topic* operator->() const noexcept { return topic_.get(); }
  [[nodiscard]] const std::shared_ptr<Topic>& share() const noexcept { return topic_; }

  /// Subscribes and waits for the answer.
  expected<Granted, SubscribeError> subscribe(SubscribeRequest request) const;
  /// Publishes a batch and waits for the answer.
  expected<std::uint64_t, BatchFault> publish_batch(std::vector<schema::EventBuffer> batch) const;

  /// Lets go of the topic, not of its ring.
  void end() { topic_.reset(); }

 private:
  std::string object_name_;
  std::shared_ptr<Topic> topic_;
};

struct Seen {
  std::uint64_t sequence;
  std::uint64_t number;
  std::int64_t time_ns;
};

/// A reader of that topic, with a mapping of its own.
class TopicReader {
 public:
  TopicReader(const Topic& topic, const shm::Cursor& cursor);

  /// Everything that is there now. A gap fails the test.
  std::vector<Seen> read();

 private:
  shm::AttachedRing ring_;
  shm::BasicCopyingReader<> reader_;
};

/// What a client would have in its page.
struct Page {
  std::array<std::atomic<std::uint64_t>, 4> pins{};
  std::atomic<std::uint32_t> wake_flag{0};
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<std::uint64_t> evicted{0};
};

/// The process may back no file beyond this size, while it lives: what a full /dev/shm does to a ring.
class BackingLimit {
 public:
  explicit BackingLimit(std::uint64_t size);
  ~BackingLimit();
  BackingLimit(const BackingLimit&) = delete;
  BackingLimit& operator=(const BackingLimit&) = delete;

 private:
  std::uint64_t before_;
};

}  // namespace ringside::agentd
