// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agentd/expected.hpp"
#include "agentd/open_calls.hpp"
#include "agentd/publish_error.hpp"
#include "agentd/topic.hpp"
#include "schema/event_buffer.hpp"
#include "schema/event_kind.hpp"

namespace ringside::agentd {

/// Where the events of one life go: the main topic, and the debug topic while somebody reads it; and which tool calls they
/// have left open.
///
/// Threads:  `publish`, `publish_debug`, `publish_anyway`, `debug_topic` and `open_calls` any; the rest the conductor.
/// Ordering: as `Topic::publish`, on each of the two.
/// Loss:     a debug event that nobody reads is dropped and was not lost, nor was what is published after the life.
class LifeTopics {
 public:
  /// `stalled` is called, on any thread, where a topic has accepted what does not fit now.
  LifeTopics(std::shared_ptr<Topic> main, std::uint64_t incarnation, std::function<void()> stalled)
      : main_(std::move(main)), incarnation_(incarnation), stalled_(std::move(stalled)) {}

  /// The life begins on the main topic: from here on its events are the current ones.
  void begin_life() { main_->begin_life(incarnation_); }

  void begin_run(std::uint64_t run) {
    {
      const std::lock_guard lock(calls_mutex_);
      run_ = run;
      main_->begin_run(run);
    }
    if (const auto debug = debug_topic()) debug->begin_run(run);
  }

  void end_life() {
    // relaxed: a shortcut; what is published past it comes to a topic without a life, which drops it
    over_.store(true, std::memory_order::relaxed);
    main_->end_life();
    if (const auto debug = debug_topic()) debug->end_life();
  }

  /// From here on somebody reads the debug events.
  void open_debug(std::shared_ptr<Topic> debug) {
    debug->begin_life(incarnation_);
    debug->begin_run(run_);
    const std::lock_guard lock(mutex_);
    debug_ = std::move(debug);
  }

  /// From here on nobody does.
  void close_debug() {
    const std::lock_guard lock(mutex_);
    debug_.reset();
  }

  expected<void, PublishError> publish(const schema::EventBuffer& event) {
    if (schema::is_debug_kind(event.kind())) return publish_debug(event);
    return publish_on_main(event, [&] { return main_->publish(event); });
  }
  /// An event of the lifecycle, on the main topic: where others wait for space there, it waits behind them.
  expected<void, PublishError> publish_anyway(const schema::EventBuffer& event) {
    return publish_on_main(event, [&] { return main_->publish_anyway(event); });
  }
  /// On the debug topic, whatever its kind.
  expected<void, PublishError> publish_debug(const schema::EventBuffer& event) {
    const auto debug = debug_topic();
    if (debug == nullptr) return {};
    return publish_on(*debug, [&] { return debug->publish(event); });
  }
  expected<void, PublishError> publish(const schema::TokenDelta& delta) {
    return publish_on(*main_, [&] { return main_->publish(delta); });
  }

  /// Events of this life that somebody has put on the main topic by himself and that are visible there. Not for the
  /// completion of a batch, which may run under the lock that this takes.
  void saw(std::span<const schema::EventBuffer> events) {
    const std::lock_guard lock(calls_mutex_);
    for (const schema::EventBuffer& event : events)
      see(event);
  }

  /// The tool calls that are open after all that was published before.
  [[nodiscard]] std::vector<std::string> open_calls() const {
    const std::lock_guard lock(calls_mutex_);
    return calls_.open_ids();
  }

  [[nodiscard]] const std::shared_ptr<Topic>& main_topic() const noexcept { return main_; }
  /// nullptr: nobody reads it.
  [[nodiscard]] std::shared_ptr<Topic> debug_topic() const {
    const std::lock_guard lock(mutex_);
    return debug_;
  }

 private:
  /// Once the life is over everything is stale and nobody is to wait for space for it.
  template <class Publish>
  expected<void, PublishError> publish_on(const Topic& topic, Publish publish) {
    // relaxed: see end_life
    if (over_.load(std::memory_order::relaxed)) return {};
    auto published = publish();
    if (topic.stalled()) stalled_();
    return published;
  }

  template <class Publish>
  expected<void, PublishError> publish_on_main(const schema::EventBuffer& event, Publish publish) {
    if (!OpenCalls::concerns(event.kind())) return publish_on(*main_, publish);
    const std::lock_guard lock(calls_mutex_);
    auto published = publish_on(*main_, publish);
    if (published) see(event);
    return published;
  }

  /// What a superseded run still says of its calls is dropped by the topic, and must not be believed here either.
  /// Requires calls_mutex_.
  void see(const schema::EventBuffer& event) {
    if (event.stamp().run == run_) calls_.see(event.event());
  }

  const std::shared_ptr<Topic> main_;
  const std::uint64_t incarnation_;
  const std::function<void()> stalled_;
  mutable std::mutex
      calls_mutex_;  // over run_ and calls_: both are in the topic's order; taken for few events
  std::uint64_t run_ = 0;
  OpenCalls calls_;
  std::atomic<bool> over_{false};
  mutable std::mutex mutex_;  // over debug_, which a runner looks up for each debug event and nothing else
  std::shared_ptr<Topic> debug_;
};

}  // namespace ringside::agentd
