// SPDX-License-Identifier: Apache-2.0
//
// Question: what does one publish cost, alone and with a ring() for each, and one poll, in one thread?
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/ring_fixture.hpp"

namespace {

using namespace ringside;

void publish(benchmark::State& state) {
  const auto size = static_cast<std::uint32_t>(state.range(0));
  const bench::SharedBlock<bench::RunLines> lines;
  bench::BenchWriter writer(bench::fresh_ring_name(), *lines, 1);
  const std::vector<std::byte> payload(size);
  for (auto _ : state) {
    benchmark::DoNotOptimize(writer.ring().publish(payload, 1, 0).has_value());
  }
}
BENCHMARK(publish)->Arg(32)->Arg(128)->Arg(512)->Arg(4096);

void publish_and_ring(benchmark::State& state) {
  const bench::SharedBlock<bench::RunLines> lines;
  bench::BenchWriter writer(bench::fresh_ring_name(), *lines, static_cast<std::uint32_t>(state.range(0)));
  const std::vector<std::byte> payload(128);
  for (auto _ : state) {
    benchmark::DoNotOptimize(writer.ring().publish(payload, 1, 0).has_value());
    writer.ring().ring();
  }
  state.SetLabel("readers");
}
BENCHMARK(publish_and_ring)->Arg(1)->Arg(4)->Arg(16);

void publish_and_poll(benchmark::State& state) {
  constexpr std::size_t batch = 64;
  const auto size = static_cast<std::uint32_t>(state.range(0));
  const bench::SharedBlock<bench::RunLines> lines;
  const std::string name = bench::fresh_ring_name();
  bench::BenchWriter writer(name, *lines, 1);
  bench::BenchReader reader(name, *lines, 0);
  const std::vector<std::byte> payload(size);
  for (auto _ : state) {
    for (std::size_t i = 0; i < batch; ++i) {
      benchmark::DoNotOptimize(writer.ring().publish(payload, 1, 0).has_value());
    }
    const auto on_record = [](const shm::Record& record) { benchmark::DoNotOptimize(record.payload); };
    reader.ring().poll(
        on_record, [](const shm::Gap&) {}, batch);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
}
BENCHMARK(publish_and_poll)->Arg(32)->Arg(128)->Arg(512)->Arg(4096);

void poll_of_an_empty_ring(benchmark::State& state) {
  const bench::SharedBlock<bench::RunLines> lines;
  const std::string name = bench::fresh_ring_name();
  bench::BenchWriter writer(name, *lines, 1);
  bench::BenchReader reader(name, *lines, 0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(reader.ring().poll([](const shm::Record&) {}, [](const shm::Gap&) {}, 1));
  }
}
BENCHMARK(poll_of_an_empty_ring);

}  // namespace
