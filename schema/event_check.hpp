// SPDX-License-Identifier: Apache-2.0
//
// Decides whether found bytes are an event that Ringside may publish.
//
// Trust:    the bytes may come from anybody. They are believed in this order: size and alignment, file
//           identifier, FlatBuffers' verifier (every offset, every required field), then every union member
//           and enumerator and the UTF-8 of every string, then what the specification says about values. Only
//           an event that has passed all of it may be read through accessors, printed or unpacked.
// Progress: bounded by a small multiple of the size: at most 16 levels and 256 tables are visited, in a snapshot one
//           level more and as many tables as its size may hold, and strings that are referred to more than once may
//           not add up to more than a few times the buffer.
// Memory:   allocates for the message of an error only. The event found points into the bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include "schema/event_buffer.hpp"
#include "schema/expected.hpp"

namespace ringside::schema {

inline constexpr std::size_t event_depth_max = 16;
inline constexpr std::size_t event_tables_max = 256;

/// A snapshot holds what events brought, one level deeper.
inline constexpr std::size_t snapshot_depth_max = event_depth_max + 1;
/// A table takes 4 bytes, and 4 more to be referred to.
constexpr std::size_t snapshot_tables_max(std::size_t size) noexcept {
  return std::max(event_tables_max, size / 8);
}

enum class EventFault {
  malformed,     ///< not a FlatBuffer of this schema, or deeper or larger than the limits
  unknown_kind,  ///< a well-formed event of a kind that this version does not know
  bad_utf8,      ///< a string is not UTF-8
  bad_value,     ///< a value or a combination of values that the specification rules out
};

struct EventError {
  EventFault fault;
  std::string message;  ///< names the field and what it should be
};

/// Checks `bytes` as described above. Requires nothing of them.
expected<const events::Event*, EventError> check_event(std::span<const std::byte> bytes);

/// Copies `bytes` to an address that is aligned, then checks them: for what arrives inside something else.
expected<EventBuffer, EventError> copy_checked(std::span<const std::byte> bytes);

}  // namespace ringside::schema
