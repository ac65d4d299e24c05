// SPDX-License-Identifier: Apache-2.0
#include "agentd/topic_writer.hpp"

#include <algorithm>
#include <ctime>
#include <new>
#include <utility>

#include "schema/topic_name.hpp"

namespace ringside::agentd {

namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

std::int64_t realtime_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// What has its place among the events; the others are about who reads.
bool is_ordered_with_events(const TopicEntry::Work& work) noexcept {
  return !std::holds_alternative<std::unique_ptr<SubscribeWork>>(work) &&
         !std::holds_alternative<std::unique_ptr<UnsubscribeWork>>(work) &&
         !std::holds_alternative<std::unique_ptr<ReleaseWork>>(work) &&
         !std::holds_alternative<FreeLargeWork>(work);
}

}  // namespace

TopicWriter::TopicWriter(shm::RingObject& object, shm::LargeSegments& large, const TopicOptions& options,
                         Elsewhere elsewhere)
    : writer_(object.memory(), object.backing(), object.first_sequence()),
      large_(large),
      keyframes_(writer_, large, schema::state_kind_of(options.name), options.initial_state),
      elsewhere_(std::move(elsewhere)),
      judges_(schema::agent_of(options.name).has_value()),
      next_sequence_(object.first_sequence()) {}

void TopicWriter::deliver(std::unique_ptr<TopicEntry> entry) noexcept {
  // Who reads comes and goes past what waits: nobody has seen that yet, and a pin given back may make room for it.
  if ((backlog_.empty() || !is_ordered_with_events(entry->work)) && perform(*entry)) return;
  backlog_.push(std::move(entry));
  tell();
}

void TopicWriter::end_drain() noexcept {
  if (!backlog_.empty()) work_off_backlog();
  // A keyframe alone is news to who was lapped while there was none.
  if (commits_ != 0 || writer_.counters().keyframes != keyframes_rung_) ring();
  tell();
  writer_.prepare();
  while (const auto freed = writer_.take_freed_large())
    elsewhere_.retire_large(*freed);
}

void TopicWriter::work_off_backlog() noexcept {
  while (!backlog_.empty() && perform(backlog_.front()))
    backlog_.pop();
}

bool TopicWriter::perform(TopicEntry& entry) noexcept {
  return std::visit(Overloaded{[&](EventWork& event) { return write(event, entry.event_bytes(event)); },
                               [this](std::unique_ptr<BatchWork>& batch) { return write_batch(*batch); },
                               [this](std::unique_ptr<SubscribeWork>& asked) {
                                 subscribe(*asked);
                                 return true;
                               },
                               [this](std::unique_ptr<UnsubscribeWork>& asked) {
                                 unsubscribe(*asked);
                                 return true;
                               },
                               [this](std::unique_ptr<ReleaseWork>& asked) {
                                 release(*asked);
                                 return true;
                               },
                               [this](std::unique_ptr<LargeEvent>& event) { return write(*event); },
                               [this](FreeLargeWork) {
                                 free_large();
                                 return true;
                               },
                               [this](BeginLife life) {
                                 keyframes_.begin_life();
                                 incarnation_ = life.incarnation;
                                 run_ = 0;
                                 return true;
                               },
                               [this](BeginRun begun) {
                                 run_ = begun.run;
                                 return true;
                               },
                               [this](EndLife) {
                                 incarnation_ = 0;
                                 run_ = 0;
                                 return true;
                               }},
                    entry.work);
}

bool TopicWriter::is_current(schema::Stamp stamp) const noexcept {
  if (!judges_) return true;
  if (stamp.incarnation == 0 || stamp.incarnation != incarnation_) return false;
  return stamp.run == 0 || stamp.run == run_;
}

void TopicWriter::drop_stale(std::uint64_t count) noexcept {
  // relaxed: a count, of one holder at a time.
  stale_dropped_.fetch_add(count, std::memory_order::relaxed);
}

