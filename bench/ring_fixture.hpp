// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "bench/measured_child.hpp"
#include "shm/attached_ring.hpp"
#include "shm/ring_object.hpp"
#include "shm/ring_reader.hpp"
#include "shm/ring_writer.hpp"

namespace ringside::bench {

inline constexpr std::size_t readers_max = 64;

/// What one reader of a bench tells the writer: pins and what it has consumed, as in a line of a session page, and in the
/// end its sums.
struct ReaderLine {
  alignas(64) std::atomic<std::uint64_t> pins[shm::pins_max];
  std::atomic<std::uint64_t> acknowledged;
  std::atomic<std::uint64_t> evicted;
  alignas(64) std::atomic<std::uint32_t> wake_flag;  ///< 0: a bench spins
  alignas(64) std::atomic<std::uint64_t> ready;
  std::uint64_t received;
  std::uint64_t lost;
  std::uint64_t torn;
};

/// What the processes of one run share beside the ring. Made before they fork.
struct RunLines {
  alignas(64) std::atomic<std::uint64_t> ring_is_open;
  ReaderLine reader[readers_max];
};

/// The writing process's end: a ring of default geometry in which every reader of the run has a reliable subscription from
/// the first event on. Throws std::runtime_error where /dev/shm refuses.
class BenchWriter {
 public:
  BenchWriter(std::string name, RunLines& lines, std::uint32_t readers);
  ~BenchWriter();
  BenchWriter(const BenchWriter&) = delete;
  BenchWriter& operator=(const BenchWriter&) = delete;

  /// Publishes one event of `size` bytes whose words tell its number.
  void publish(std::uint32_t size);
  [[nodiscard]] shm::RingWriter& ring() { return *writer_; }

 private:
  std::optional<shm::RingObject> object_;
  std::optional<shm::RingWriter> writer_;
};

/// A reading process's end: attached read-only, as clients are. Waits until the ring is open.
class BenchReader {
 public:
  BenchReader(const std::string& name, RunLines& lines, std::uint32_t reader);

  [[nodiscard]] shm::RingReader& ring() { return *reader_; }

 private:
  std::optional<shm::AttachedRing> attached_;
  std::optional<shm::RingReader> reader_;
};

/// A name that no other run of this host has.
std::string fresh_ring_name();

}  // namespace ringside::bench
