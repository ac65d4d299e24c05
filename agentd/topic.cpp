// SPDX-License-Identifier: Apache-2.0
#include "agentd/topic.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "agentd/topic_entry.hpp"
#include "agentd/topic_writer.hpp"
#include "agentd/writing_role.hpp"
#include "schema/topic_name.hpp"
#include "shm/large_segments.hpp"
#include "shm/ring_counters.hpp"
#include "shm/ring_object.hpp"

namespace ringside::agentd {

struct Topic::State {
  State(TopicOptions asked, shm::RingObject made)
      : options(std::move(asked)),
        object(std::move(made)),
        large(object.large_segments()),
        writer(object, large, options,
               {.hand_over = [this] { return hand_over(); },
                .retire_large = [this](std::uint32_t index) { retire_large(index); }}) {
    options.initial_state.reset();  // the fold has it
  }

  /// Lets the executor go on with what a holder has no patience for. False: the holder goes on by itself.
  bool hand_over() noexcept {
    if (!options.executor) return false;
    try {
      options.executor([topic = self] {
        if (const auto alive = topic.lock()) alive->state_->role.resume();
      });
      return true;
    } catch (...) {
      return false;  // no memory for the task: then it is this thread's
    }
  }

  /// Gives a large segment's pages back, on a thread that nobody waits for.
  void retire_large(std::uint32_t index) noexcept {
    try {
      if (options.executor) {
        return options.executor([topic = self, index] {
          if (const auto alive = topic.lock()) alive->state_->large.give_back(index);
        });
      }
    } catch (...) {  // no memory for the task: then it is this thread's
    }
    large.give_back(index);
  }

  /// A segment with a copy of the event; where none is free, at the price of the history that holds one.
  expected<LargeEvent, PublishError> make_large(const schema::EventBuffer& event) {
    const auto bytes = event.bytes();
    const auto size = static_cast<std::uint32_t>(bytes.size());
    auto segment = large.claim(size);
    if (!segment && segment.error() == shm::LargeFault::none_free && !role.held_by_this_thread()) {
      submit(FreeLargeWork{});
      role.flush();
      segment = large.claim(size);
    }
    if (!segment) return tl::unexpected(PublishError::no_space);
    std::memcpy(segment->payload(), bytes.data(), size);
    return LargeEvent{std::move(*segment), size, static_cast<std::uint32_t>(event.kind()), event.stamp()};
  }

  expected<void, PublishError> publish_large(const schema::EventBuffer& event) {
    if (is_stalled()) return tl::unexpected(PublishError::no_space);
    return order_large(event);
  }

  expected<void, PublishError> order_large(const schema::EventBuffer& event) {
    auto large_event = make_large(event);
    if (!large_event) return tl::unexpected(large_event.error());
    try {
      submit(std::make_unique<LargeEvent>(std::move(*large_event)));
    } catch (const std::bad_alloc&) {
      return tl::unexpected(PublishError::no_space);
    }
    return {};
  }

  /// Whether accepted events wait for space still, after another try.
  bool is_stalled() noexcept {
    if (writer.stalled()) role.resume();
    return writer.stalled();
  }

  /// Has `encode` write the event into the ring where nobody else writes, else into an entry for whoever does.
  template <class Encode>
  expected<void, PublishError> publish(const EventWork& event, Encode&& encode) {
    if (is_stalled()) return tl::unexpected(PublishError::no_space);
    return order(event, encode);
  }

  template <class Encode>
  expected<void, PublishError> order(const EventWork& event, Encode&& encode) {
    const bool delivered = role.deliver_in_place([&] { return writer.claim(event.size); },
                                                 [&] { writer.deliver_claimed(event, encode); });
    if (delivered) return {};
    try {
      role.submit(TopicEntry::with_event(event, encode));
    } catch (const std::bad_alloc&) {
      return tl::unexpected(PublishError::no_space);
    }
    return {};
  }

  void submit(TopicEntry::Work work) { role.submit(std::make_unique<TopicEntry>(std::move(work))); }