bool TopicWriter::claim(std::uint32_t size) noexcept {
  if (!backlog_.empty()) return false;
  make_sure_of_room(size);
  claimed_ = writer_.claim(size);
  return claimed_ != nullptr;
}

void TopicWriter::commit_claimed(const EventWork& event) noexcept {
  writer_.commit(event.size, static_cast<std::uint32_t>(event.kind), time());
  count_commit(event.kind);
}

/// Where the next event of that size needs another segment, the one that is left is in the state before.
void TopicWriter::make_sure_of_room(std::uint64_t size) noexcept {
  if (!writer_.fits(size)) [[unlikely]]
    keyframes_.before_roll(time());
}

bool TopicWriter::commit(std::span<const std::byte> event, events::Payload kind) noexcept {
  make_sure_of_room(event.size());
  // What is too large was refused before it had a place.
  if (!writer_.publish(event, static_cast<std::uint32_t>(kind), time())) return false;
  count_commit(kind);
  return true;
}

bool TopicWriter::commit(LargeEvent& event) noexcept {
  keyframes_.before_roll(time());
  writer_.publish_large(event.segment.index(), event.segment.length(), event.size, event.kind, time());
  event.segment.release();
  count_commit(static_cast<events::Payload>(event.kind));
  return true;
}

void TopicWriter::count_commit(events::Payload kind) noexcept {
  if (is_joint(kind)) keyframes_.at_joint(time());
  if (++commits_ == commits_per_ring_max) ring();
}

void TopicWriter::ring() noexcept {
  writer_.ring();
  commits_ = 0;
  keyframes_rung_ = writer_.counters().keyframes;
}

bool TopicWriter::write(const EventWork& event, std::span<const std::byte> bytes) noexcept {
  if (is_current(event.stamp)) return commit(bytes, event.kind);
  drop_stale(1);
  return true;
}

bool TopicWriter::write(LargeEvent& event) noexcept {
  if (is_current(event.stamp)) return commit(event);
  drop_stale(1);
  return true;
}

void TopicWriter::free_large() noexcept {
  // Another entry of the same drain may have freed some.
  keyframes_.catch_up();
  static_cast<void>(writer_.free_large());
  keyframes_.catch_up();
  while (const auto freed = writer_.take_freed_large())
    large_.give_back(*freed);
}

bool TopicWriter::write_batch(BatchWork& batch) noexcept {
  if (batch.committed == 0) {
    const bool current = std::ranges::all_of(batch.events, [this](const auto& each) {
      return is_current(std::visit(Overloaded{[](const schema::EventBuffer& event) { return event.stamp(); },
                                              [](const LargeEvent& event) { return event.stamp; }},
                                   each));
    });
    if (!current) {
      drop_stale(batch.events.size());
      if (batch.done) batch.done(tl::unexpected(BatchFault::stale));
      return true;
    }
    batch.first_sequence = writer_.next_sequence();
  }
  for (; batch.committed < batch.events.size(); ++batch.committed) {
    const bool committed = std::visit(
        Overloaded{[this](const schema::EventBuffer& event) { return commit(event.bytes(), event.kind()); },
                   [this](LargeEvent& event) { return commit(event); }},
        batch.events[batch.committed]);
    if (!committed) return false;
  }
  tell();
  if (batch.done) batch.done(batch.first_sequence);
  return true;
}

void TopicWriter::subscribe(SubscribeWork& work) noexcept {
  auto granted = [&]() -> expected<Granted, SubscribeError> {
    try {
      return grant(work.request);
    } catch (const std::bad_alloc&) {
      return tl::unexpected(SubscribeError{SubscribeError::Fault::no_memory, 0, writer_.next_sequence()});
    }
  }();
  tell();
  if (work.done) work.done(std::move(granted));
}

