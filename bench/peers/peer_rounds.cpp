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

/// Everything that one subject did with one size.
struct SubjectRuns {
  Peer* peer;  ///< none for the limit and for Ringside
  bool busy;
  std::vector<Result> runs;
};

using RingsideBench = void (*)(const BenchOptions&, const ResultSink&);
using PeerBench = Result (*)(const PeerOptions&, Peer&, Waiting, std::uint32_t);

double figure_of(const Result& result) {
  return result.messages_per_s ? *result.messages_per_s : static_cast<double>(result.latency->p50);
}

/// How many times better the first is: more events a second, or less time.
double advantage(const Result& first, const Result& second) {
  const double ratio = figure_of(first) / figure_of(second);
  return first.messages_per_s ? ratio : 1 / ratio;
}

/// The median run of a regime; none where fewer than a fifth of the runs had it, or where *mixed* runs are not all there is.
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

void rounds(const PeerOptions& options, const std::vector<std::unique_ptr<Peer>>& peers, std::uint32_t size,
            RingsideBench ringside_bench, PeerBench peer_bench, const PeerSink& sink) {
  const BenchOptions of_ringside = options.of_ringside(size);
  std::vector<SubjectRuns> subjects(2);
  for (const bool busy : {true, false}) {
    for (const auto& peer : peers)
      subjects.push_back({.peer = peer.get(), .busy = busy, .runs = {}});
  }
  for (std::uint32_t round = 0; round < options.runs; ++round) {
    std::size_t next = 0;
    ringside_bench(of_ringside, [&](const Result& result) { subjects[next++].runs.push_back(result); });
    double before = line_floor_ns(of_ringside);
    for (SubjectRuns& subject : subjects) {
      if (subject.peer == nullptr) continue;
      const Waiting waiting{.busy = subject.busy, .crowded = options.cores.size() == 1};
      Result result = peer_bench(options, *subject.peer, waiting, size);
      result.floor_ns_before = before;
      result.floor_ns_after = before = line_floor_ns(of_ringside);
      subject.runs.push_back(std::move(result));
    }
  }
  settle_and_sink(subjects, sink);
}

}  // namespace

void one_to_one_throughput_beside_peers(const PeerOptions& options,
                                        const std::vector<std::unique_ptr<Peer>>& peers,
                                        const PeerSink& sink) {
  for (const std::uint32_t size : options.throughput_sizes)
    rounds(options, peers, size, one_to_one_throughput, peer_throughput_once, sink);
}

void ping_pong_latency_beside_peers(const PeerOptions& options,
                                    const std::vector<std::unique_ptr<Peer>>& peers, const PeerSink& sink) {
  for (const std::uint32_t size : options.latency_sizes)
    rounds(options, peers, size, ping_pong_latency, peer_latency_once, sink);
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
