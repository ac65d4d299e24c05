// SPDX-License-Identifier: Apache-2.0
//
// Question: how long from publish() to the handler of a client that sleeps, beside a bare pipe that wakes a process?
//
// Ringside: the daemon runs in this process, the client in another; it sleeps in Subscription::wait() and polls when that
// returns. So the way holds ticket, role, ring, wake flag, doorbell, and the client library. "pipe": one byte is written
// to a pipe by this process; the other sleeps in poll() and then reads it. Both sleepers are on one core, this thread on
// the other. Timed from right before publish() or write() to first thing in the handler or right after read().
//
// The waker does not guess whether the other sleeps: it has handled everything before, and /proc says that it is
// asleep. Then it is left so for a while, since a processor that has just gone idle still polls for work and is woken in
// less time: what is asked is what a wake-up costs that nobody expected. One at a time, every time is kept.
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <ringside/client.hpp>

#include "bench/embedded_daemon.hpp"
#include "bench/host.hpp"
#include "bench/line_limit.hpp"
#include "bench/measured_child.hpp"
#include "bench/monotonic_clock.hpp"
#include "bench/process_benches.hpp"
#include "bench/sleep_observer.hpp"
#include "schema/event_buffer.hpp"
#include "shm/descriptor.hpp"
#include "shm/pause_processor.hpp"

namespace ringside::bench {
namespace {

constexpr std::uint32_t wake_payload_size = 128;
constexpr std::uint64_t asleep_ns = 200'000;  ///< longer than a processor polls before it halts

/// What waker and sleeper tell each other beside what is measured.
struct Bedside {
  alignas(64) std::atomic<
      std::uint32_t> handled;  ///< wake-ups; one more than there were: about to sleep for the first
  alignas(64) std::atomic<std::uint64_t> woken_at;
  LatencySamples::Percentiles latency;
  std::uint64_t lost;
};

/// Wakes the sleeper `count` times by calling wake(), which must wake it.
template <class Wake>
void wake_often(MeasuredChild& sleeper, Bedside& bedside, std::uint32_t count, Wake&& wake) {
  const SleepObserver observer(sleeper.pid());
  for (std::uint32_t done = 0; done < count; ++done) {
    // acquire: the sleeper has handled this one, and sleeps for the next if it sleeps at all.
    while (bedside.handled.load(std::memory_order::acquire) != done + 1 || !observer.asleep())
      sched_yield();
    const std::uint64_t due = now_ns() + asleep_ns;
    while (now_ns() < due)
      shm::pause_processor();
    // release: the time of the wake-up that follows.
    bedside.woken_at.store(now_ns(), std::memory_order::release);
    wake();
  }
}

/// Counts one wake-up that was handled at `now`.
void record(Bedside& bedside, LatencySamples& samples, std::uint64_t now) {
  // acquire: the time of the wake-up that was just handled.
  samples.record(now - bedside.woken_at.load(std::memory_order::acquire));
  // release: handled.
  bedside.handled.fetch_add(1, std::memory_order::release);
}

void sleep_on_pipe(int reading_end, Bedside& bedside, std::uint32_t count) {
  LatencySamples samples(count);
  bedside.handled.store(1, std::memory_order::release);
  while (samples.count() < count) {
    pollfd watched{reading_end, POLLIN, 0};
    char byte = 0;
    if (::poll(&watched, 1, -1) != 1 || ::read(reading_end, &byte, 1) != 1)
      throw std::system_error(errno, std::generic_category(), "pipe");
    record(bedside, samples, now_ns());
  }
  bedside.latency = samples.percentiles();
}

Result wake_by_pipe(const BenchOptions& options, std::uint32_t count) {
  Result result{.bench = "wake_latency", .subject = "pipe", .size = 1, .readers = 1};
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const shm::Descriptor reading_end(ends[0]);
  const shm::Descriptor writing_end(ends[1]);
  const SharedBlock<Bedside> bedside;
  MeasuredChild sleeper(options.reader_core(0), [&] { sleep_on_pipe(reading_end.get(), *bedside, count); });
  pin_to_core(options.writer_core());
  wake_often(sleeper, *bedside, count, [&] {
    constexpr char byte = 1;
    if (::write(writing_end.get(), &byte, 1) != 1)
      throw std::system_error(errno, std::generic_category(), "pipe");
  });
  sleeper.join();
  result.latency = bedside->latency;
  return result;
}

void sleep_on_topic(const DaemonPlace& place, Bedside& bedside, std::uint32_t count) {
  EmbeddedDaemonClient client(place);
  Subscription& subscription = client.subscription();
  LatencySamples samples(count);
  bedside.handled.store(1, std::memory_order::release);
  while (samples.count() + subscription.lost().events < count) {
    if (subscription.wait(std::chrono::nanoseconds(-1)) != WaitResult::event)
      throw std::runtime_error("the daemon went away");
    std::uint64_t handled_at = 0;
    subscription.poll([&](const Event&) { handled_at = now_ns(); });
    if (handled_at != 0) record(bedside, samples, handled_at);
  }
  bedside.latency = samples.percentiles();
  bedside.lost = subscription.lost().events;
}

Result wake_by_publish(const BenchOptions& options, std::uint32_t count) {
  Result result{.bench = "wake_latency", .subject = "ringside", .size = wake_payload_size, .readers = 1};
  const SharedBlock<Bedside> bedside;
  const DaemonPlace place;
  MeasuredChild sleeper(options.reader_core(0), [&] { sleep_on_topic(place, *bedside, count); });
  EmbeddedDaemon daemon(place);
  pin_to_core(options.writer_core());
  const schema::EventBuffer event = event_of(wake_payload_size, 1);
  wake_often(sleeper, *bedside, count, [&] { daemon.publish(event); });
  sleeper.join();
  result.latency = bedside->latency;
  result.lost = bedside->lost;
  return result;
}

}  // namespace

void wake_latency(const BenchOptions& options, const ResultSink& sink) {
  const std::uint32_t count = options.round_trips / 100;
  std::vector<PairedRun> runs;
  for (std::uint32_t run = 0; run < options.runs; ++run) {
    const double before = line_floor_ns(options);
    Result pipe = wake_by_pipe(options, count);
    runs.push_back({std::move(pipe), wake_by_publish(options, count)});
    runs.back().set_floors(before, line_floor_ns(options));
  }
  for (const Result& result : settle(runs))
    sink(result);
}

}  // namespace ringside::bench
