// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shm/ring_geometry.hpp"

namespace ringside::torture {

inline constexpr std::uint32_t seat_count = 16;
inline constexpr std::uint32_t pinning_seats = 10;  // the first ones; the others copy
inline constexpr std::uint32_t scribbling_seat = 9;

inline constexpr shm::RingGeometry geometry{.segment_size = 16 * 1024,
                                            .window_segments = 4,
                                            .subscription_max = pinning_seats,
                                            .pins_per_subscription = 4,
                                            .reliable_segments = 8,
                                            .large_segments = 4,
                                            .large_segment_size = 72 * 1024};

/// Every other of those that pin is owed every event until it is evicted; one of them scribbles over what it acknowledges.
[[nodiscard]] constexpr bool is_reliable(std::uint32_t seat) noexcept {
  return seat < pinning_seats && seat % 2 == 1;
}

enum class Fault : std::uint32_t {
  none,
  torn,          // not what its sequence says
  held_torn,     // the same of an event that was held
  out_of_order,  // another sequence than the next
  inexact_gap,   // a loss that does not begin at the next sequence
  corrupt,       // what no writer of ours writes
  not_told,      // a loss without eviction, of one that is reliable
  not_attached,  // the page or the ring was refused
};

[[nodiscard]] constexpr std::string_view name_of(Fault fault) noexcept {
  constexpr std::array<std::string_view, 8> names{"none",        "torn",    "held and torn", "out of order",
                                                  "inexact gap", "corrupt", "not told",      "not attached"};
  return names[static_cast<std::size_t>(fault)];
}

/// One seat; its counts are those of all who have sat there.
struct alignas(64) Seat {
  std::atomic<std::uint32_t> leave;  // written by the conductor
  std::atomic<Fault> fault;
  std::atomic<std::uint64_t> fault_sequence;
  std::atomic<std::uint64_t> events;
  std::atomic<std::uint64_t> gaps;
  std::atomic<std::uint64_t> held_looks;
  std::atomic<std::uint64_t> sleeps;
};

/// What conductor, writer and readers tell each other, beside the ring.
struct Board {
  alignas(64) std::atomic<std::uint64_t> published;  // events, by the writer
  alignas(64) std::atomic<std::uint64_t> end;        // the sequence behind the last; valid once finished
  std::atomic<std::uint32_t> finished;
  std::array<Seat, seat_count> seats;
};

}  // namespace ringside::torture
