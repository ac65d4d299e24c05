// SPDX-License-Identifier: Apache-2.0
//
// What the holder of a topic's writing role does with each entry.
//
// Threads   : the holder of the role; the accessors at the end from any thread.
// Progress  : bounded by the entry. The bells are rung once in `commits_per_ring_max` events and at the end of a drain.
// Ordering  : E22 of writing_role.hpp brings the books from one holder to the next.
// Loss      : an event that does not fit waits in the backlog, and with it every event, life and run after it.
// Memory    : the books of the subscriptions; the backlog is what was accepted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "agentd/topic_backlog.hpp"
#include "agentd/topic_entry.hpp"
#include "agentd/topic_keyframes.hpp"
#include "shm/large_segments.hpp"
#include "shm/ring_object.hpp"
#include "shm/ring_writer.hpp"

namespace ringside::agentd {

class TopicWriter {
 public:
  static constexpr std::uint32_t commits_per_ring_max = 64;

  struct Elsewhere {
    std::function<bool()> hand_over;  ///< as WritingRole asks for it; may be empty
    /// Gives a large segment back, soon.
    std::function<void(std::uint32_t index)> retire_large;
  };

  /// On topics of agents events must belong to the current life and run. `large` gives the segments of large events back as
  /// soon as somebody waits for one.
  TopicWriter(shm::RingObject& object, shm::LargeSegments& large, const TopicOptions& options,
              Elsewhere elsewhere);

  // The sink of the writing role.
  void begin_drain() noexcept { time_.reset(); }
  void deliver(std::unique_ptr<TopicEntry> entry) noexcept;
  void end_drain() noexcept;
  /// Makes room for one event of `size` bytes. False: it has to wait. Requires a size that the ring takes.
  [[nodiscard]] bool claim(std::uint32_t size) noexcept;
  /// Has `encode(std::byte*)` write it there, or drops it where it is stale. Requires that nothing was done
  /// since `claim`.
  template <class Encode>
  void deliver_claimed(const EventWork& event, Encode&& encode) noexcept {
    if (!is_current(event.stamp)) return drop_stale(1);
    encode(claimed_);
    commit_claimed(event);
  }
  [[nodiscard]] bool hand_over() noexcept { return elsewhere_.hand_over && elsewhere_.hand_over(); }

  /// Answers what still waits. Requires that nobody holds the role or will.
  void close() noexcept;

  // For any thread, of a moment ago.
  [[nodiscard]] bool stalled() const noexcept;
  [[nodiscard]] std::uint64_t next_sequence() const noexcept;
  [[nodiscard]] std::uint32_t subscriber_count() const noexcept;
  [[nodiscard]] std::uint64_t stale_dropped() const noexcept;

 private:
  struct SessionOf {
    shm::SubscriberId subscriber;
    std::uint64_t session;
  };

  // Each does one kind of entry; false: no space, to be tried again.
  bool perform(TopicEntry& entry) noexcept;
  bool write(const EventWork& event, std::span<const std::byte> bytes) noexcept;
  bool write(LargeEvent& event) noexcept;
  bool write_batch(BatchWork& batch) noexcept;

  void subscribe(SubscribeWork& work) noexcept;
  expected<Granted, SubscribeError> grant(const SubscribeRequest& request);
  void unsubscribe(UnsubscribeWork& work) noexcept;
  void release(ReleaseWork& work) noexcept;

  void free_large() noexcept;

  [[nodiscard]] bool is_current(schema::Stamp stamp) const noexcept;
  void drop_stale(std::uint64_t count) noexcept;
  bool commit(std::span<const std::byte> event, events::Payload kind) noexcept;
  bool commit(LargeEvent& event) noexcept;
  void commit_claimed(const EventWork& event) noexcept;
  void count_commit(events::Payload kind) noexcept;
  void ring() noexcept;
  void make_sure_of_room(std::uint64_t size) noexcept;
  void work_off_backlog() noexcept;
  void tell() noexcept;
  [[nodiscard]] std::int64_t time() noexcept;

  shm::RingWriter writer_;
  shm::LargeSegments& large_;
  TopicKeyframes keyframes_;
  Elsewhere elsewhere_;
  TopicBacklog backlog_;
  std::vector<SessionOf> sessions_;
  std::uint64_t incarnation_ = 0;  // 0: no life
  std::uint64_t run_ = 0;          // 0: no run
  bool judges_;
  std::byte* claimed_ = nullptr;      // where deliver_claimed writes
  std::uint32_t commits_ = 0;         // since the bells were rung
  std::uint64_t keyframes_rung_ = 0;  // those that there were then
  std::optional<std::int64_t> time_;  // of this drain

  std::atomic<bool> stalled_{false};
  std::atomic<std::uint64_t> next_sequence_;
  std::atomic<std::uint32_t> subscriber_count_{0};
  std::atomic<std::uint64_t> stale_dropped_{0};
};

}  // namespace ringside::agentd
