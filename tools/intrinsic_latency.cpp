// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <string>
#include <thread>

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include "tools/core_pin.hpp"
#include "tools/duration_text.hpp"
#include "tools/interrupts.hpp"
#include "tools/latency.hpp"
#include "tools/noise_meter.hpp"
#include "tools/output.hpp"

namespace ringside::tools {
namespace {

using Clock = std::chrono::steady_clock;

/// At a terminal the worst so far is looked at so often. Elsewhere this process sleeps, to take nothing from what it
/// measures.
constexpr int look_ms = 500;

struct Measurement {
  explicit Measurement(std::optional<unsigned> on_core) : core(on_core) {}

  std::optional<unsigned> core;
  NoiseMeter meter;
  Noise noise;
  std::jthread thread;  // last: it is over before what it writes goes
};

double percent_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

std::uint64_t worst_of(const std::deque<Measurement>& all) {
  std::uint64_t worst = 0;
  for (const Measurement& each : all)
    worst = std::max(worst, each.meter.worst_ns());
  return worst;
}

/// Returns when the time is over, or true when it was interrupted before.
bool wait_for_end(const std::deque<Measurement>& all, Clock::time_point end, const Interrupts& interrupts,
                  bool show) {
  std::uint64_t shown = 0;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wait{interrupts.fd(), POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(show ? std::min<std::int64_t>(left, look_ms) : left)) == 1)
      return true;
    if (const std::uint64_t worst = worst_of(all); show && worst > shown) {
      shown = worst;
      print(fmt::format("\rworst so far: {}\x1b[K", duration_text(worst)));
    }
  }
}

void append_json(std::string& out, const Measurement& measured) {
  const Noise& noise = measured.noise;
  fmt::format_to(std::back_inserter(out),
                 R"({{"measure":"intrinsic","core":{},"elapsed_ns":{},"readings":{},"p50_ns":{},"p99_ns":{},)"
                 R"("p999_ns":{},"max_ns":{},"stolen":[)",
                 measured.core ? std::to_string(*measured.core) : "null", noise.elapsed_ns,
                 noise.gaps.count(), noise.gaps.per_mille(500), noise.gaps.per_mille(990),
                 noise.gaps.per_mille(999), noise.gaps.max());
  for (const Stolen& stolen : noise.stolen) {
    fmt::format_to(std::back_inserter(out), R"({}{{"above_ns":{},"gaps":{},"ns":{}}})",
                   &stolen == &noise.stolen.front() ? "" : ",", stolen.above_ns, stolen.gaps, stolen.ns);
  }
  out += "]}\n";
}

void append_text(std::string& out, const Measurement& measured) {
  const Noise& noise = measured.noise;
  fmt::format_to(std::back_inserter(out), "{}: {} readings of the clock in {}\n",
                 measured.core ? fmt::format("core {}", *measured.core) : "one thread, on any core",
                 noise.gaps.count(), duration_text(noise.elapsed_ns));
  fmt::format_to(std::back_inserter(out), "  between two readings   p50 {}   p99 {}   p99.9 {}   max {}\n",
                 duration_text(noise.gaps.per_mille(500)), duration_text(noise.gaps.per_mille(990)),
                 duration_text(noise.gaps.per_mille(999)), duration_text(noise.gaps.max()));
  for (const Stolen& stolen : noise.stolen) {
    fmt::format_to(std::back_inserter(out),
                   "  gaps above {:>7}   {:>9}   {:>8} in all, {:.4f} % of the time\n",
                   fmt::format("{} us", stolen.above_ns / 1000), stolen.gaps, duration_text(stolen.ns),
                   percent_of(stolen.ns, noise.elapsed_ns));
  }
}

/// What that means for who uses Ringside here.
std::string meaning(const std::deque<Measurement>& all) {
  std::uint64_t worst = 0;
  std::uint64_t stolen = 0;
  std::uint64_t elapsed = 0;
  for (const Measurement& each : all) {
    worst = std::max(worst, each.noise.gaps.max());
    stolen += each.noise.stolen.front().ns;
    elapsed += each.noise.elapsed_ns;
  }
  if (worst < 10'000) {
    return fmt::format(
        "A quiet host: it took no program off its core for longer than {}, so whatever is slower than that\n"
        "between publish() and a handler is the programs' own doing.\n",
        duration_text(worst));
  }
  return fmt::format(
      "The host kept a program that never sleeps from running for up to {}, and for {:.3f} % of the time: "
      "an\n"
      "event that comes in such a gap is handled that much later, whatever the ring takes, so no latency "
      "here\n"
      "has a shorter tail.\n",
      duration_text(worst), percent_of(stolen, elapsed));
}

}  // namespace

ExitCode intrinsic_latency(const LatencyArguments& arguments) {
  const bool show = !arguments.json && isatty(STDOUT_FILENO) == 1;
  // Blocked before there is a thread: none of them is interrupted.
  const Interrupts interrupts;
  const Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                   std::chrono::duration<double>(arguments.seconds));
  std::deque<Measurement> all;
  if (arguments.cores.empty()) all.emplace_back(std::nullopt);
  for (const unsigned core : arguments.cores)
    all.emplace_back(core);
  for (Measurement& each : all) {
    each.thread = std::jthread([&each, end](const std::stop_token& stop) {
      if (each.core) pin_to_core(*each.core);
      each.noise = each.meter.measure(stop, end);
    });
  }
  const bool interrupted = wait_for_end(all, end, interrupts, show);
  for (Measurement& each : all) {
    each.thread.request_stop();
    each.thread.join();
  }
  std::string out = show ? "\r\x1b[K" : "";
  for (const Measurement& each : all)
    arguments.json ? append_json(out, each) : append_text(out, each);
  if (!arguments.json) out += meaning(all);
  print(out);
  return interrupted ? ExitCode::interrupted : ExitCode::done;
}

}  // namespace ringside::tools