  TopicOptions options;
  shm::RingObject object;
  shm::LargeSegments large;
  TopicWriter writer;
  WritingRole<TopicEntry, TopicWriter> role{writer};
  std::weak_ptr<Topic> self;
};

namespace {

tl::unexpected<TopicError> failed(const TopicOptions& options, std::string_view cause, int error_number) {
  std::string message = "topic \"" + options.name + "\": " + std::string(cause);
  if (error_number != 0) message += std::string(": ") + std::strerror(error_number);
  return tl::unexpected(TopicError{error_number, std::move(message)});
}

using BootId = std::array<std::uint8_t, shm::boot_id_bytes>;

/// Read once a process, which no boot outlives; a failure is tried again.
expected<BootId, int> this_boot() {
  static std::mutex mutex;
  static std::optional<BootId> known;
  const std::lock_guard lock(mutex);
  if (known) return *known;
  auto read = shm::read_boot_id();
  if (read) known = *read;
  return read;
}

}  // namespace

expected<std::shared_ptr<Topic>, TopicError> Topic::create(TopicOptions options) {
  if (!schema::valid_topic_name(options.name)) return failed(options, "not a valid name for a topic", 0);
  shm::RingIdentity identity;
  identity.topic = options.name;
  identity.incarnation = options.incarnation;
  const auto boot_id = this_boot();
  if (!boot_id) return failed(options, "this boot's id could not be read", boot_id.error());
  identity.boot_id = *boot_id;

  auto object =
      shm::RingObject::create(options.object_name, options.geometry, identity, options.first_sequence);
  if (!object) return failed(options, describe(object.error().fault), object.error().error_number);
  auto state = std::make_unique<State>(std::move(options), std::move(*object));
  const std::shared_ptr<Topic> topic(new Topic(std::move(state)));
  topic->state_->self = topic;
  return topic;
}

Topic::Topic(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

Topic::~Topic() {
  state_->options.executor = nullptr;  // from here on everything happens on this thread
  state_->role.resume();
  state_->writer.close();
}

expected<void, PublishError> Topic::publish(const schema::EventBuffer& event) {
  const std::span<const std::byte> bytes = event.bytes();
  if (bytes.size() > event_size_max()) return tl::unexpected(PublishError::too_large);
  if (bytes.size() > geometry().payload_size_max()) return state_->publish_large(event);
  return state_->publish({event.stamp(), static_cast<std::uint32_t>(bytes.size()), event.kind()},
                         [&](std::byte* to) { std::ranges::copy(bytes, to); });
}

expected<void, PublishError> Topic::publish(const schema::TokenDelta& delta) {
  const std::uint64_t size = delta.encoded_size();
  if (size > event_size_max()) return tl::unexpected(PublishError::too_large);
  if (size > geometry().payload_size_max()) return state_->publish_large(schema::pack(delta));
  return state_->publish({delta.stamp, static_cast<std::uint32_t>(size), schema::TokenDelta::kind},
                         [&](std::byte* to) { delta.encode(to); });
}

expected<void, PublishError> Topic::publish_anyway(const schema::EventBuffer& event) {
  const std::span<const std::byte> bytes = event.bytes();
  if (bytes.size() > event_size_max()) return tl::unexpected(PublishError::too_large);
  if (bytes.size() > geometry().payload_size_max()) return state_->order_large(event);
  return state_->order({event.stamp(), static_cast<std::uint32_t>(bytes.size()), event.kind()},
                       [&](std::byte* to) { std::ranges::copy(bytes, to); });
}

void Topic::publish(std::vector<schema::EventBuffer> batch, BatchCompletion done) {
  for (const schema::EventBuffer& event : batch) {
    if (event.bytes().size() <= event_size_max()) continue;
    if (done) done(tl::unexpected(BatchFault::too_large));
    return;
  }
  if (state_->writer.stalled()) retry();
  if (state_->writer.stalled()) {
    if (done) done(tl::unexpected(BatchFault::no_space));
    return;
  }
  auto work = std::make_unique<BatchWork>();
  work->events.reserve(batch.size());
  for (schema::EventBuffer& event : batch) {
    if (event.bytes().size() <= geometry().payload_size_max()) {
      work->events.emplace_back(std::move(event));
    } else if (auto large = state_->make_large(event)) {
      work->events.emplace_back(std::move(*large));
    } else {
      if (done) done(tl::unexpected(BatchFault::no_space));
      return;
    }
  }
  work->done = std::move(done);
  state_->submit(std::move(work));
}

expected<void, PublishError> Topic::flush() {
  state_->role.flush();
  if (!state_->writer.stalled()) return {};
  retry();
  if (state_->writer.stalled()) return tl::unexpected(PublishError::no_space);
  return {};
}

void Topic::begin_life(std::uint64_t incarnation) {
  state_->submit(BeginLife{incarnation});
}

void Topic::begin_run(std::uint64_t run) {
  state_->submit(BeginRun{run});
}

void Topic::end_life() {
  state_->submit(EndLife{});
}

void Topic::subscribe(SubscribeRequest request, SubscribeCompletion done) {
  state_->submit(std::make_unique<SubscribeWork>(SubscribeWork{std::move(request), std::move(done)}));
}

void Topic::unsubscribe(shm::SubscriberId subscriber, std::function<void()> done) {
  state_->submit(std::make_unique<UnsubscribeWork>(UnsubscribeWork{subscriber, std::move(done)}));
}

void Topic::release_session(std::uint64_t session, std::function<void()> done) {
  state_->submit(std::make_unique<ReleaseWork>(ReleaseWork{session, std::move(done)}));
}

void Topic::retry() {
  if (state_->writer.stalled()) state_->role.resume();
}

bool Topic::stalled() const noexcept {
  return state_->writer.stalled();
}

const std::string& Topic::name() const noexcept {
  return state_->options.name;
}

const std::string& Topic::object_name() const noexcept {
  return state_->object.name();
}

shm::Descriptor Topic::open_read_only() const noexcept {
  return state_->object.read_only_descriptor().value_or(shm::Descriptor());
}

std::uint64_t Topic::object_size() const noexcept {
  return state_->object.object_size();
}

const shm::RingGeometry& Topic::geometry() const noexcept {
  return state_->object.geometry();
}

std::size_t Topic::event_size_max() const noexcept {
  return event_size_max(geometry());
}

std::size_t Topic::event_size_max(const shm::RingGeometry& geometry) noexcept {
  return geometry.large_payload_size_max();
}

shm::RingCounters Topic::counters() const noexcept {
  return shm::read_counters(state_->object.view());
}

std::uint64_t Topic::next_sequence() const noexcept {
  return state_->writer.next_sequence();
}

std::uint32_t Topic::subscriber_count() const noexcept {
  return state_->writer.subscriber_count();
}

std::uint64_t Topic::stale_dropped() const noexcept {
  return state_->writer.stale_dropped();
}

void Topic::remove_name() noexcept {
  state_->object.remove();
}

}  // namespace ringside::agentd
