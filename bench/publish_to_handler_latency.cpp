// SPDX-License-Identifier: Apache-2.0
//
// Question: how long from publish() on a thread inside agentd to the handler in a client that spins, through everything that
// lies between: ticket, queue, writing role, ring, subscription?
//
// The whole daemon runs in this process, with its socket; the client is another process with the client library. Events
// are published at a fixed pace, slower than they are handled, so that each finds the way empty; the time is taken right before
// publish() and first thing in the handler, and every sample is kept. A stall inside publish() counts in its own event.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <sched.h>

#include <ringside/client.hpp>

#include "bench/embedded_daemon.hpp"
#include "bench/host.hpp"
#include "bench/line_limit.hpp"
#include "bench/measured_child.hpp"
#include "bench/monotonic_clock.hpp"
#include "bench/process_benches.hpp"
#include "schema/event_buffer.hpp"

namespace ringside::bench {
namespace {

/// Time between two events: so long that each finds the way empty, and that a window full of them outlasts the moments in which
/// the host gives a core to somebody else.
constexpr std::uint64_t pace_ns(std::uint32_t size) {
  return 10'000 + 10 * std::uint64_t{size};
}

constexpr std::size_t events_max = 1'000'000;

/// What producer and handler tell each other beside the ring.
struct Exchange {
  alignas(64) std::atomic<std::uint32_t> client_reads;
  LatencySamples::Percentiles latency;
  std::uint64_t lost;
  std::uint64_t torn;
  std::uint64_t published_at[events_max];  ///< by number
};

void handle_all(const DaemonPlace& place, Exchange& exchange, std::uint32_t count) {
  EmbeddedDaemonClient client(place);
  Subscription& subscription = client.subscription();
  LatencySamples samples(count);
  std::uint64_t first = 0;
  std::uint64_t torn = 0;
  const auto on_event = [&](const Event& event) {
    const std::uint64_t now = now_ns();
    if (first == 0) first = event.sequence();
    const std::uint64_t number = event.sequence() - first;
    samples.record(now - exchange.published_at[number]);
    const auto* data = event.as<events::Custom>()->data();
    if (data->Get(0) != static_cast<std::uint8_t>(number) || data->Get(data->size() - 1) != data->Get(0))
      ++torn;
  };
  exchange.client_reads.store(1, std::memory_order::release);
  while (samples.count() + subscription.lost().events < count) {
    if (subscription.poll(on_event).events == 0) __builtin_ia32_pause();
  }
  exchange.latency = samples.percentiles();
  exchange.lost = subscription.lost().events;
  exchange.torn = torn;
}

Result publish_to_handler_once(const BenchOptions& options, std::uint32_t size) {
  Result result{.bench = "publish_to_handler_latency", .subject = "ringside", .size = size, .readers = 1};
  const std::uint32_t count = std::min<std::uint32_t>(options.round_trips / 5, events_max);
  const SharedBlock<Exchange> exchange;
  const DaemonPlace place;
  MeasuredChild client(options.reader_core(0), [&] { handle_all(place, *exchange, count); });
  EmbeddedDaemon daemon(place);
  while (exchange->client_reads.load(std::memory_order::acquire) == 0)
    sched_yield();

  pin_to_core(options.writer_core());
  std::uint64_t due = now_ns();
  for (std::uint32_t number = 0; number < count; ++number) {
    const schema::EventBuffer event = event_of(size, static_cast<std::uint8_t>(number));
    while (now_ns() < due)
      __builtin_ia32_pause();
    due += pace_ns(size);
    exchange->published_at[number] = now_ns();
    daemon.publish(event);
  }
  client.join();
  result.latency = exchange->latency;
  result.lost = exchange->lost;
  result.torn = exchange->torn;
  return result;
}

}  // namespace

void publish_to_handler_latency(const BenchOptions& options, const ResultSink& sink) {
  measure_beside_line(options, "publish_to_handler_latency", publish_to_handler_once, sink);
}

}  // namespace ringside::bench
