// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "shm/channel.hpp"
#include "shm/ring_record.hpp"

namespace ringside::torture {

/// From the conductor to the writer, which answers each by one Answer.
struct Order {
  enum class What : std::uint32_t {
    attach,  // brings the session page and both ends of the doorbell; the answer brings the ring
    remove,  // the reader of that seat is dead
    finish,  // publish one event more, and none after it
    report,  // nobody reads any more
  };
  What what;
  std::uint32_t seat;
  std::uint32_t pins;
};

struct Answer {
  std::uint32_t done;
  std::uint32_t subscribers;
  shm::Cursor cursor;
  std::uint64_t rolls;
  std::uint64_t no_space;
  std::uint64_t set_aside;      // now
  std::uint64_t set_aside_max;  // at any time
  std::uint64_t backed_bytes;
  std::uint64_t object_bytes;
  std::uint64_t resident_bytes;
  std::uint64_t evicted;
  std::uint64_t large_events;
  // Of the writer's process, before the first reader and now.
  std::uint64_t descriptors_first;
  std::uint64_t descriptors;
  std::uint64_t mappings_first;
  std::uint64_t mappings;
};

template <class Frame>
[[nodiscard]] bool send_frame(shm::Channel& channel, const Frame& frame,
                              std::span<const int> descriptors = {}) {
  const std::span<const Frame, 1> whole(&frame, 1);
  return channel.send(std::as_bytes(whole), descriptors).status == shm::SendStatus::sent;
}

/// One frame and its descriptors, if one is there; nothing, and `gone`, when there will be none.
template <class Frame>
struct Arrived {
  std::optional<Frame> frame;
  std::array<shm::Descriptor, shm::channel_descriptors_max> descriptors;
  bool gone = false;
};

template <class Frame>
[[nodiscard]] Arrived<Frame> receive_frame(shm::Channel& channel) {
  std::array<std::byte, sizeof(Frame)> bytes{};
  shm::Received received = channel.receive(bytes, shm::channel_descriptors_max);
  Arrived<Frame> arrived;
  if (received.status == shm::ReceiveStatus::would_block) return arrived;
  arrived.gone = received.status != shm::ReceiveStatus::frame || received.size != sizeof(Frame);
  if (arrived.gone) return arrived;
  std::memcpy(&arrived.frame.emplace(), bytes.data(), sizeof(Frame));
  arrived.descriptors = std::move(received.descriptors);
  return arrived;
}

}  // namespace ringside::torture
