// SPDX-License-Identifier: Apache-2.0
//
// Question: how long does one cache line take from one process to another, when it carries nothing but
// itself?
#include "bench/line_limit.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "bench/host.hpp"
#include "bench/measured_child.hpp"
#include "bench/monotonic_clock.hpp"

namespace ringside::bench {
namespace {

constexpr std::size_t lines_each_way = 1024;

struct alignas(64) Line {
  std::atomic<std::uint64_t> trip{0};
};

/// Each message has a line of its own, as in any ring, and each way has its own: what a message has to move at the least. One
/// line that goes there and back is no limit of a ring: some processors hand it over together with the right to
/// write to it, and it takes half the time (docs/performance.md).
struct Lines {
  std::array<Line, lines_each_way> ping;
  std::array<Line, lines_each_way> pong;
};

void pause() {
  __builtin_ia32_pause();
}

}  // namespace

LatencySamples measure_line(const BenchOptions& options, std::size_t round_trips) {
  SharedBlock<Lines> lines;
  MeasuredChild echo(options.reader_core(0), [&] {
    for (std::uint64_t trip = 1; trip <= round_trips; ++trip) {
      while (lines->ping[trip % lines_each_way].trip.load(std::memory_order::acquire) != trip)
        pause();
      lines->pong[trip % lines_each_way].trip.store(trip, std::memory_order::release);
    }
  });
  pin_to_core(options.writer_core());
  LatencySamples samples(round_trips);
  for (std::uint64_t trip = 1; trip <= round_trips; ++trip) {
    const std::uint64_t start = now_ns();
    lines->ping[trip % lines_each_way].trip.store(trip, std::memory_order::release);
    while (lines->pong[trip % lines_each_way].trip.load(std::memory_order::acquire) != trip)
      pause();
    samples.record((now_ns() - start) / 2);
  }
  echo.join();
  return samples;
}

double line_floor_ns(const BenchOptions& options) {
  return static_cast<double>(measure_line(options, options.floor_round_trips).percentiles().p50);
}

void measure_beside_line(const BenchOptions& options, const char* bench,
                         const std::function<Result(const BenchOptions&, std::uint32_t)>& run_once,
                         const std::function<void(const Result&)>& sink) {
  for (const std::uint32_t size : options.sizes) {
    std::vector<PairedRun> runs;
    for (std::uint32_t run = 0; run < options.runs; ++run) {
      const double before = line_floor_ns(options);
      Result bare{.bench = bench, .subject = "line", .size = 8, .readers = 1};
      bare.latency = measure_line(options, options.round_trips).percentiles();
      Result ours = run_once(options, size);
      const double after = line_floor_ns(options);
      runs.push_back({std::move(bare), std::move(ours)});
      runs.back().set_floors(before, after);
    }
    for (const Result& result : settle(runs))
      sink(result);
  }
}

}  // namespace ringside::bench
