// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "shm/descriptor.hpp"
#include "shm/ring_record.hpp"
#include "tests/torture/board.hpp"
#include "tests/torture/payload_law.hpp"

namespace ringside::torture {

/// What a reader's process is started with.
struct Ticket {
  std::uint32_t seat;
  std::uint64_t seed;
  shm::Cursor cursor;
  shm::Descriptor ring;
  shm::Descriptor page;
  int waiting_end;
};

/// Reads, in place or by copying as its seat says, until it is told to leave or has seen everything; holds
/// what it reads at random and dawdles at random. The exit code: 0, or 1 with a fault on the board.
[[nodiscard]] int read_under_torture(Ticket ticket, Board& board, const PayloadLaw& law);

/// A client that writes random words over its whole session page, and reads nothing.
[[nodiscard]] int scribble(Ticket ticket, const Board& board);

}  // namespace ringside::torture
