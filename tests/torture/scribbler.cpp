// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <utility>

#include <unistd.h>

#include "shm/attached_ring.hpp"
#include "shm/ring_search.hpp"
#include "shm/session_page.hpp"
#include "tests/torture/torture_reader.hpp"

namespace ringside::torture {

int scribble(Ticket ticket, const Board& board) {
  auto page = shm::SessionPage::attach(std::move(ticket.page));
  auto ring = shm::AttachedRing::attach(std::move(ticket.ring), ::geteuid());
  if (!page || !ring) return 1;
  // The page begins a whole number of lines before its first subscription's.
  auto* const words =
      page->pins(shm::subscription_line_first) - shm::subscription_line_first * shm::session_line_size / 8;
  constexpr std::uint64_t word_count = shm::session_page_size / 8;
  constexpr std::uint64_t pins_at = shm::subscription_line_first * shm::session_line_size / 8;
  std::mt19937_64 random(ticket.seed);
  const Seat& seat = board.seats[ticket.seat];
  while (seat.leave.load(std::memory_order::relaxed) == 0 &&
         board.finished.load(std::memory_order::relaxed) == 0) {
    const auto newest = shm::newest_segment(ring->view());
    const std::uint64_t generation = newest ? newest->generation : 1;
    for (int i = 0; i < 1000; ++i) {
      words[random() % word_count].store(random(), std::memory_order::relaxed);
      // What hurts most if anything does: its own pins, on generations that are, were or will be.
      words[pins_at + random() % shm::pins_max].store(generation + random() % 12 - 6,
                                                      std::memory_order::relaxed);
      if (random() % 64 == 0) page->wake_flag()->store(1, std::memory_order::relaxed);
    }
  }
  return 0;
}

}  // namespace ringside::torture
