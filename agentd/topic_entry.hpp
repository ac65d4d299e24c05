// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "agentd/large_event.hpp"
#include "agentd/reorder_buffer.hpp"
#include "agentd/topic.hpp"
#include "schema/event_buffer.hpp"

namespace ringside::agentd {

/// One event, whose bytes lie right behind its entry.
struct EventWork {
  schema::Stamp stamp;
  std::uint32_t size = 0;
  events::Payload kind = events::Payload::NONE;
};

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

/// What is ordered in a topic. The frequent one, an event, is one piece of memory with its entry.
struct TopicEntry : TicketNode {
  using Work = std::variant<EventWork, std::unique_ptr<BatchWork>, std::unique_ptr<SubscribeWork>,
                            std::unique_ptr<UnsubscribeWork>, std::unique_ptr<ReleaseWork>,
                            std::unique_ptr<LargeEvent>, FreeLargeWork, BeginLife, BeginRun, EndLife>;

  explicit TopicEntry(Work what) noexcept : work(std::move(what)) {}

  /// An entry for one event, which `encode(std::byte*)` writes behind it.
  template <class Encode>
  static std::unique_ptr<TopicEntry> with_event(const EventWork& event, Encode&& encode) {
    void* const memory = ::operator new(sizeof(TopicEntry) + event.size);
    std::unique_ptr<TopicEntry> entry(new (memory) TopicEntry(event));
    encode(entry->behind());
    return entry;
  }
  /// Entries differ in size: theirs is not to be guessed from the type.
  static void operator delete(void* entry) noexcept { ::operator delete(entry); }

  /// The bytes of an EventWork.
  [[nodiscard]] std::span<const std::byte> event_bytes(const EventWork& event) noexcept {
    return {behind(), event.size};
  }

  Work work;
  TopicEntry* next_waiting = nullptr;  ///< in the topic's backlog

 private:
  [[nodiscard]] std::byte* behind() noexcept { return static_cast<std::byte*>(static_cast<void*>(this + 1)); }
};
static_assert(sizeof(TopicEntry) % schema::event_alignment == 0);

}  // namespace ringside::agentd
