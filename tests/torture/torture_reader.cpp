// SPDX-License-Identifier: Apache-2.0
#include "tests/torture/torture_reader.hpp"

#include <chrono>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include "shm/attached_ring.hpp"
#include "shm/copying_reader.hpp"
#include "shm/doorbell.hpp"
#include "shm/ring_reader.hpp"
#include "shm/session_page.hpp"

namespace ringside::torture {
namespace {

template <class Reader>
class TorturedReader {
 public:
  TorturedReader(Reader& reader, const shm::SessionPage& page, const Ticket& ticket, Board& board,
                 const PayloadLaw& law)
      : reader_(reader),
        page_(page),
        waiting_end_(ticket.waiting_end),
        board_(board),
        seat_(board.seats[ticket.seat]),
        reliable_(is_reliable(ticket.seat)),
        law_(law),
        random_(ticket.seed),
        expected_(ticket.cursor.next_sequence) {}

  int run() {
    while (fault_ == Fault::none && !is_over()) {
      (void)shm::drain_doorbell(waiting_end_);
      const std::size_t limit = 1 + random_() % 200;
      const std::size_t count = reader_.poll(
          [this](const shm::Record& record) { see(record); }, [this](const shm::Gap& gap) { lose(gap); },
          [this](const shm::Record& keyframe) { begin_with(keyframe); }, limit);
      seat_.events.fetch_add(count, std::memory_order::relaxed);
      if (reader_.state() == shm::ReaderState::corrupt) fail(Fault::corrupt, expected_);
      look_at_held();
      if (random_() % 256 == 0) dawdle();
      if (count < limit && fault_ == Fault::none) sleep();
    }
    while (!held_.empty())
      give_back(held_.size() - 1);
    reader_.close();
    return fault_ == Fault::none ? 0 : 1;
  }

 private:
  static constexpr std::size_t held_max = 40;

  [[nodiscard]] bool told() const {
    return seat_.leave.load(std::memory_order::seq_cst) != 0 ||
           board_.finished.load(std::memory_order::seq_cst) != 0;
  }
  [[nodiscard]] bool is_over() const {
    if (seat_.leave.load(std::memory_order::seq_cst) != 0) return true;
    return board_.finished.load(std::memory_order::seq_cst) != 0 &&
           board_.end.load(std::memory_order::seq_cst) == expected_;
  }

  void see(const shm::Record& record) {
    // In the middle of a handler, while the writer goes round and round.
    if (random_() % 8192 == 0) dawdle();
    if (record.sequence != expected_) fail(Fault::out_of_order, record.sequence);
    if (!law_.holds_for(record)) fail(Fault::torn, record.sequence);
    expected_ = record.sequence + 1;
    if constexpr (requires { reader_.hold(record); }) {
      if (random_() % 64 == 0 && held_.size() < held_max) held_.push_back(reader_.hold(record));
    }
  }
  /// Behind a gap, where there is one.
  void begin_with(const shm::Record& keyframe) {
    if (!std::exchange(owed_state_, false) || keyframe.sequence + 1 != expected_)
      fail(Fault::out_of_order, keyframe.sequence);
    shm::Record of = keyframe;
    of.sequence = ~keyframe.sequence;
    if (!law_.holds_for(of)) fail(Fault::torn, keyframe.sequence);
  }
  void lose(const shm::Gap& gap) {
    owed_state_ = true;
    if (gap.first != expected_ || gap.count == 0) fail(Fault::inexact_gap, gap.first);
    expected_ = gap.first + gap.count;
    const auto* const evicted = page_.evicted(shm::subscription_line_first);
    if (reliable_ && evicted->load(std::memory_order::relaxed) == 0) fail(Fault::not_told, gap.first);
    seat_.gaps.fetch_add(1, std::memory_order::relaxed);
  }

  void look_at_held() {
    if (held_.empty()) return;
    const std::size_t which = random_() % held_.size();
    if (random_() % 4 == 0) return give_back(which);
    look(held_[which]);
  }
  void give_back(std::size_t which) {
    look(held_[which]);
    std::swap(held_[which], held_.back());
    held_.pop_back();
  }
  void look(const shm::Held& held) {
    seat_.held_looks.fetch_add(1, std::memory_order::relaxed);
    if (!law_.holds_for(held.record())) fail(Fault::held_torn, held.record().sequence);
  }

  void dawdle() { std::this_thread::sleep_for(std::chrono::microseconds(random_() % 3000)); }

  /// Until the writer rings, and no longer: who is left asleep is missed at the end.
  void sleep() {
    const auto any_news = [this] { return reader_.has_news() || told(); };
    if (!shm::arm_doorbell<shm::SystemAtomics>(*page_.wake_flag(), any_news)) return;
    seat_.sleeps.fetch_add(1, std::memory_order::relaxed);
    (void)shm::sleep_on_doorbell(waiting_end_, std::nullopt);
  }

  void fail(Fault fault, std::uint64_t sequence) {
    if (fault_ != Fault::none) return;
    fault_ = fault;
    seat_.fault_sequence.store(sequence, std::memory_order::relaxed);
    seat_.fault.store(fault, std::memory_order::release);
  }

  Reader& reader_;
  const shm::SessionPage& page_;
  int waiting_end_;
  Board& board_;
  Seat& seat_;
  bool reliable_;
  const PayloadLaw& law_;
  std::mt19937_64 random_;
  std::uint64_t expected_;
  bool owed_state_ = false;
  Fault fault_ = Fault::none;
  std::vector<shm::Held> held_;
};

}  // namespace

int read_under_torture(Ticket ticket, Board& board, const PayloadLaw& law) {
  auto page = shm::SessionPage::attach(std::move(ticket.page));
  auto ring = shm::AttachedRing::attach(std::move(ticket.ring), ::geteuid());
  if (!page || !ring) {
    board.seats[ticket.seat].fault.store(Fault::not_attached, std::memory_order::release);
    return 1;
  }
  // Every other one asks for state.
  const auto wish = ticket.seat % 2 == 0 ? shm::StateWish::none : shm::StateWish::after_a_gap;
  if (ticket.seat < pinning_seats) {
    constexpr std::uint32_t line = shm::subscription_line_first;
    shm::RingReader reader(ring->view(), ticket.cursor, page->pins(line), page->acknowledged(line), wish);
    return TorturedReader<shm::RingReader>(reader, *page, ticket, board, law).run();
  }
  shm::CopyingReader reader(ring->view(), ticket.cursor, wish);
  return TorturedReader<shm::CopyingReader>(reader, *page, ticket, board, law).run();
}

}  // namespace ringside::torture
