// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "agentd/large_event.hpp"
#include "agentd/reorder_buffer.hpp"
#include "agentd/topic.hpp"
#include "schema/event_buffer.hpp"

namespace ringside::agentd {

/// Several events in one place of the order. What has been committed stays committed: a batch that meets a full ring
/// goes on where it was, and nothing of others comes in between.
struct BatchWork {
  std::vector<std::variant<schema::EventBuffer, LargeEvent>> events;
  BatchCompletion done;
  std::size_t committed = 0;
  std::uint64_t first_sequence = 0;
};

struct SubscribeWork {
  SubscribeRequest request;
  SubscribeCompletion done;
};

struct UnsubscribeWork {
  shm::SubscriberId subscriber;
  std::function<void()> done;
};

struct ReleaseWork {
  std::uint64_t session;
  std::function<void()> done;
};

/// A producer finds no large segment free.
struct FreeLargeWork {};

struct BeginLife {
  std::uint64_t incarnation;
};

struct BeginRun {
  std::uint64_t run;
};

struct EndLife {};

/// What is ordered in a topic. The frequent one, an event, lies in the entry itself.
struct TopicEntry : TicketNode {
  using Work = std::variant<schema::EventBuffer, std::unique_ptr<BatchWork>, std::unique_ptr<SubscribeWork>,
                            std::unique_ptr<UnsubscribeWork>, std::unique_ptr<ReleaseWork>,
                            std::unique_ptr<LargeEvent>, FreeLargeWork, BeginLife, BeginRun, EndLife>;

  explicit TopicEntry(Work what) noexcept : work(std::move(what)) {}

  Work work;
  TopicEntry* next_waiting = nullptr;  ///< in the topic's backlog
};

}  // namespace ringside::agentd
