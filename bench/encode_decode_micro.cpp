// SPDX-License-Identifier: Apache-2.0
//
// Question: what does it cost to encode a one-token delta, to check it, to read it in place, to print it as JSON? And what
// to fold it into the state of its agent, and to write that state as a snapshot?
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "schema/event_buffer.hpp"
#include "schema/event_builder.hpp"
#include "schema/event_check.hpp"
#include "schema/event_json.hpp"
#include "schema/fold.hpp"
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

constexpr std::int64_t tokens_of_a_message = 2000;

/// Tokens of a message that grows as messages do; the fold of the one before it is forgotten meanwhile.
template <class Token>
void fold_tokens(benchmark::State& state, const Token& token) {
  Fold fold(StateKind::agent);
  std::int64_t count = 0;
  for (auto _ : state) {
    if (++count % tokens_of_a_message == 0) fold = Fold(StateKind::agent);
    benchmark::DoNotOptimize(&token);
    fold.apply(token);
  }
}

void fold_text_delta(benchmark::State& state) {
  const EventBuffer event = pack(TokenDelta{.stamp = stamp, .message_id = message_id, .text = " lighthouse"});
  fold_tokens(state, event.event());
}
BENCHMARK(fold_text_delta);

void fold_token_delta(benchmark::State& state) {
  fold_tokens(state, TokenDelta{.stamp = stamp, .message_id = message_id, .text = " lighthouse"});
}
BENCHMARK(fold_token_delta);

Fold fold_of_text(std::size_t size) {
  Fold fold(StateKind::agent);
  const std::string text(size, 'x');
  fold.apply(TokenDelta{.stamp = stamp, .message_id = message_id, .text = text});
  return fold;
}

/// Into a builder that is kept, as whoever writes many does.
void snapshot_of_text(benchmark::State& state) {
  const Fold fold = fold_of_text(static_cast<std::size_t>(state.range(0)));
  flatbuffers::FlatBufferBuilder builder;
  for (auto _ : state) {
    builder.Clear();
    fold.snapshot(builder);
    benchmark::DoNotOptimize(builder.GetBufferPointer());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(snapshot_of_text)->Arg(1000)->Arg(500'000);

void snapshot_of_text_as_an_event(benchmark::State& state) {
  const Fold fold = fold_of_text(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(fold.snapshot().bytes().data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(snapshot_of_text_as_an_event)->Arg(500'000);

void copy_of_text(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  std::string copy(text.size(), 'y');
  for (auto _ : state) {
    std::memcpy(copy.data(), text.data(), text.size());
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(copy_of_text)->Arg(500'000);

}  // namespace
