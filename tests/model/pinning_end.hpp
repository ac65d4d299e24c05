// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "shm/ring_geometry.hpp"
#include "shm/ring_reader.hpp"
#include "tests/model/ring_ends.hpp"

namespace ringside::model {

/// A reader that pins: its words, and what it was given.
template <class Ring>
class PinningEnd {
 public:
  using Reader = shm::BasicRingReader<typename Ring::Memory>;

  /// From `cursor` on, one of the ring's writer.
  void join(Ring& ring, const shm::Cursor& cursor, Atomic<std::uint32_t>* flag = nullptr, int doorbell = -1) {
    const auto joined = ring.writer().add_subscriber({pins_.data(), flag, doorbell, nullptr, nullptr});
    require(joined.has_value(), "no slot");
    expectation_ = Expectation(cursor.next_sequence);
    reader_ = std::make_unique<Reader>(ring.view(), cursor, pins_.data());
  }
  /// The same, with keyframes.
  void join_for_state(Ring& ring, const shm::Cursor& cursor, shm::StateWish wish) {
    const auto joined = ring.writer().add_subscriber({pins_.data(), nullptr, -1, nullptr, nullptr});
    require(joined.has_value(), "no slot");
    expectation_ = Expectation(cursor.next_sequence, wish);
    reader_ = std::make_unique<Reader>(ring.view(), cursor, pins_.data(), nullptr, wish);
  }
  /// The same, reliable.
  void join_reliable(Ring& ring, const shm::Cursor& cursor) {
    const auto joined = ring.writer().add_subscriber({pins_.data(), nullptr, -1, &acknowledged_, &evicted_});
    require(joined.has_value(), "no slot");
    ring.writer().make_reliable(*joined, cursor);
    expectation_ = Expectation(cursor.next_sequence);
    reader_ = std::make_unique<Reader>(ring.view(), cursor, pins_.data(), &acknowledged_);
  }
  /// relaxed: what the reader has to know by then, something else has brought.
  [[nodiscard]] bool evicted() const noexcept { return evicted_.load(std::memory_order::relaxed) != 0; }

  shm::Next next() noexcept {
    const shm::Next found = reader_->next();
    require(reader_->state() != shm::ReaderState::corrupt, "the reader took the ring for corrupt");
    expectation_.see(found, value_in_place);
    return found;
  }
  void leave() noexcept { reader_.reset(); }

  [[nodiscard]] Reader& reader() noexcept { return *reader_; }
  [[nodiscard]] const Expectation& expectation() const noexcept { return expectation_; }

 private:
  std::array<Atomic<std::uint64_t>, shm::pins_min> pins_;
  Atomic<std::uint64_t> acknowledged_;
  Atomic<std::uint64_t> evicted_;
  std::unique_ptr<Reader> reader_;
  Expectation expectation_{1};
};

}  // namespace ringside::model
