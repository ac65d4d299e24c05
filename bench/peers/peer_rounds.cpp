// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/peer_rounds.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "bench/line_limit.hpp"
#include "bench/peers/peer_benches.hpp"
#include "bench/process_benches.hpp"

namespace ringside::bench {
namespace {

constexpr std::uint64_t fewest_events = 500;

/// Everything that one subject did with one size.
struct SubjectRuns {
  Peer* peer = nullptr;  ///< none for the limit and for Ringside
  bool busy = false;
  std::uint64_t events = 0;  ///< of each run
  std::vector<Result> runs = {};
};

/// One question, as it is put to Ringside (with its limit) and to a peer.
struct Benches {
  void (*of_ringside)(const BenchOptions&, const ResultSink&);
  Result (*of_peer)(const BenchOptions&, Peer&, Waiting, std::uint32_t);
};

double figure_of(const Result& result) {
  return result.messages_per_s ? *result.messages_per_s : static_cast<double>(result.latency->p50);
}

/// How many times better the first is: more events a second, or less time.
double advantage(const Result& first, const Result& second) {
  const double ratio = figure_of(first) / figure_of(second);
  return first.messages_per_s ? ratio : 1 / ratio;
}

/// The median run of a regime; none where fewer than a fifth of the runs had it. *Mixed* only where all of them are.
std::optional<Result> median_in(const SubjectRuns& subject, Regime regime) {
  const auto in = [&](Regime wanted) {
    return static_cast<std::size_t>(std::ranges::count(subject.runs, wanted, &Result::regime));
  };
  const std::size_t count = in(regime);
  const bool enough =
      regime == Regime::mixed ? count == subject.runs.size() : 5 * count >= subject.runs.size();
  if (count == 0 || !enough) return std::nullopt;
  std::vector<Result> runs;
  std::ranges::copy_if(subject.runs, std::back_inserter(runs),
                       [&](const Result& run) { return run.regime() == regime; });
  std::ranges::sort(runs, {}, figure_of);
  Result median = runs[runs.size() / 2];
  median.runs = static_cast<std::uint32_t>(runs.size());
  median.lost = 0;
  median.torn = 0;
  for (const Result& run : subject.runs) {
    median.lost += run.lost;
    median.torn += run.torn;
  }
  return median;
}

PeerResult peer_result(const SubjectRuns& subject, Result median) {
  PeerResult settled{.result = std::move(median), .waiting = {}, .configuration = {}};
  if (subject.peer == nullptr) return settled;
  settled.waiting = subject.busy ? "busy" : "blocking";
  settled.configuration = subject.peer->configuration();
  return settled;
}

/// Of a peer's two figures the better counts.
void choose(std::vector<PeerResult>& settled) {
  for (PeerResult& one : settled) {
    one.counts = std::ranges::none_of(settled, [&](const PeerResult& other) {
      return other.result.subject == one.result.subject && advantage(other.result, one.result) > 1;
    });
  }
}

/// `subjects` begins with the limit and Ringside.
void settle_and_sink(const std::vector<SubjectRuns>& subjects, const PeerSink& sink) {
  for (const Regime regime : {Regime::near, Regime::far, Regime::mixed}) {
    const std::optional<Result> limit = median_in(subjects[0], regime);
    const std::optional<Result> ringside = median_in(subjects[1], regime);
    std::vector<PeerResult> settled;
    for (const SubjectRuns& subject : subjects) {
      std::optional<Result> median = median_in(subject, regime);
      if (!median) continue;
      const bool is_limit = &subject == &subjects.front();
      median->ratio =
          limit && !is_limit ? std::optional(figure_of(*median) / figure_of(*limit)) : std::nullopt;
      settled.push_back(peer_result(subject, *median));
      if (ringside && subject.peer != nullptr)
        settled.back().ringside_advantage = advantage(*ringside, *median);
    }
    choose(settled);
    for (const PeerResult& result : settled)
      sink(result);
  }
}

/// Runs a subject once; the first of what comes back is the limit where the subject is Ringside.
std::vector<Result> run_once(const BenchOptions& options, const SubjectRuns& subject,
                             const Benches& benches) {
  std::vector<Result> results;
  if (subject.peer == nullptr) {
    benches.of_ringside(options, [&](const Result& result) { results.push_back(result); });
  } else {
    const Waiting waiting{.busy = subject.busy, .crowded = options.cores.size() == 1};
    const double before = line_floor_ns(options);
    results.push_back(benches.of_peer(options, *subject.peer, waiting, options.sizes.front()));
    results.back().floor_ns_before = before;
    results.back().floor_ns_after = line_floor_ns(options);
  }
  return results;
}

/// How many events make a run as long as it should be, going by runs that are not counted: each much longer than the
/// one before, until one is long enough to judge by.
std::uint64_t events_of_a_run(const PeerOptions& options, std::uint32_t size, const SubjectRuns& subject,
                              const Benches& benches) {
  const double wanted_ns = options.run_ms * 1e6;
  for (std::uint64_t events = fewest_events;; events *= 8) {
    const Result trial = run_once(options.of_one_run(size, events), subject, benches).back();
    const double each_ns = trial.messages_per_s ? 1e9 / figure_of(trial) : 2 * figure_of(trial);
    if (4 * each_ns * static_cast<double>(events) < wanted_ns) continue;
    return std::max(fewest_events, static_cast<std::uint64_t>(wanted_ns / each_ns));
  }
}

void rounds(const PeerOptions& options, const std::vector<std::unique_ptr<Peer>>& peers, std::uint32_t size,
            const Benches& benches, const PeerSink& sink) {
  std::vector<SubjectRuns> subjects(1);
  for (const bool busy : {true, false}) {
    for (const auto& peer : peers)
      subjects.push_back({.peer = peer.get(), .busy = busy});
  }
  for (SubjectRuns& subject : subjects)
    subject.events = events_of_a_run(options, size, subject, benches);
  SubjectRuns limit;
  for (std::uint32_t round = 0; round < options.runs; ++round) {
    for (SubjectRuns& subject : subjects) {
      std::vector<Result> results = run_once(options.of_one_run(size, subject.events), subject, benches);
      subject.runs.push_back(std::move(results.back()));
      if (subject.peer != nullptr) continue;
      limit.runs.push_back(std::move(results.front()));
      limit.runs.back().size = size;  // a line has 8 bytes, but stands beside this size
    }
  }
  subjects.insert(subjects.begin(), std::move(limit));
  settle_and_sink(subjects, sink);
}

}  // namespace

void one_to_one_throughput_beside_peers(const PeerOptions& options,
                                        const std::vector<std::unique_ptr<Peer>>& peers,
                                        const PeerSink& sink) {
  for (const std::uint32_t size : options.throughput_sizes)
    rounds(options, peers, size, {one_to_one_throughput, peer_throughput_once}, sink);
}

void ping_pong_latency_beside_peers(const PeerOptions& options,
                                    const std::vector<std::unique_ptr<Peer>>& peers, const PeerSink& sink) {
  for (const std::uint32_t size : options.latency_sizes)
    rounds(options, peers, size, {ping_pong_latency, peer_latency_once}, sink);
}

std::string to_json(const PeerResult& result) {
  std::string line = to_json(result.result);
  if (result.waiting.empty()) return line;
  line.pop_back();
  if (result.ringside_advantage)
    line += fmt::format(R"(,"ringside_advantage":{:.3f})", *result.ringside_advantage);
  return line + fmt::format(R"(,"waiting":"{}","counts":{},"configuration":"{}"}})", result.waiting,
                            result.counts, result.configuration);
}

std::string to_row(const PeerResult& result) {
  if (result.waiting.empty()) return to_row(result.result);
  Result shown = result.result;
  shown.subject += " " + result.waiting;
  std::string row = to_row(shown);
  if (result.ringside_advantage) row += fmt::format(", Ringside : this {:.2f}", *result.ringside_advantage);
  return row;
}

}  // namespace ringside::bench
