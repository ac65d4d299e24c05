// SPDX-License-Identifier: Apache-2.0
//
// A topic: one ring, the role of writing to it, and who reads it.
//
// Threads   : every call from any thread. Completions run on whichever thread holds the writing role: they are short, do
//             not throw, and neither wait nor call another topic (they may call this one, except `flush`).
// Progress  : nothing waits for readers, ever. A producer waits 4 Ki entries ahead of the writing (writing_role.hpp).
// Ordering  : one total, causal order of events, batches, grants, lives and runs. A grant's cursor is exact: the
//             subscriber sees every event that was ordered after its subscription and, from `latest`, none before.
// Loss      : none of what was accepted. Events of a life or run that is no longer current when their turn comes are
//             dropped and counted. Where memory or unpinned segments are short, accepted events wait, in order, and
//             new ones are refused with `no_space`; so are large events for which no large segment is left.
// Crash     : ring_writer.hpp.
// Trust     : events were checked by whoever made the EventBuffer; pins and flags of subscribers are ring_writer.hpp's.
// Memory    : a few KiB while idle, no thread; the ring's pages as they are first used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agentd/expected.hpp"
#include "agentd/publish_error.hpp"
#include "schema/event_buffer.hpp"
#include "schema/token_delta.hpp"
#include "shm/descriptor.hpp"
#include "shm/ring_geometry.hpp"
#include "shm/ring_writer.hpp"

namespace ringside::agentd {

struct TopicOptions {
  std::string name;         ///< valid_topic_name
  std::string object_name;  ///< of the shared memory object, with its leading '/'; not there yet
  shm::RingGeometry geometry;
  std::uint64_t first_sequence = 1;
  std::uint64_t incarnation = 0;  ///< for the ring's header
  /// What the ring's events add to, a snapshot; none: nothing.
  std::optional<schema::EventBuffer> initial_state = std::nullopt;
  /// Runs a task on another thread, soon; for what a holder of the role has no patience for. May be empty:
  /// the holder then goes on by itself.
  std::function<void(std::function<void()>)> executor;
};

struct TopicError {
  int error_number = 0;  ///< errno, 0 where none applies
  std::string message;   ///< what was wrong, for the log and the client
};

/// Why a batch did not become visible.
enum class BatchFault {
  too_large,  ///< one of its events is larger than `event_size_max`
  no_space,   ///< it would fit later
  stale,      ///< one of its events belongs to a life or run that is over
  closed,     ///< the topic went away before all of it did fit
};

/// The batch is visible and its first event has this sequence.
using BatchCompletion = std::function<void(expected<std::uint64_t, BatchFault>)>;

enum class SubscribeFrom {
  latest,    ///< from the next event on
  oldest,    ///< from the oldest event that can be read
  sequence,  ///< from that event on, or from the oldest if it is older
  keyframe,  ///< with the state so far, then from the next event on; on topics without a state as `latest`
};

struct SubscribeRequest {
  SubscribeFrom from = SubscribeFrom::latest;
  std::uint64_t sequence = 0;    ///< with `sequence` only
  std::uint64_t session = 0;     ///< for `release_session`
  shm::Subscriber subscriber{};  ///< without pins: a copying reader
  bool reliable = false;         ///< it is owed every event from its cursor on; needs a pin slot
};

/// What the client needs to begin. `copying`: no pin slot was left, or none was asked for.
struct Granted {
  shm::SubscriberId subscriber;
  shm::Cursor cursor;
  bool copying = false;
  bool keyframe = false;  ///< one stands at the cursor
};

struct SubscribeError {
  enum class Fault {
    sequence_ahead,  ///< `sequence` is after `next_sequence`
    no_slot,         ///< a reliable one, and every pin slot is taken
    no_memory,
    no_keyframe,  ///< the ring has no space for the state
  };
  Fault fault;
  std::uint64_t sequence = 0;       ///< what was asked for
  std::uint64_t next_sequence = 0;  ///< what the next event will have
};

using SubscribeCompletion = std::function<void(expected<Granted, SubscribeError>)>;

class Topic {
 public:
  static expected<std::shared_ptr<Topic>, TopicError> create(TopicOptions options);

