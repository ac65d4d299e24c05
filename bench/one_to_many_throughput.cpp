// SPDX-License-Identifier: Apache-2.0
//
// Question: how many events a second does one writer bring to one reader, or to many, none lost and none torn, beside what
// copying alone reaches?
//
// The readers' subscriptions are reliable, and the writer waits where it would otherwise evict one, so nothing can be
// lost. Every payload byte is written by the writer and checked by every reader. Figures are events a second of the
// writer, from its first publish to the last reader's last event.
#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include <sched.h>

#include "bench/copy_limit.hpp"
#include "bench/host.hpp"
#include "bench/line_limit.hpp"
#include "bench/measured_child.hpp"
#include "bench/monotonic_clock.hpp"
#include "bench/payload.hpp"
#include "bench/process_benches.hpp"
#include "bench/ring_fixture.hpp"
#include "shm/pause_processor.hpp"

namespace ringside::bench {
namespace {

/// Whoever waits gives its core away where there are fewer cores than processes that wait.
void wait_a_moment(bool crowded) {
  if (crowded) {
    sched_yield();
  } else {
    shm::pause_processor();
  }
}

constexpr std::size_t poll_limit = 256;
constexpr std::uint64_t batch_max = 64;

void read_all(const std::string& name, RunLines& lines, std::uint32_t reader, std::uint64_t messages,
              bool crowded) {
  BenchReader attached(name, lines, reader);
  ReaderLine& line = lines.reader[reader];
  std::uint64_t received = 0;
  std::uint64_t lost = 0;
  std::uint64_t torn = 0;
  const auto on_record = [&](const shm::Record& record) {
    ++received;
    if (!payload_is_whole(record.payload, record.size, record.sequence)) ++torn;
  };
  const auto on_gap = [&](const shm::Gap& gap) { lost += gap.count; };
  line.ready.store(1, std::memory_order::release);
  while (received + lost < messages) {
    if (attached.ring().poll(on_record, on_gap, poll_limit) == 0) wait_a_moment(crowded);
  }
  line.received = received;
  line.lost = lost;
  line.torn = torn;
  line.ready.store(2, std::memory_order::release);
}

bool all_have_read(const RunLines& lines, std::uint32_t readers, std::uint64_t messages) {
  for (std::uint32_t i = 0; i < readers; ++i) {
    if (lines.reader[i].acknowledged.load(std::memory_order::acquire) != messages + 1) return false;
  }
  return true;
}

/// Waits while a batch could evict a reader. `rolls_allowed` is what an earlier look has found, so that the readers' lines
/// are not fetched for each batch.
void wait_for_readers(shm::RingWriter& ring, std::uint64_t rolls_of_a_batch, std::uint64_t& rolls_allowed,
                      bool crowded) {
  while (ring.counters().rolls + rolls_of_a_batch > rolls_allowed) {
    rolls_allowed = ring.counters().rolls + ring.rolls_before_eviction().value_or(0);
    if (ring.counters().rolls + rolls_of_a_batch > rolls_allowed) wait_a_moment(crowded);
  }
}

Result throughput_once(const BenchOptions& options, const char* bench, std::uint32_t size,
                       std::uint32_t readers) {
  Result result{.bench = bench, .subject = "ringside", .size = size, .readers = readers};
  const std::uint64_t messages = options.messages;
  const std::string name = fresh_ring_name();
  const SharedBlock<RunLines> lines;
  BenchWriter writer(name, *lines, readers);
  const std::uint64_t segment_size = writer.ring().geometry().segment_size;
  const std::uint64_t batch = std::min(batch_max, 4 * segment_size / size);
  const std::uint64_t rolls_of_a_batch = batch * 2 * size / segment_size + 1;
  const bool crowded = options.cores.size() < readers + 1;
  std::vector<std::unique_ptr<MeasuredChild>> children;
  for (std::uint32_t i = 0; i < readers; ++i) {
    children.push_back(std::make_unique<MeasuredChild>(
        options.reader_core(i), [&, i] { read_all(name, *lines, i, messages, crowded); }));
  }
  for (std::uint32_t i = 0; i < readers; ++i) {
    while (lines->reader[i].ready.load(std::memory_order::acquire) == 0)
      sched_yield();
  }
  pin_to_core(options.writer_core());
  std::uint64_t rolls_allowed = 0;
  const std::uint64_t start = now_ns();
  for (std::uint64_t sent = 0; sent < messages;) {
    wait_for_readers(writer.ring(), rolls_of_a_batch, rolls_allowed, crowded);
    for (const std::uint64_t end = std::min(messages, sent + batch); sent < end; ++sent)
      writer.publish(size);
    writer.ring().ring();
  }
  while (!all_have_read(*lines, readers, messages))
    wait_a_moment(crowded);
  const std::uint64_t elapsed = now_ns() - start;
  for (std::uint32_t i = 0; i < readers; ++i) {
    children[i]->join();
    result.lost += lines->reader[i].lost + lines->reader[i].evicted.load(std::memory_order::acquire);
    result.torn += lines->reader[i].torn;
  }
  result.messages_per_s = static_cast<double>(messages) * 1e9 / static_cast<double>(elapsed);
  return result;
}

void throughput(const BenchOptions& options, const char* bench, std::uint32_t size, std::uint32_t readers,
                const ResultSink& sink) {
  std::vector<PairedRun> runs;
  for (std::uint32_t run = 0; run < options.runs; ++run) {
    const double before = line_floor_ns(options);
    Result limit{.bench = bench, .subject = "copy", .size = size, .readers = 0};
    limit.messages_per_s = measure_copy(options, size);
    Result ours = throughput_once(options, bench, size, readers);
    const double after = line_floor_ns(options);
    runs.push_back({std::move(limit), std::move(ours)});
    runs.back().set_floors(before, after);
  }
  for (const Result& result : settle(runs))
    sink(result);
}

}  // namespace

void one_to_one_throughput(const BenchOptions& options, const ResultSink& sink) {
  for (const std::uint32_t size : options.sizes)
    throughput(options, "one_to_one_throughput", size, 1, sink);
}

void one_to_many_throughput(const BenchOptions& options, const ResultSink& sink) {
  for (const std::uint32_t readers : options.readers) {
    for (const std::uint32_t size : options.sizes)
      throughput(options, "one_to_many_throughput", size, readers, sink);
  }
}

}  // namespace ringside::bench