expected<Granted, SubscribeError> TopicWriter::grant(const SubscribeRequest& request) {
  const std::uint64_t next = writer_.next_sequence();
  if (request.from == SubscribeFrom::sequence && request.sequence > next) {
    return tl::unexpected(SubscribeError{SubscribeError::Fault::sequence_ahead, request.sequence, next});
  }
  const bool from_keyframe = request.from == SubscribeFrom::keyframe && keyframes_.wanted();
  if (from_keyframe && !keyframes_.for_subscriber(time())) {
    return tl::unexpected(SubscribeError{SubscribeError::Fault::no_keyframe, 0, next});
  }
  if (sessions_.size() == sessions_.capacity()) sessions_.reserve(2 * sessions_.size() + 2);
  shm::Subscriber subscriber = request.subscriber;
  auto id = writer_.add_subscriber(subscriber);
  if (!id && request.reliable) {
    return tl::unexpected(SubscribeError{SubscribeError::Fault::no_slot, request.sequence, next});
  }
  if (!id) {
    subscriber.pins = nullptr;
    id = writer_.add_subscriber(subscriber);
  }
  if (!id) return tl::unexpected(SubscribeError{SubscribeError::Fault::no_memory, 0, next});
  sessions_.push_back({*id, request.session});

  Granted granted{*id, writer_.latest(), subscriber.pins == nullptr, false};
  if (request.from == SubscribeFrom::oldest) granted.cursor = writer_.oldest();
  if (request.from == SubscribeFrom::sequence) {
    granted.cursor = writer_.find(request.sequence).value_or(writer_.oldest());
  }
  if (from_keyframe) {
    granted.cursor = writer_.keyframe().value();
    granted.keyframe = true;
  }
  if (request.reliable && from_keyframe) {
    writer_.make_reliable_from_keyframe(*id, granted.cursor);
  } else if (request.reliable) {
    writer_.make_reliable(*id, granted.cursor);
  }
  return granted;
}

void TopicWriter::unsubscribe(UnsubscribeWork& work) noexcept {
  writer_.remove_subscriber(work.subscriber);
  std::erase_if(sessions_, [&](const SessionOf& each) { return each.subscriber == work.subscriber; });
  tell();
  if (work.done) work.done();
}

void TopicWriter::release(ReleaseWork& work) noexcept {
  std::erase_if(sessions_, [&](const SessionOf& each) {
    if (each.session != work.session) return false;
    writer_.remove_subscriber(each.subscriber);
    return true;
  });
  tell();
  if (work.done) work.done();
}

void TopicWriter::close() noexcept {
  while (!backlog_.empty()) {
    const std::unique_ptr<TopicEntry> entry = backlog_.pop();
    if (auto* const batch = std::get_if<std::unique_ptr<BatchWork>>(&entry->work)) {
      if ((*batch)->done) (*batch)->done(tl::unexpected(BatchFault::closed));
    }
  }
}

std::int64_t TopicWriter::time() noexcept {
  if (!time_) time_ = realtime_ns();
  return *time_;
}

void TopicWriter::tell() noexcept {
  // relaxed: all three are said to be of a moment ago; who must know asks by an entry.
  stalled_.store(!backlog_.empty(), std::memory_order::relaxed);
  // relaxed: as above.
  next_sequence_.store(writer_.next_sequence(), std::memory_order::relaxed);
  // relaxed: as above.
  subscriber_count_.store(writer_.subscriber_count(), std::memory_order::relaxed);
}

bool TopicWriter::stalled() const noexcept {
  return stalled_.load(std::memory_order::relaxed);  // relaxed: of a moment ago
}

std::uint64_t TopicWriter::next_sequence() const noexcept {
  return next_sequence_.load(std::memory_order::relaxed);  // relaxed: of a moment ago
}

std::uint32_t TopicWriter::subscriber_count() const noexcept {
  return subscriber_count_.load(std::memory_order::relaxed);  // relaxed: of a moment ago
}

std::uint64_t TopicWriter::stale_dropped() const noexcept {
  return stale_dropped_.load(std::memory_order::relaxed);  // relaxed: of a moment ago
}

}  // namespace ringside::agentd
