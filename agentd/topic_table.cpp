// SPDX-License-Identifier: Apache-2.0
#include "agentd/topic_table.hpp"

#include <cerrno>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agentd/clock.hpp"
#include "shm/assert.hpp"

namespace ringside::agentd {

namespace {

/// How long events that did not fit wait for space before they are tried again.
constexpr std::chrono::milliseconds retry_interval{50};

}  // namespace

void TopicHold::let_go() noexcept {
  if (table_ == nullptr) return;
  std::exchange(table_, nullptr)->let_go(*topic_);
  topic_.reset();
}

TopicTable::TopicTable(boost::asio::io_context& conductor, const NamespaceObjects& objects,
                       IncarnationClock& incarnations, TopicTableOptions options)
    : conductor_(conductor),
      timer_(conductor),
      retry_timer_(conductor),
      objects_(objects),
      incarnations_(incarnations),
      options_(std::move(options)) {}

TopicTable::~TopicTable() {
  ending_ = true;
  for (const auto& [name, entry] : topics_)
    entry.topic->remove_name();
}

expected<TopicHold, Refusal> TopicTable::open(std::string_view name) {
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    if (topics_.size() >= options_.topics_max) {
      return unexpected<Refusal>(
          {control::ErrorCode::no_slot,
           fmt::format("agentd has {} topics, its limit (limits.topics): try again when some have gone",
                       topics_.size())});
    }
    TopicOptions wanted;
    wanted.name = std::string(name);
    wanted.object_name = objects_.fresh_name();
    wanted.geometry = options_.geometry;
    const auto known = remembered_.find(name);
    wanted.first_sequence = known == remembered_.end() ? 1 : known->second;
    wanted.incarnation = incarnations_.next(read_clocks().wall_ns);
    wanted.executor = options_.executor;
    if (initial_state_) wanted.initial_state = initial_state_(name);
    auto made = Topic::create(std::move(wanted));
    if (!made) {
      spdlog::error("{}", made.error().message);
      const bool no_space = made.error().error_number == ENOSPC || made.error().error_number == ENOMEM;
      return unexpected<Refusal>({no_space ? control::ErrorCode::no_space : control::ErrorCode::internal,
                                  fmt::format("agentd cannot make a ring: {}", made.error().message)});
    }
    found = topics_.emplace(std::string(name), Entry{std::move(*made)}).first;
  }
  ++found->second.holds;
  return TopicHold(this, found->second.topic);
}

void TopicTable::tell_stalled() {
  {
    const std::lock_guard lock(told_mutex_);
    if (std::exchange(told_stalled_, true)) return;
  }
  boost::asio::post(conductor_, [this] {
    {
      const std::lock_guard lock(told_mutex_);
      told_stalled_ = false;  // before the look at the topics: whoever stalls after it tells again
    }
    retry_stalled();
  });
}

void TopicTable::retry_stalled() {
  if (retrying_) return;
  bool any = false;
  for (const auto& [name, entry] : topics_) {
    if (!entry.topic->stalled()) continue;
    entry.topic->retry();
    any = any || entry.topic->stalled();
  }
  if (also_retry_ && !also_retry_()) any = true;
  if (!any) return;
  retrying_ = true;
  retry_timer_.expires_after(retry_interval);
  retry_timer_.async_wait([this](const boost::system::error_code& error) {
    retrying_ = false;
    if (!error) retry_stalled();
  });
}

void TopicTable::flush() {
  for (const auto& [name, entry] : topics_) {
    if (!entry.topic->flush())
      spdlog::error("topic {}: its last events did not fit into shared memory", name);
  }
}

std::shared_ptr<Topic> TopicTable::find(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : found->second.topic;
}

bool TopicTable::is_held(std::string_view name) const {
  const auto found = topics_.find(name);
  return found != topics_.end() && found->second.holds > 0;
}

void TopicTable::let_go(const Topic& topic) noexcept {
  if (ending_) return;
  const auto found = topics_.find(topic.name());
  RINGSIDE_ASSERT(found != topics_.end() && found->second.holds > 0);
  Entry& entry = found->second;
  if (--entry.holds > 0) return;
  lingering_.push_back({found->first, ++entry.releases, std::chrono::steady_clock::now() + options_.linger});
  if (lingering_.size() == 1) wait_for_next();
  if (unused_) unused_(found->first);
}

void TopicTable::wait_for_next() {
  timer_.expires_at(lingering_.front().until);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) forget_due();
  });
}

void TopicTable::forget_due() {
  const auto now = std::chrono::steady_clock::now();
  while (!lingering_.empty() && lingering_.front().until <= now) {
    const Lingering due = std::move(lingering_.front());
    lingering_.pop_front();
    const auto found = topics_.find(due.name);
    // Held again since then, or held and let go of again: then a later entry of the list speaks of it.
    if (found == topics_.end() || found->second.holds > 0 || found->second.releases != due.release) continue;
    remember(found->first, found->second.topic->next_sequence());
    found->second.topic->remove_name();
    topics_.erase(found);
  }
  if (!lingering_.empty()) wait_for_next();
}

void TopicTable::remember(const std::string& name, std::uint64_t next_sequence) {
  if (remembered_.insert_or_assign(name, next_sequence).second) remembered_order_.push_back(name);
  if (remembered_order_.size() <= options_.remembered_max) return;
  remembered_.erase(remembered_order_.front());
  remembered_order_.pop_front();
}

}  // namespace ringside::agentd
