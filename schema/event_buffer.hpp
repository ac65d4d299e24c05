// SPDX-License-Identifier: Apache-2.0
//
// An event, encoded.
//
// Threads: an EventBuffer belongs to one thread at a time; its bytes never change, so
//          `const` access is free for all.
// Trust:   the bytes were written by this process or have passed `check_event`:
//          accessors may be used on them.
// Memory:  one allocation of exactly the event's size, aligned to 16 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "events_generated.h"

namespace ringside::schema {

/// FlatBuffers puts 8-byte scalars at 8-byte offsets: an event is only ever read at such an address.
inline constexpr std::size_t event_alignment = 8;

/// Which life of the agent, and which execution within it; both are 0 on the topics of no agent.
struct Stamp {
  std::uint64_t incarnation = 0;
  std::uint64_t run = 0;

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// An owned, finished, movable event. A moved-from buffer is empty and may only be assigned to or destroyed.
class EventBuffer {
 public:
  /// Copies a finished event. Requires bytes that this process encoded or that `check_event` has accepted.
  static EventBuffer copy_of(std::span<const std::byte> finished);

  /// An event of `size` bytes that `write(std::byte*)` puts into fresh memory. Requires that it writes all of a
  /// finished event.
  template <class Write>
  static EventBuffer written(std::size_t size, Write&& write) {
    static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= event_alignment);
    auto bytes = std::make_unique_for_overwrite<std::byte[]>(size);
    write(bytes.get());
    return EventBuffer(std::move(bytes), size);
  }

  EventBuffer(EventBuffer&& other) noexcept;
  EventBuffer& operator=(EventBuffer&& other) noexcept;
  ~EventBuffer() = default;

  std::span<const std::byte> bytes() const noexcept { return {bytes_.get(), size_}; }
  events::Payload kind() const noexcept { return event().payload_type(); }
  Stamp stamp() const noexcept { return {event().incarnation(), event().run()}; }
  const events::Event& event() const noexcept { return *events::GetEvent(bytes_.get()); }

  /// Copies are made by name only.
  EventBuffer copy() const { return copy_of(bytes()); }

 private:
  EventBuffer(std::unique_ptr<std::byte[]> bytes, std::size_t size) noexcept;

  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_;
};

/// Encodes an event of the object API. Requires a payload. What is absent in the object and required by the
/// schema comes out empty; `check_event` tells whether the event as a whole makes sense.
EventBuffer pack(const events::EventT& event);
/// The event of that stamp with this payload.
EventBuffer pack(Stamp stamp, events::PayloadUnion payload);
template <class Payload>
EventBuffer pack(Stamp stamp, Payload payload) {
  events::PayloadUnion any;
  any.Set(std::move(payload));
  return pack(stamp, std::move(any));
}

/// The same event in another life or run, encoded anew: nothing of the old encoding (shared or overlapping
/// tables, padding, fields of a later version) comes with it.
EventBuffer restamp(const events::Event& event, std::uint64_t incarnation, std::uint64_t run);

}  // namespace ringside::schema
