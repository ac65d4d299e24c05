// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "agentd/topic_entry.hpp"

namespace ringside::agentd {

/// What was accepted and cannot be done yet, in its order. Linked through the entries: it never allocates.
class TopicBacklog {
 public:
  TopicBacklog() = default;
  TopicBacklog(const TopicBacklog&) = delete;
  TopicBacklog& operator=(const TopicBacklog&) = delete;
  TopicBacklog(TopicBacklog&&) = delete;
  TopicBacklog& operator=(TopicBacklog&&) = delete;
  ~TopicBacklog() {
    while (!empty())
      pop();
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  /// Requires that it is not empty.
  [[nodiscard]] TopicEntry& front() const noexcept { return *first_; }

  void push(std::unique_ptr<TopicEntry> entry) noexcept {
    TopicEntry* const last = entry.release();
    last->next_waiting = nullptr;
    (empty() ? first_ : last_->next_waiting) = last;
    last_ = last;
  }

  /// Requires that it is not empty.
  std::unique_ptr<TopicEntry> pop() noexcept {
    return std::unique_ptr<TopicEntry>(std::exchange(first_, first_->next_waiting));
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (TopicEntry* entry = first_; entry != nullptr; entry = entry->next_waiting)
      visit(*entry);
  }

 private:
  TopicEntry* first_ = nullptr;
  TopicEntry* last_ = nullptr;
};

}  // namespace ringside::agentd
