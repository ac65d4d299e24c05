// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "bench/bench_options.hpp"
#include "bench/result.hpp"

namespace ringside::bench {

using ResultSink = std::function<void(const Result&)>;

/// Each runs its subjects interleaved `options.runs` times between line floors, and gives the sink one result
/// for each (size, subject): the run whose figure is the median. They throw std::exception where the machine
/// does not let them run.

/// One writer, one reader, no loss: how many events a second, beside copying alone?
void one_to_one_throughput(const BenchOptions& options, const ResultSink& sink);

/// The same with several readers of one ring.
void one_to_many_throughput(const BenchOptions& options, const ResultSink& sink);

/// Two processes answer each other through two rings: how long is one way, beside the bare cache line?
void ping_pong_latency(const BenchOptions& options, const ResultSink& sink);

/// From publish() on a thread inside agentd to the handler in a client that spins: how long?
void publish_to_handler_latency(const BenchOptions& options, const ResultSink& sink);

/// One thread that encodes one-token deltas and publishes them to a topic of agentd: how many a second, beside the same
/// through a FlatBufferBuilder?
void one_producer_throughput(const BenchOptions& options, const ResultSink& sink);

/// The same with eight threads and one topic.
void eight_producers_throughput(const BenchOptions& options, const ResultSink& sink);

/// Many agents at once in one agentd: how long does a start take, what memory is resident, what CPU does it take idle?
void start_agents(const BenchOptions& options, const ResultSink& sink);

/// What does a publish cost the writer with 0, 1, 4, 16 readers attached?
void writer_cost(const BenchOptions& options, const ResultSink& sink);

/// From publish() to the handler of a client that sleeps: how long, beside a bare pipe?
void wake_latency(const BenchOptions& options, const ResultSink& sink);

/// From subscribe(), or from connect(), to the first event in the handler: how long?
void attach_latency(const BenchOptions& options, const ResultSink& sink);

/// Many viewers on one topic: how long does one more take to come, one to leave, and a list of all?
void presence_latency(const BenchOptions& options, const ResultSink& sink);

}  // namespace ringside::bench
