// SPDX-License-Identifier: Apache-2.0
#include "bench/ring_fixture.hpp"

#include <random>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

#include "bench/payload.hpp"

namespace ringside::bench {

std::string fresh_ring_name() {
  std::random_device random;
  return fmt::format("/ringside-bench.{:08x}{:08x}", random(), random());
}

BenchWriter::BenchWriter(std::string name, RunLines& lines, std::uint32_t readers) {
  auto object = shm::RingObject::create(std::move(name), shm::RingGeometry{}, {.topic = "bench"});
  if (!object) throw std::runtime_error(fmt::format("no ring: {}", shm::describe(object.error().fault)));
  object_.emplace(std::move(*object));
  writer_.emplace(object_->memory(), object_->backing(), object_->first_sequence());
  for (std::uint32_t i = 0; i < readers; ++i) {
    ReaderLine& line = lines.reader[i];
    const auto added = writer_->add_subscriber({.pins = line.pins,
                                                .wake_flag = &line.wake_flag,
                                                .acknowledged = &line.acknowledged,
                                                .evicted = &line.evicted});
    if (!added) throw std::runtime_error("more readers than a ring has slots");
    writer_->make_reliable(*added, writer_->latest());
  }
  lines.ring_is_open.store(1, std::memory_order::release);
}

BenchWriter::~BenchWriter() {
  if (object_) object_->remove();
}

void BenchWriter::publish(std::uint32_t size) {
  std::byte* const claimed = writer_->claim(size);
  if (claimed == nullptr) throw std::runtime_error("no space left in /dev/shm");
  fill_payload(claimed, size, writer_->next_sequence());
  writer_->commit(size, 1, 0);
}

BenchReader::BenchReader(const std::string& name, RunLines& lines, std::uint32_t reader) {
  while (lines.ring_is_open.load(std::memory_order::acquire) == 0)
    sched_yield();
  shm::Descriptor descriptor(shm_open(name.c_str(), O_RDONLY | O_CLOEXEC, 0));
  auto attached = shm::AttachedRing::attach(std::move(descriptor), geteuid());
  if (!attached) throw std::runtime_error(fmt::format("cannot attach: {}", shm::describe(attached.error())));
  attached_.emplace(std::move(*attached));
  const shm::Cursor start{.generation = 1, .offset = 0, .next_sequence = 1};
  reader_.emplace(attached_->view(), start, lines.reader[reader].pins, &lines.reader[reader].acknowledged);
}

}  // namespace ringside::bench
