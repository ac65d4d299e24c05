// SPDX-License-Identifier: Apache-2.0
//
// Question: how long does one cache line take from one process to another, when it carries nothing but
// itself?
#include "bench/line_limit.hpp"

#include <atomic>
#include <cstdint>

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

}  // namespace ringside::bench
