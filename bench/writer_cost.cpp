// SPDX-License-Identifier: Apache-2.0
//
// Question: what does a publish of 128 bytes cost the writer with 0, 1, 4 or 16 readers attached, with a look at their wake
// flags once in 64 events, and after each?
//
// The readers are parked: subscribed with a session page each, made as agentd makes it, and touching nothing. So this is
// the writer's own work for them: the fence, the flags, the pins at a roll. What a reader that runs takes from the writer
// is in the throughput benches. Each count is measured right beside one reader; one reader beside itself shows the noise.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/host.hpp"
#include "bench/monotonic_clock.hpp"
#include "bench/process_benches.hpp"
#include "bench/ring_fixture.hpp"
#include "shm/session_page.hpp"

namespace ringside::bench {
namespace {

constexpr std::uint32_t payload_size = 128;
constexpr std::array<std::uint32_t, 4> reader_counts = {0, 1, 4, 16};

struct Pace {
  const char* subject;
  std::uint32_t commits_per_ring;
};
constexpr std::array<Pace, 2> paces = {{{"batches of 64", 64}, {"single events", 1}}};

/// A writer whose window has been written twice, so that no page is touched for the first time, with parked readers.
class AttendedWriter {
 public:
  explicit AttendedWriter(std::uint32_t readers) : writer_(fresh_ring_name(), *lines_, 0) {
    for (std::uint32_t slot = 0; slot < readers; ++slot) {
      auto page = shm::SessionPage::create(slot + 1, slot);
      if (!page) throw std::runtime_error("no session page: is memory short?");
      pages_.push_back(std::move(*page));
      const shm::Subscriber parked{.pins = pages_.back().pins(shm::subscription_line_first),
                                   .wake_flag = pages_.back().wake_flag()};
      if (!writer_.ring().add_subscriber(parked))
        throw std::runtime_error("more readers than a ring has slots");
    }
    const shm::RingGeometry& geometry = writer_.ring().geometry();
    publish(2 * geometry.window_segments * (geometry.segment_size / payload_size), 64);
  }

  void publish(std::uint64_t count, std::uint32_t commits_per_ring) {
    for (std::uint64_t done = 0; done < count; done += commits_per_ring) {
      for (std::uint32_t i = 0; i < commits_per_ring; ++i) {
        if (!writer_.ring().publish(payload_, 1, 0)) throw std::runtime_error("no space left in /dev/shm");
      }
      writer_.ring().ring();
    }
  }

 private:
  const SharedBlock<RunLines> lines_;
  BenchWriter writer_;
  std::vector<shm::SessionPage> pages_;
  std::vector<std::byte> payload_ = std::vector<std::byte>(payload_size);
};

Result cost_once(const BenchOptions& options, const Pace& pace, std::uint32_t readers) {
  Result result{.bench = "writer_cost", .subject = pace.subject, .size = payload_size, .readers = readers};
  AttendedWriter writer(readers);
  const std::uint64_t count = options.messages / pace.commits_per_ring * pace.commits_per_ring;
  const std::uint64_t start = now_ns();
  writer.publish(count, pace.commits_per_ring);
  result.cost_ns = static_cast<double>(now_ns() - start) / static_cast<double>(count);
  return result;
}

double median_difference(const std::vector<PairedRun>& runs) {
  std::vector<double> differences;
  for (const PairedRun& run : runs)
    differences.push_back(run.ours.figure() - run.limit.figure());
  std::ranges::sort(differences);
  return differences[differences.size() / 2];
}

}  // namespace

void writer_cost(const BenchOptions& options, const ResultSink& sink) {
  pin_to_core(options.writer_core());
  std::array<std::array<std::vector<PairedRun>, reader_counts.size()>, paces.size()> runs;
  for (std::uint32_t run = 0; run < options.runs; ++run) {
    for (std::size_t p = 0; p < paces.size(); ++p) {
      for (std::size_t i = 0; i < reader_counts.size(); ++i) {
        Result one = cost_once(options, paces[p], 1);
        runs[p][i].push_back({std::move(one), cost_once(options, paces[p], reader_counts[i])});
      }
    }
  }
  for (const auto& of_pace : runs) {
    for (std::size_t i = 0; i < reader_counts.size(); ++i) {
      Result result = settle(of_pace[i]).back();
      if (reader_counts[i] > 1)
        result.more_ns_per_reader = median_difference(of_pace[i]) / (reader_counts[i] - 1);
      sink(result);
    }
  }
}

}  // namespace ringside::bench
