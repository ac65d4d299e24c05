// SPDX-License-Identifier: Apache-2.0
//
// Question: how many one-token deltas a second do one thread, or eight, encode and publish to one topic of agentd,
// beside what they reach through a FlatBufferBuilder and an event of its own allocation?
//
// The whole way of a runner's delta, in the daemon's own Topic: encoding, ticket, writing role, ring, a look at the
// flag of one subscriber. Without readers that subscriber is parked: nobody reads and nobody waits, so that the figure
// is the producers' own. With a reader, another process follows in place and checks every event: each producer's own
// are all there and in their order, sequences have no hole; what is not so counts as lost or torn. The producers then
// wait where they are half a window ahead, so that nothing can be lost. One producer is pinned; several share the
// cores of the run as the kernel likes.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sched.h>

#include <fmt/format.h>

#include "agentd/topic.hpp"
#include "bench/host.hpp"
#include "bench/line_limit.hpp"
#include "bench/measured_child.hpp"
#include "bench/monotonic_clock.hpp"
#include "bench/process_benches.hpp"
#include "bench/ring_fixture.hpp"
#include "schema/event_builder.hpp"
#include "schema/token_delta.hpp"

namespace ringside::bench {
namespace {

constexpr std::uint32_t producers_max = 8;
constexpr schema::Stamp stamp{.incarnation = 1'764'661'832'000'000, .run = 7};
constexpr std::string_view token = " lighthouse";

/// As long as a UUID; its first letter tells the producer, and the part index of a delta its number.
std::string message_id_of(std::uint32_t producer) {
  return static_cast<char>('a' + producer) + std::string("ac7192e-e619-40c6-96b0-ed4276bc03ac");
}

schema::TokenDelta delta(std::string_view message_id, std::uint64_t number) {
  return {.stamp = stamp,
          .message_id = message_id,
          .part_index = static_cast<std::uint32_t>(number),
          .text = token};
}

/// One way from a delta to the topic. False: refused.
using Publish = bool (*)(agentd::Topic&, const schema::TokenDelta&);

bool publish_delta(agentd::Topic& topic, const schema::TokenDelta& delta) {
  return topic.publish(delta).has_value();
}

bool publish_built(agentd::Topic& topic, const schema::TokenDelta& delta) {
  static thread_local flatbuffers::FlatBufferBuilder builder;
  builder.Clear();
  const auto id = builder.CreateString(delta.message_id.data(), delta.message_id.size());
  const auto text = builder.CreateString(delta.text.data(), delta.text.size());
  const auto one = events::CreateMessageDelta(builder, id, events::Role::assistant, delta.part_index, text);
  const auto deltas = events::CreateLlmDeltas(builder, builder.CreateVector(&one, 1));
  events::FinishEventBuffer(builder, events::CreateEvent(builder, delta.stamp.incarnation, delta.stamp.run,
                                                         events::Payload::llm_deltas, deltas.Union()));
  return topic.publish(schema::EventBuffer::copy_of(std::as_bytes(builder.GetBufferSpan()))).has_value();
}

/// The other process: reads in place until all events are there, and holds each against its producer.
void check_all(const std::string& name, RunLines& lines, std::uint64_t events) {
  BenchReader attached(name, lines, 0);
  ReaderLine& line = lines.reader[0];
  std::uint64_t next_sequence = 1;
  std::uint64_t next_of[producers_max] = {};
  const auto on_record = [&](const shm::Record& record) {
    const auto& one = *events::GetEvent(record.payload)->payload_as_llm_deltas()->deltas()->Get(0);
    const auto producer = static_cast<std::size_t>(one.message_id()->Get(0)) - 'a';
    const bool whole = record.sequence == next_sequence++ && producer < producers_max &&
                       one.part_index() == next_of[producer]++ && one.text()->string_view() == token;
    if (!whole) ++line.torn;
    ++line.received;
  };
  const auto on_gap = [&](const shm::Gap& gap) {
    line.lost += gap.count;
    next_sequence += gap.count;
  };
  line.ready.store(1, std::memory_order::release);
  while (line.received + line.lost < events) {
    if (attached.ring().poll(on_record, on_gap, 256) == 0) sched_yield();
    line.acknowledged.store(line.received + line.lost, std::memory_order::release);
  }
}

struct Asked {
  const char* bench;
  std::uint32_t producers;
  std::uint32_t readers;
};

/// Keeps all producers together from getting further than `ahead_max` events ahead of the reader, where there is one.
struct Gate {
  static constexpr std::uint64_t step = 64;  ///< events of one producer between two looks

  void pass() {
    if (acknowledged == nullptr) return;
    const std::uint64_t end = let_through.fetch_add(step, std::memory_order::relaxed) + step;
    while (end > acknowledged->load(std::memory_order::acquire) + ahead_max)
      sched_yield();
  }

  const std::atomic<std::uint64_t>* acknowledged;
  std::uint64_t ahead_max;
  alignas(64) std::atomic<std::uint64_t> let_through{0};
};

/// One producer's part of a run.
void produce(agentd::Topic& topic, Publish publish, std::uint32_t producer, std::uint64_t events,
             Gate& gate) {
  const std::string id = message_id_of(producer);
  for (std::uint64_t number = 0; number < events; ++number) {
    if (number % Gate::step == 0) gate.pass();
    while (!publish(topic, delta(id, number)))
      sched_yield();
  }
}

std::shared_ptr<agentd::Topic> open_topic(const std::string& name, RunLines& lines) {
  agentd::TopicOptions options;
  options.name = "bench:producers";
  options.object_name = name;
  auto made = agentd::Topic::create(std::move(options));
  if (!made) throw std::runtime_error(made.error().message);
  ReaderLine& line = lines.reader[0];
  bool subscribed = false;
  agentd::SubscribeRequest request;
  request.subscriber = {.pins = line.pins, .wake_flag = &line.wake_flag};
  (*made)->subscribe(request, [&](const auto& granted) { subscribed = granted.has_value(); });
  if (!subscribed) throw std::runtime_error("the topic grants its first reader no subscription");
  return *made;
}

Result produce_once(const BenchOptions& options, const Asked& asked, const char* subject, Publish publish) {
  Result result{.bench = asked.bench, .subject = subject, .readers = asked.readers};
  result.size = static_cast<std::uint32_t>(delta(message_id_of(0), 1).encoded_size());
  const std::string name = fresh_ring_name();
  const SharedBlock<RunLines> lines;
  const std::uint64_t each = options.messages / asked.producers;
  const std::uint64_t events = each * asked.producers;
  std::unique_ptr<MeasuredChild> reader;
  if (asked.readers != 0) {
    reader =
        std::make_unique<MeasuredChild>(options.reader_core(0), [&] { check_all(name, *lines, events); });
  }
  const auto topic = open_topic(name, *lines);
  lines->ring_is_open.store(1, std::memory_order::release);
  while (reader && lines->reader[0].ready.load(std::memory_order::acquire) == 0)
    sched_yield();
  const shm::RingGeometry& geometry = topic->geometry();
  Gate gate{
      .acknowledged = reader ? &lines->reader[0].acknowledged : nullptr,
      .ahead_max = std::uint64_t{geometry.window_segments} * geometry.segment_size / (result.size + 64) / 2};

  const std::uint64_t start = now_ns();
  {
    std::vector<std::jthread> producers;
    for (std::uint32_t i = 0; i < asked.producers; ++i) {
      producers.emplace_back([&, i] {
        if (asked.producers == 1) pin_to_core(options.writer_core());
        produce(*topic, publish, i, each, gate);
      });
    }
  }
  const bool visible = topic->flush().has_value();
  if (reader) reader->join();
  result.messages_per_s = static_cast<double>(events) * 1e9 / static_cast<double>(now_ns() - start);
  result.lost = lines->reader[0].lost + (visible ? 0 : 1);
  result.torn = lines->reader[0].torn;
  if (topic->next_sequence() != events + 1) ++result.torn;
  topic->remove_name();
  return result;
}

void produce_beside_builder(const BenchOptions& options, const Asked& asked, const ResultSink& sink) {
  std::vector<PairedRun> runs;
  for (std::uint32_t run = 0; run < options.runs; ++run) {
    const double before = line_floor_ns(options);
    Result limit = produce_once(options, asked, "builder", publish_built);
    Result ours = produce_once(options, asked, "ringside", publish_delta);
    runs.push_back({std::move(limit), std::move(ours)});
    runs.back().set_floors(before, line_floor_ns(options));
  }
  for (const Result& result : settle(runs))
    sink(result);
}

}  // namespace

void one_producer_throughput(const BenchOptions& options, const ResultSink& sink) {
  for (const std::uint32_t readers : {0U, 1U})
    produce_beside_builder(options, {"one_producer_throughput", 1, readers}, sink);
}

void eight_producers_throughput(const BenchOptions& options, const ResultSink& sink) {
  for (const std::uint32_t readers : {0U, 1U})
    produce_beside_builder(options, {"eight_producers_throughput", 8, readers}, sink);
}

}  // namespace ringside::bench
