// SPDX-License-Identifier: Apache-2.0
//
// Question: what does it cost to encode a one-token delta, to check it, to read it in place, to print it as JSON?
#include <cstddef>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "schema/event_buffer.hpp"
#include "schema/event_builder.hpp"
#include "schema/event_check.hpp"
#include "schema/event_json.hpp"
#include "schema/token_delta.hpp"

namespace {

using namespace ringside::schema;

constexpr Stamp stamp{.incarnation = 1'764'661'832'000'000, .run = 7};
constexpr std::string_view message_id = "cac7192e-e619-40c6-96b0-ed4276bc03ac";

void encode_text_delta(benchmark::State& state) {
  EventBuilder builder;
  for (auto _ : state) {
    benchmark::DoNotOptimize(builder.text_delta(stamp, message_id, 0, " lighthouse"));
  }
}
BENCHMARK(encode_text_delta);

void encode_token_delta(benchmark::State& state) {
  const TokenDelta delta{.stamp = stamp, .message_id = message_id, .part_index = 0, .text = " lighthouse"};
  alignas(event_alignment) std::byte place[256];
  for (auto _ : state) {
    benchmark::DoNotOptimize(&delta);
    delta.encode(place);
    benchmark::ClobberMemory();
  }
  state.SetLabel(std::to_string(delta.encoded_size()) + " bytes");
}
BENCHMARK(encode_token_delta);

void check_text_delta(benchmark::State& state) {
  const EventBuffer event = EventBuilder().text_delta(stamp, message_id, 0, " lighthouse");
  for (auto _ : state) {
    benchmark::DoNotOptimize(check_event(event.bytes()).has_value());
  }
  state.SetLabel(std::to_string(event.bytes().size()) + " bytes");
}
BENCHMARK(check_text_delta);

void read_text_delta(benchmark::State& state) {
  const EventBuffer event = EventBuilder().text_delta(stamp, message_id, 0, " lighthouse");
  const std::byte* bytes = event.bytes().data();
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes);
    const auto* deltas = ringside::events::GetEvent(bytes)->payload_as_llm_deltas();
    benchmark::DoNotOptimize(deltas->deltas()->Get(0)->text()->string_view().size());
  }
}
BENCHMARK(read_text_delta);

void print_text_delta(benchmark::State& state) {
  const EventBuffer event = EventBuilder().text_delta(stamp, message_id, 0, " lighthouse");
  EventJson json;
  std::string line;
  for (auto _ : state) {
    line.clear();
    json.print_line(line, 1, 2, "agent_server:a", event.event());
    benchmark::DoNotOptimize(line.data());
  }
}
BENCHMARK(print_text_delta);

void parse_text_delta(benchmark::State& state) {
  const EventBuffer event = EventBuilder().text_delta(stamp, message_id, 0, " lighthouse");
  EventJson json;
  std::string line;
  json.print_line(line, 1, 2, "agent_server:a", event.event());
  for (auto _ : state) {
    benchmark::DoNotOptimize(json.parse_line(line).has_value());
  }
}
BENCHMARK(parse_text_delta);

}  // namespace
