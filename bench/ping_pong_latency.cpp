// SPDX-License-Identifier: Apache-2.0
//
// Question: how long does an event take from one process to another, beside the bare cache line?
//
// Two processes, two rings: each answers what the other published. Half a round trip is one way. There is one event in
// flight, so nothing queues and no omission is coordinated away; every round trip is kept.
#include <atomic>
#include <string>

#include "bench/host.hpp"
#include "bench/line_limit.hpp"
#include "bench/measured_child.hpp"
#include "bench/monotonic_clock.hpp"
#include "bench/payload.hpp"
#include "bench/process_benches.hpp"
#include "bench/ring_fixture.hpp"

namespace ringside::bench {
namespace {

/// Spins until the next event; counts it as torn if it is not whole.
void receive(shm::RingReader& reader, std::uint64_t& lost, std::uint64_t& torn) {
  const auto on_record = [&](const shm::Record& record) {
    if (!payload_is_whole(record.payload, record.size, record.sequence)) ++torn;
  };
  const auto on_gap = [&](const shm::Gap& gap) { lost += gap.count; };
  while (reader.poll(on_record, on_gap, 1) == 0)
    __builtin_ia32_pause();
}

Result ping_pong_once(const BenchOptions& options, std::uint32_t size) {
  Result result{.bench = "ping_pong_latency", .subject = "ringside", .size = size, .readers = 1};
  const std::string ping_name = fresh_ring_name();
  const std::string pong_name = fresh_ring_name();
  const SharedBlock<RunLines> ping;
  const SharedBlock<RunLines> pong;
  MeasuredChild echo(options.reader_core(0), [&] {
    BenchWriter writer(pong_name, *pong, 1);
    BenchReader reader(ping_name, *ping, 0);
    std::uint64_t lost = 0;
    std::uint64_t torn = 0;
    for (std::uint32_t i = 0; i < options.round_trips; ++i) {
      receive(reader.ring(), lost, torn);
      writer.publish(size);
      writer.ring().ring();
    }
    ping->reader[0].lost = lost;
    ping->reader[0].torn = torn;
  });
  BenchWriter writer(ping_name, *ping, 1);
  BenchReader reader(pong_name, *pong, 0);
  pin_to_core(options.writer_core());
  LatencySamples samples(options.round_trips);
  for (std::uint32_t i = 0; i < options.round_trips; ++i) {
    const std::uint64_t start = now_ns();
    writer.publish(size);
    writer.ring().ring();
    receive(reader.ring(), result.lost, result.torn);
    samples.record((now_ns() - start) / 2);
  }
  echo.join();
  result.lost += ping->reader[0].lost;
  result.torn += ping->reader[0].torn;
  result.latency = samples.percentiles();
  return result;
}

}  // namespace

void ping_pong_latency(const BenchOptions& options, const ResultSink& sink) {
  measure_beside_line(options, "ping_pong_latency", ping_pong_once, sink);
}

}  // namespace ringside::bench
