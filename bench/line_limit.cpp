// SPDX-License-Identifier: Apache-2.0
//
// Question: how long does one cache line take from one process to another, when it carries nothing but
// itself?
#include "bench/line_limit.hpp"

#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "bench/host.hpp"
#include "bench/measured_child.hpp"
#include "bench/monotonic_clock.hpp"

namespace ringside::bench {
namespace {

// The same line carries the ball both ways, as the smallest message of a transport would.
struct Ball {
  alignas(64) std::atomic<std::uint64_t> count{0};
};

void pause() {
  __builtin_ia32_pause();
}

}  // namespace

LatencySamples measure_line(const BenchOptions& options, std::size_t round_trips) {
  SharedBlock<Ball> ball;
  const std::uint64_t last = 2 * round_trips;
  MeasuredChild echo(options.reader_core(0), [&] {
    for (std::uint64_t expected = 1; expected <= last; expected += 2) {
      while (ball->count.load(std::memory_order::acquire) != expected)
        pause();
      ball->count.store(expected + 1, std::memory_order::release);
    }
  });
  pin_to_core(options.writer_core());
  LatencySamples samples(round_trips);
  for (std::uint64_t sent = 1; sent <= last; sent += 2) {
    const std::uint64_t start = now_ns();
    ball->count.store(sent, std::memory_order::release);
    while (ball->count.load(std::memory_order::acquire) != sent + 1)
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
    std::vector<Result> line;
    std::vector<Result> ringside;
    for (std::uint32_t run = 0; run < options.runs; ++run) {
      const double before = line_floor_ns(options);
      Result bare{.bench = bench, .subject = "line", .size = 8, .readers = 1};
      bare.latency = measure_line(options, options.round_trips).percentiles();
      Result ours = run_once(options, size);
      const double after = line_floor_ns(options);
      for (Result* result : {&bare, &ours}) {
        result->floor_ns_before = before;
        result->floor_ns_after = after;
      }
      line.push_back(bare);
      ringside.push_back(ours);
    }
    sink(median_of(std::move(line)));
    sink(median_of(std::move(ringside)));
  }
}

}  // namespace ringside::bench
