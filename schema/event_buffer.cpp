// SPDX-License-Identifier: Apache-2.0
#include "schema/event_buffer.hpp"

#include <algorithm>
#include <utility>

namespace ringside::schema {

EventBuffer::EventBuffer(std::unique_ptr<std::byte[]> bytes, std::size_t size) noexcept
    : bytes_(std::move(bytes)), size_(size) {}

EventBuffer::EventBuffer(EventBuffer&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

EventBuffer& EventBuffer::operator=(EventBuffer&& other) noexcept {
  bytes_ = std::move(other.bytes_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

EventBuffer EventBuffer::copy_of(std::span<const std::byte> finished) {
  return written(finished.size(), [&](std::byte* to) { std::ranges::copy(finished, to); });
}

EventBuffer pack(const events::EventT& event) {
  flatbuffers::FlatBufferBuilder builder;
  events::FinishEventBuffer(builder, events::Event::Pack(builder, &event));
  return EventBuffer::copy_of(std::as_bytes(builder.GetBufferSpan()));
}

EventBuffer pack(Stamp stamp, events::PayloadUnion payload) {
  events::EventT event;
  event.incarnation = stamp.incarnation;
  event.run = stamp.run;
  event.payload = std::move(payload);
  return pack(event);
}

EventBuffer restamp(const events::Event& event, std::uint64_t incarnation, std::uint64_t run) {
  events::EventT object;
  event.UnPackTo(&object);
  object.incarnation = incarnation;
  object.run = run;
  return pack(object);
}

}  // namespace ringside::schema
