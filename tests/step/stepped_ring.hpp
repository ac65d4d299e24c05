// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "shm/attached_ring.hpp"
#include "shm/ring_object.hpp"
#include "shm/ring_writer.hpp"
#include "shm/session_page.hpp"
#include "tests/shm/ring_fixture.hpp"

namespace ringside::step {

/// As small as a ring can be that has everything.
inline constexpr shm::RingGeometry stepped_geometry{.segment_size = 4096,
                                                    .window_segments = 3,
                                                    .subscription_max = 2,
                                                    .pins_per_subscription = 2,
                                                    .reliable_segments = 0,
                                                    .large_segments = 1,
                                                    .large_segment_size = 16 * 1024};

/// The events of one run: sizes and bytes are functions of the sequence, but that one has a size of its own.
struct Events {
  std::uint64_t special_sequence = 0;
  std::uint32_t special_size = 0;

  [[nodiscard]] std::uint32_t size_of(std::uint64_t sequence) const noexcept {
    return sequence == special_sequence ? special_size : static_cast<std::uint32_t>(sequence * 89 % 230);
  }
  static std::uint32_t kind_of(std::uint64_t sequence) noexcept {
    return static_cast<std::uint32_t>(sequence * 3);
  }
  static std::int64_t time_of(std::uint64_t sequence) noexcept {
    return static_cast<std::int64_t>(~sequence);
  }

  [[nodiscard]] bool is_whole(const shm::Record& record) const {
    return record.size == size_of(record.sequence) && record.kind == kind_of(record.sequence) &&
           record.time_ns == time_of(record.sequence) && shm::is_whole(record);
  }
  [[nodiscard]] static bool is_whole_keyframe(const shm::Record& record) {
    return record.kind == kind_of(record.sequence) && record.time_ns == time_of(record.sequence) &&
           shm::is_whole_keyframe(record);
  }
};

/// A ring as a daemon has it, one session's page and doorbell, and a writer, brought from nothing to the same
/// state each time that one is made. A fork of this process has the mappings as well, and so the writer.
template <class Atomics>
class SteppedRing {
 public:
  using Memory = shm::BasicRingMemory<Atomics, std::byte>;
  using Writer = shm::BasicRingWriter<Memory, shm::RingBacking>;
  using Pin = typename Atomics::template atomic<std::uint64_t>;
  using Flag = typename Atomics::template atomic<std::uint32_t>;

  static constexpr std::uint32_t line = shm::subscription_line_first;

  SteppedRing()
      : page(shm::SessionPage::create(1, 0).value()),
        bell(shm::Doorbell::create().value()),
        waiting_end(bell->waiting_end().duplicate()),
        object_(make_object()),
        writer({object_.memory().segment(0).bytes(0) - stepped_geometry.segment_offset(0), stepped_geometry},
               object_.backing(), object_.first_sequence()) {
    // What is mapped is not inherited by a fork, for clients' sake; here the fork is to be the writer.
    inherit(base(), stepped_geometry.object_size());
    inherit(page.pins(line), shm::session_page_size);
    id = writer
             .add_subscriber({static_cast<const Pin*>(page.pins(line)), static_cast<Flag*>(page.wake_flag()),
                              bell->ringing_end().get()})
             .value();
  }

  void publish() {
    const std::uint64_t sequence = writer.next_sequence();
    const auto payload = shm::payload_of(sequence, events.size_of(sequence));
    (void)writer.publish(payload, Events::kind_of(sequence), Events::time_of(sequence)).value();
  }
  void publish_keyframe(std::uint32_t size) {
    const std::uint64_t sequence = writer.next_sequence() - 1;
    const auto payload = shm::keyframe_payload_of(sequence, size);
    if (!writer.publish_keyframe(payload, Events::kind_of(sequence), Events::time_of(sequence)))
      throw std::logic_error("the keyframe was refused");
  }
  void roll() {
    const std::uint64_t generation = writer.latest().generation;
    while (writer.latest().generation == generation)
      publish();
  }
  /// The next event shall have this size.
  void make_next_special(std::uint32_t size) { events = {writer.next_sequence(), size}; }
  /// Publishes as long as an event of `size` bytes would still find room.
  void fill_segment_until_no_room_for(std::uint32_t size) {
    const auto room = [this](std::uint64_t offset, std::uint32_t next) {
      return shm::next_place(offset, next) <= shm::last_place(stepped_geometry.segment_size);
    };
    while (room(writer.latest().offset, size) &&
           room(writer.latest().offset, events.size_of(writer.next_sequence())))
      publish();
    if (room(writer.latest().offset, size)) throw std::logic_error("the segment ends too early");
  }

