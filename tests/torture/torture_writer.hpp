// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/ring_object.hpp"
#include "shm/ring_writer.hpp"
#include "shm/session_page.hpp"
#include "tests/torture/board.hpp"
#include "tests/torture/orders.hpp"
#include "tests/torture/payload_law.hpp"
#include "tests/torture/process_census.hpp"

namespace ringside::torture {

/// The writer's process: publishes for as long as it is not told to finish, and does what the conductor
/// orders in between, as a daemon does what its clients ask for.
template <class Atomics>
class TortureWriter {
 public:
  TortureWriter(shm::Channel conductor, Board& board, const PayloadLaw& law, std::uint64_t seed,
                std::uint64_t first_sequence, std::uint64_t first_generation)
      : conductor_(std::move(conductor)),
        board_(board),
        law_(law),
        random_(seed),
        object_(make_object(first_sequence)),
        writer_({object_.memory().segment(0).bytes(0) - geometry.segment_offset(0), geometry},
                object_.backing(), first_sequence, first_generation),
        large_(object_.large_segments()),
        first_census_(take_census()) {}

  /// Until the conductor hangs up; the exit code.
  int run() {
    for (std::uint64_t batch = 0;; ++batch) {
      if (!finished_) publish_batch();
      if (finished_ || batch % 8 == 0) {
        const auto arrived = receive_frame<Order>(conductor_);
        if (arrived.gone) return 0;
        if (arrived.frame) obey(*arrived.frame, arrived.descriptors);
      }
      pace(batch);
    }
  }

 private:
  using Memory = shm::BasicRingMemory<Atomics, std::byte>;
  using Writer = shm::BasicRingWriter<Memory, shm::RingBacking>;
  using Pin = typename Atomics::template atomic<std::uint64_t>;
  using Flag = typename Atomics::template atomic<std::uint32_t>;

  struct Session {
    shm::SessionPage page;
    shm::Descriptor ringing_end;
    shm::Descriptor waiting_end;  // kept, so that a ring for who has died costs no SIGPIPE
    shm::SubscriberId id;
  };

  static shm::RingObject make_object(std::uint64_t first_sequence) {
    auto object = shm::RingObject::create("/ringside.torture." + std::to_string(::getpid()), geometry,
                                          {"torture", 1, {}}, first_sequence);
    object.value().remove();
    return std::move(*object);
  }

  /// Half of them written in place, half copied in. A refusal is told by the writer's own counters.
  void publish() {
    const std::uint64_t sequence = writer_.next_sequence();
    const std::uint32_t size = law_.common_size_of(sequence);
    if (law_.size_of(sequence) > geometry.payload_size_max() && publish_large(sequence)) {
    } else if (random_() % 2 == 0) {
      std::byte* const place = writer_.claim(size);
      if (place == nullptr) return;
      const std::int64_t checksum = law_.fill(place, sequence, size);
      writer_.commit(size, law_.kind_of(sequence), checksum);
    } else {
      const std::int64_t checksum = law_.fill(payload_.data(), sequence, size);
      if (!writer_.publish({payload_.data(), size}, law_.kind_of(sequence), checksum)) return;
    }
    // relaxed: a count that only has to grow.
    board_.published.fetch_add(1, std::memory_order::relaxed);
  }
  /// False: readers pin every large segment.
  bool publish_large(std::uint64_t sequence) {
    const std::uint32_t size = law_.size_of(sequence);
    auto segment = large_.claim(size);
    if (!segment) {
      static_cast<void>(writer_.free_large());
      give_back_freed();
      segment = large_.claim(size);
    }
    if (!segment) return false;
    const std::int64_t checksum = law_.fill(segment->payload(), sequence, size);
    writer_.publish_large(segment->index(), segment->length(), size, law_.kind_of(sequence), checksum);
    segment->release();
    return true;
  }
  void give_back_freed() {
    while (const auto freed = writer_.take_freed_large())
      large_.give_back(*freed);
  }
  /// Nobody reads any more: each comes back, and with it the pages that a reader has filled by walking where one was.
  void give_back_large() {
    do {
      give_back_freed();
    } while (writer_.free_large());
    for (std::uint32_t index = geometry.pool_segments(); index < geometry.table_entries(); ++index)
      large_.give_back(index);
  }
  /// Where it finds no space there is none; the law of a keyframe is that of the sequence's complement.
  void publish_keyframe() {
    const std::uint64_t of = ~(writer_.next_sequence() - 1);
    const std::uint32_t size = law_.common_size_of(of);
    const std::int64_t checksum = law_.fill(payload_.data(), of, size);
    static_cast<void>(writer_.publish_keyframe({payload_.data(), size}, law_.kind_of(of), checksum));
  }
  void publish_batch() {
    for (std::uint64_t left = 1 + random_() % 64; left > 0; --left)
      publish();
    if (random_() % 4 == 0) publish_keyframe();
    writer_.ring();
    if (random_() % 4 == 0) writer_.prepare();
    give_back_freed();
    set_aside_max_ = std::max<std::uint64_t>(set_aside_max_, writer_.set_aside_segments());
  }
  /// By turns as fast as it can, with the processor given away, and so slowly that readers fall asleep.
  void pace(std::uint64_t batch) const {
    const std::uint64_t turn = finished_ ? 2 : batch / 512 % 3;
    if (turn == 1) ::sched_yield();
    if (turn == 2) std::this_thread::sleep_for(std::chrono::microseconds(500));
  }

