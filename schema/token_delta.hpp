// SPDX-License-Identifier: Apache-2.0
//
// The event that matters: one token of a message as it streams, in a fixed layout.
//
// Threads: views and values; any.
// Memory:  none. `encode` writes the whole event to a given place, such as one claimed in a ring.
// Trust:   the strings are UTF-8 already; what is encoded passes `check_event` and means what `EventBuilder` makes of
//          the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "schema/event_buffer.hpp"

namespace ringside::schema {

/// `text` is added to one part of a message. Views need to live as long as the call that takes them.
struct TokenDelta {
  enum class Part : std::uint8_t { text, thinking };

  static constexpr events::Payload kind = events::Payload::llm_deltas;

  Stamp stamp;
  std::string_view message_id;
  std::uint32_t part_index = 0;
  std::string_view text;
  Part part = Part::text;

  /// What `encode` writes, in bytes: a multiple of 4.
  [[nodiscard]] std::uint64_t encoded_size() const noexcept;

  /// Writes a finished event of `encoded_size()` bytes, every one of them. Requires that this is less than
  /// FLATBUFFERS_MAX_BUFFER_SIZE, and a place aligned to `event_alignment`.
  void encode(std::byte* to) const noexcept;

  /// Reads back what `encode` wrote, of which the strings are views; nothing where an event has another layout. Requires
  /// one that has passed `check_event`.
  [[nodiscard]] static std::optional<TokenDelta> read(std::span<const std::byte> event) noexcept;
};

/// The same as an event of its own. Throws std::length_error where it would be larger than any event.
EventBuffer pack(const TokenDelta& delta);

}  // namespace ringside::schema