  /// The large segment, backed and with this payload in it, as a producer leaves it.
  void fill_large(const std::vector<std::byte>& payload) {
    shm::LargeSegments segments = object_.large_segments();
    auto segment = segments.claim(static_cast<std::uint32_t>(payload.size())).value();
    std::memcpy(segment.payload(), payload.data(), payload.size());
    segment.release();
  }

  /// Stores what a reader would.
  void pin(std::uint32_t word, std::uint64_t generation) {
    page.pins(line)[word].store(generation, std::memory_order::seq_cst);
  }

  /// Every word of a segment from `offset` on looks like the commit of the event after the next: what
  /// recycled memory may hold at worst.
  void forge(std::uint32_t index, std::uint64_t offset) {
    const std::uint64_t forged = shm::commit_word(writer.next_sequence() + 1, 40);
    for (; offset < stepped_geometry.segment_size; offset += 8)
      object_.memory().segment(index).word(offset).store(forged, std::memory_order::relaxed);
  }

  /// The first sequences of what can be read, oldest first.
  [[nodiscard]] std::vector<std::uint64_t> segment_starts() const {
    std::vector<std::uint64_t> starts;
    for (std::uint32_t index = 0; index < stepped_geometry.pool_segments(); ++index) {
      if (object_.view().generation(index).load(std::memory_order::acquire) != 0)
        starts.push_back(object_.view().first_sequence(index).load(std::memory_order::relaxed));
    }
    std::ranges::sort(starts);
    return starts;
  }
  /// Where a generation that can be read lies.
  [[nodiscard]] std::uint32_t index_of(std::uint64_t generation) const {
    return shm::find_segment(object_.view(), generation).value().index;
  }
  [[nodiscard]] std::vector<std::byte> bytes_of(std::uint32_t index) const {
    const std::byte* bytes = object_.view().segment(index).bytes(0);
    return {bytes, bytes + stepped_geometry.segment_size};
  }

  [[nodiscard]] shm::Descriptor descriptor() const { return object_.read_only_descriptor().value(); }
  /// A mapping of its own, as a client's.
  [[nodiscard]] shm::AttachedRing attach() const {
    auto ring = shm::AttachedRing::attach(descriptor(), ::geteuid());
    if (!ring) throw std::runtime_error(std::string(describe(ring.error())));
    return std::move(*ring);
  }

  shm::SessionPage page;
  std::optional<shm::Doorbell> bell;
  shm::Descriptor waiting_end;

 private:
  static shm::RingObject make_object() {
    auto object = shm::RingObject::create("/ringside.step." + std::to_string(::getpid()), stepped_geometry,
                                          {"topic", 1, {}});
    object.value().remove();
    return std::move(*object);
  }
  [[nodiscard]] std::byte* base() const {
    return object_.memory().segment(0).bytes(0) - stepped_geometry.segment_offset(0);
  }
  static void inherit(void* within_first_page, std::uint64_t size) {
    const auto address = reinterpret_cast<std::uintptr_t>(within_first_page) & ~std::uintptr_t{4095};
    if (::madvise(reinterpret_cast<void*>(address), size, MADV_DOFORK) != 0)
      throw std::system_error(errno, std::generic_category(), "madvise");
  }

  shm::RingObject object_;

 public:
  Writer writer;
  shm::SubscriberId id;
  Events events;
};

}  // namespace ringside::step
