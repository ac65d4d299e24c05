// SPDX-License-Identifier: Apache-2.0
//
// The frames of the control socket: one FlatBuffer `ringside.control.Frame` a message, 64 KiB at most.
//
// Trust:    a frame may come from anybody. Size, alignment, identifier, verifier, direction, union members,
//           enumerators and UTF-8 are checked before a pointer is handed out. What the strings say is for the
//           callee (topic names, event bytes: `valid_topic_name`, `copy_checked`).
// Progress: bounded by a small multiple of the frame's size, as for events.
// Memory:   the request or reply points into the frame, which must stay, at an address aligned to 8 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "control_generated.h"
#include "schema/expected.hpp"

namespace ringside::schema {

inline constexpr std::uint32_t protocol_version = 1;
inline constexpr std::size_t frame_size_max = 64 * 1024;
inline constexpr std::size_t frame_alignment = 8;
inline constexpr std::size_t frame_depth_max = 16;

/// A page of a list has a table for each entry and key, hence more than an event may have.
inline constexpr std::size_t frame_tables_max = 4096;

struct FrameTooLarge {
  std::size_t size;  ///< what it would have been
};

enum class FrameFault {
  malformed,        ///< not a frame of this schema, or deeper or larger than the limits
  wrong_direction,  ///< a reply where a request was due, or the reverse
  unknown_body,     ///< a well-formed frame that says what this version does not know
  bad_utf8,
  bad_value,
};

struct FrameError {
  FrameFault fault;
  std::string message;
  std::uint64_t id = 0;  ///< of the request or reply, where it could be read: an answer can name it
};

expected<std::vector<std::byte>, FrameTooLarge> encode(const control::RequestT& request);
expected<std::vector<std::byte>, FrameTooLarge> encode(const control::ReplyT& reply);

expected<const control::Request*, FrameError> decode_request(std::span<const std::byte> frame);
expected<const control::Reply*, FrameError> decode_reply(std::span<const std::byte> frame);

}  // namespace ringside::schema
