// SPDX-License-Identifier: Apache-2.0
//
// All topics, and how long each exists.
//
// Threads    The conductor only; what it hands out (`Topic`) may be used from any thread.
// Ordering   Sequences of a name go on: over the lives of its agents, and over rings, as long as they are remembered.
//            Where they are not they start at 1 again, under a greater incarnation.
// Memory     A topic exists while somebody holds it, and `linger` longer. Of the last `remembered_max` topics that are gone
//            the next sequence is kept, and nothing else. One timer, and none while no topic lingers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agentd/expected.hpp"
#include "agentd/incarnation_clock.hpp"
#include "agentd/namespace_objects.hpp"
#include "agentd/refusal.hpp"
#include "agentd/topic.hpp"
#include "shm/ring_geometry.hpp"

namespace ringside::agentd {

class TopicTable;

/// A use of a topic: while one exists, so does the topic. Let go of on the conductor.
class TopicHold {
 public:
  TopicHold() = default;
  TopicHold(TopicHold&& other) noexcept
      : table_(std::exchange(other.table_, nullptr)), topic_(std::move(other.topic_)) {}
  TopicHold& operator=(TopicHold&& other) noexcept {
    if (this != &other) {
      let_go();
      table_ = std::exchange(other.table_, nullptr);
      topic_ = std::move(other.topic_);
    }
    return *this;
  }
  TopicHold(const TopicHold&) = delete;
  TopicHold& operator=(const TopicHold&) = delete;
  ~TopicHold() { let_go(); }

  void let_go() noexcept;
  [[nodiscard]] explicit operator bool() const noexcept { return topic_ != nullptr; }
  [[nodiscard]] const std::shared_ptr<Topic>& topic() const noexcept { return topic_; }
  Topic* operator->() const noexcept { return topic_.get(); }

 private:
  friend class TopicTable;
  TopicHold(TopicTable* table, std::shared_ptr<Topic> topic) noexcept
      : table_(table), topic_(std::move(topic)) {}

  TopicTable* table_ = nullptr;
  std::shared_ptr<Topic> topic_;
};

struct TopicTableOptions {
  shm::RingGeometry geometry;
  std::size_t topics_max = 16'384;
  std::size_t remembered_max = 65'536;
  std::chrono::milliseconds linger = std::chrono::seconds(60);
  std::function<void(std::function<void()>)> executor = {};  // of TopicOptions
};

class TopicTable {
 public:
  /// Everything that is passed must outlive the table, and the table every hold.
  TopicTable(boost::asio::io_context& conductor, const NamespaceObjects& objects,
             IncarnationClock& incarnations, TopicTableOptions options);
  ~TopicTable();
  TopicTable(const TopicTable&) = delete;
  TopicTable& operator=(const TopicTable&) = delete;

  /// What the ring of a topic begins with when it is made, a snapshot or nothing: state can be older than its ring.
  using InitialState = std::function<std::optional<schema::EventBuffer>(std::string_view topic)>;
  void begin_with(InitialState state) { initial_state_ = std::move(state); }

  /// The topic of that name, made if there is none. Requires a valid name.
  [[nodiscard]] expected<TopicHold, Refusal> open(std::string_view name);

  /// Some topic may have accepted what does not fit now: tries again from time to time, until none has. For the
  /// conductor; `tell_stalled` is for any other thread.
  void retry_stalled();
  void tell_stalled();

  /// What else to try again then, after the topics: yields whether nothing waits any more.
  using Retry = std::function<bool()>;
  void on_retry(Retry retry) { also_retry_ = std::move(retry); }

  /// Waits until everything that was published so far, on any topic, is visible.
  void flush();

  /// Whom to tell that nobody uses a topic any more, from within the `let_go` of its last hold: it lingers now.
  using Unused = std::function<void(std::string_view name)>;
  void on_unused(Unused unused) { unused_ = std::move(unused); }

  /// Whether somebody uses a topic of that name: it is there, and does not linger.
  [[nodiscard]] bool is_held(std::string_view name) const;

  /// The topic of that name, or nullptr. Requires nothing.
  [[nodiscard]] std::shared_ptr<Topic> find(std::string_view name) const;

  /// Calls visit(topic) for the topics whose names come after `after`, in their order, until it returns false.
  template <class Visit>
  void each_after(std::string_view after, Visit&& visit) const {
    for (auto next = topics_.upper_bound(after); next != topics_.end(); ++next) {
      if (!visit(std::as_const(*next->second.topic))) return;
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return topics_.size(); }
  [[nodiscard]] const shm::RingGeometry& geometry() const noexcept { return options_.geometry; }

 private:
  friend class TopicHold;
  struct Entry {
    std::shared_ptr<Topic> topic;
    std::size_t holds = 0;
    // How often nobody was left: tells a later release from the one that a wait began with.
    std::uint64_t releases = 0;
  };
  struct Lingering {
    std::string name;
    std::uint64_t release;
    std::chrono::steady_clock::time_point until;
  };

  void let_go(const Topic& topic) noexcept;
  void forget_due();
  void wait_for_next();
  void remember(const std::string& name, std::uint64_t next_sequence);

  boost::asio::io_context& conductor_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer retry_timer_;
  bool retrying_ = false;
  std::mutex told_mutex_;
  bool told_stalled_ = false;  // under told_mutex_: the conductor will look
  const NamespaceObjects& objects_;
  IncarnationClock& incarnations_;
  TopicTableOptions options_;
  InitialState initial_state_;
  Retry also_retry_;
  std::map<std::string, Entry, std::less<>> topics_;
  std::deque<Lingering> lingering_;
  std::map<std::string, std::uint64_t, std::less<>> remembered_;
  std::deque<std::string> remembered_order_;
  Unused unused_;
  bool ending_ = false;
};

}  // namespace ringside::agentd