  Topic(const Topic&) = delete;
  Topic& operator=(const Topic&) = delete;
  Topic(Topic&&) = delete;
  Topic& operator=(Topic&&) = delete;
  /// Delivers what was accepted, answers what cannot be done. The object's name stays: see `remove_name`.
  ~Topic();

  /// Orders one event. Returns when it has its place, which may be before it is visible. One that fits into no segment of
  /// the pool is copied into a large one by the caller's thread before it gets its place.
  expected<void, PublishError> publish(const schema::EventBuffer& event);
  /// The same for one token, which is encoded where it will be read: where nobody else writes nothing is allocated.
  expected<void, PublishError> publish(const schema::TokenDelta& delta);

  /// The same for an event that must not be lost: where accepted events wait for space it waits behind them. For few and
  /// small ones, since all of them are kept.
  expected<void, PublishError> publish_anyway(const schema::EventBuffer& event);

  /// Orders several events as one: contiguous, all or none. `done` is called once, after the commit, or at once where
  /// the batch is refused. An empty batch is done with the sequence that comes next.
  void publish(std::vector<schema::EventBuffer> batch, BatchCompletion done);

  /// Waits until everything ordered so far is visible. Fails where it cannot become visible now.
  expected<void, PublishError> flush();

  /// From here on the topic's life is `incarnation` and no run is current. On topics of agents the events of another
  /// life are dropped, and so are those of a run (not 0) that is not the current one; others judge nothing.
  void begin_life(std::uint64_t incarnation);
  /// From here on `run` is current; 0 = none.
  void begin_run(std::uint64_t run);
  /// From here on every event is dropped.
  void end_life();

  /// Grants a subscription and tells where it begins; no pin slot left = granted as a copying one. Its pins, flag and
  /// doorbell must live until it is removed. Where accepted events wait for space, they come after it.
  void subscribe(SubscribeRequest request, SubscribeCompletion done);
  /// Requires that the client reads nothing under this subscription's pins any more. An unknown name is done as well.
  void unsubscribe(shm::SubscriberId subscriber, std::function<void()> done = {});
  /// Removes every subscription of a session. Requires that its process has ended. After `done` neither page nor
  /// doorbell of the session is touched by this topic.
  void release_session(std::uint64_t session, std::function<void()> done = {});

  /// Tries again what did not fit. For a timer; cheap where nothing waits.
  void retry();
  /// Whether accepted events wait for space.
  [[nodiscard]] bool stalled() const noexcept;

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const std::string& object_name() const noexcept;
  /// The ring, opened read-only for one client, to be passed to it; invalid where no descriptor is left. Not kept: a topic
  /// that nobody reads costs one descriptor.
  [[nodiscard]] shm::Descriptor open_read_only() const noexcept;
  [[nodiscard]] std::uint64_t object_size() const noexcept;
  [[nodiscard]] const shm::RingGeometry& geometry() const noexcept;
  /// The largest event, in bytes; `publish` refuses larger ones.
  [[nodiscard]] std::size_t event_size_max() const noexcept;
  /// The same of any topic of this geometry.
  [[nodiscard]] static std::size_t event_size_max(const shm::RingGeometry& geometry) noexcept;
  /// What the ring's header tells.
  [[nodiscard]] shm::RingCounters counters() const noexcept;

  /// Of a moment ago.
  [[nodiscard]] std::uint64_t next_sequence() const noexcept;
  [[nodiscard]] std::uint32_t subscriber_count() const noexcept;
  [[nodiscard]] std::uint64_t stale_dropped() const noexcept;

  /// Takes the object's name away; who has mapped it keeps it. A daemon that wants to be continued
  /// by its successor leaves it.
  void remove_name() noexcept;

 private:
  struct State;
  explicit Topic(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace ringside::agentd