  void obey(const Order& order,
            const std::array<shm::Descriptor, shm::channel_descriptors_max>& descriptors) {
    Answer answer{};
    shm::Descriptor ring;
    switch (order.what) {
      case Order::What::attach:
        attach(order, descriptors);
        ring = std::move(object_.read_only_descriptor().value());
        break;
      case Order::What::remove:
        writer_.remove_subscriber(sessions_.at(order.seat).value().id);
        sessions_.at(order.seat).reset();
        break;
      case Order::What::finish:
        finish();
        break;
      case Order::What::report:
        // What was set aside is looked at again by a roll.
        for (const std::uint64_t rolls = writer_.counters().rolls; writer_.counters().rolls < rolls + 2;)
          publish();
        give_back_large();
        break;
    }
    report(answer);
    const int sent = ring.get();
    if (!send_frame(conductor_, answer, {&sent, ring ? std::size_t{1} : std::size_t{0}}))
      throw std::runtime_error("the conductor is gone");
  }

  void attach(const Order& order,
              const std::array<shm::Descriptor, shm::channel_descriptors_max>& descriptors) {
    auto page = shm::SessionPage::attach(descriptors[0].duplicate()).value();
    shm::Descriptor ringing_end = descriptors[1].duplicate();
    constexpr std::uint32_t line = shm::subscription_line_first;
    auto* const pins = order.pins != 0 ? page.pins(line) : nullptr;
    const auto id = writer_.add_subscriber(
        {static_cast<const Pin*>(pins), static_cast<Flag*>(page.wake_flag()), ringing_end.get(),
         static_cast<const Pin*>(page.acknowledged(line)), static_cast<Pin*>(page.evicted(line))});
    // The answer's cursor is the latest as well: nothing is published before it.
    if (is_reliable(order.seat)) writer_.make_reliable(id.value(), writer_.latest());
    sessions_.at(order.seat)
        .emplace(Session{std::move(page), std::move(ringing_end), descriptors[2].duplicate(), id.value()});
  }
  /// The last ring must reach who has fallen asleep over the last event.
  void finish() {
    publish();
    finished_ = true;
    board_.end.store(writer_.next_sequence(), std::memory_order::seq_cst);
    board_.finished.store(1, std::memory_order::seq_cst);
    writer_.ring();
  }
  void report(Answer& answer) {
    struct ::stat file {};
    const shm::Descriptor descriptor = object_.read_only_descriptor().value();
    ::fstat(descriptor.get(), &file);
    const Census now = take_census();
    answer = {.done = 1,
              .subscribers = writer_.subscriber_count(),
              .cursor = writer_.latest(),
              .rolls = writer_.counters().rolls,
              .no_space = writer_.counters().no_space,
              .set_aside = writer_.set_aside_segments(),
              .set_aside_max = set_aside_max_,
              .backed_bytes = writer_.backed_bytes(),
              .object_bytes = geometry.object_size(),
              .resident_bytes = static_cast<std::uint64_t>(file.st_blocks) * 512,
              .evicted = writer_.counters().evicted,
              .large_events = writer_.counters().large_events,
              .descriptors_first = first_census_.descriptors,
              .descriptors = now.descriptors - 1,  // the one that is open here
              .mappings_first = first_census_.mappings,
              .mappings = now.mappings};
  }

  shm::Channel conductor_;
  Board& board_;
  const PayloadLaw& law_;
  std::mt19937_64 random_;
  shm::RingObject object_;
  Writer writer_;
  shm::LargeSegments large_;
  Census first_census_;
  std::array<std::optional<Session>, seat_count> sessions_;
  std::array<std::byte, geometry.segment_size> payload_{};
  std::uint64_t set_aside_max_ = 0;
  bool finished_ = false;
};

}  // namespace ringside::torture
