// SPDX-License-Identifier: Apache-2.0
#include "plausible_event.hpp"

#include <cstdint>
#include <string>

#include "arbitrary_event.hpp"
#include "arbitrary_value.hpp"

namespace ringside::schema::testing {
namespace {

std::uint32_t one_of_few() {
  return *rc::gen::inRange(0u, 3u);
}

std::string one_of_few(const char* prefix) {
  return prefix + std::to_string(one_of_few());
}

void meet(events::ToolCallT& call) {
  call.call_id = maybe() ? one_of_few("c") : std::string();
  call.index = one_of_few();
}

void meet(events::LlmDeltasT& deltas) {
  for (const auto& delta : deltas.deltas) {
    delta->message_id = one_of_few("m");
    delta->part_index = one_of_few();
    for (const auto& call : delta->tool_calls)
      meet(*call);
    if (!delta->content) continue;
    for (const auto& option : delta->content->options)
      option->key = one_of_few("o");
  }
}

void meet(events::LlmTokenUsageT& usage) {
  for (const auto& extra : usage.extras) {
    extra->key = one_of_few("tokens.");
    if (maybe()) extra->value = std::to_string(one_of_few());
  }
}

void meet(events::PresenceDiffT& diff) {
  diff.version = *rc::gen::inRange(0u, 20u);
  for (const auto* entries : {&diff.joins, &diff.leaves}) {
    for (const auto& entry : *entries) {
      entry->key = one_of_few("k");
      for (const auto& meta : entry->metas)
        meta->ref = one_of_few();
    }
  }
}

void meet(events::PayloadUnion& payload) {
  if (auto* deltas = payload.Asllm_deltas()) meet(*deltas);
  if (auto* whole = payload.Asllm_message()) whole->message->id = one_of_few("m");
  if (auto* queued = payload.Asmessage_queued()) queued->message->id = one_of_few("m");
  if (auto* usage = payload.Asllm_token_usage()) meet(*usage);
  if (auto* identified = payload.Astool_call_identified()) meet(*identified->tool);
  if (auto* started = payload.Astool_execution_started()) meet(*started->tool);
  if (auto* completed = payload.Astool_execution_completed())
    completed->call_id = completed->result->call_id = one_of_few("c");
  if (auto* failed = payload.Astool_execution_failed()) failed->call_id = one_of_few("c");
  if (auto* interrupted = payload.Astool_execution_interrupted()) interrupted->call_id = one_of_few("c");
  if (auto* cancelled = payload.Astool_execution_cancelled()) cancelled->call_id = one_of_few("c");
  if (auto* diff = payload.Aspresence_diff()) meet(*diff);
}

/// What streams comes more often than what ends a life.
events::Payload plausible_kind() {
  using events::Payload;
  return *rc::gen::weightedOneOf<Payload>(
      {{6, rc::gen::just(Payload::llm_deltas)},
       {3, rc::gen::element(Payload::tool_call_identified, Payload::tool_execution_started,
                            Payload::tool_execution_interrupted, Payload::llm_message)},
       {1, rc::gen::just(Payload::presence_diff)},
       {4, rc::gen::exec(arbitrary_kind)}});
}

}  // namespace

EventBuffer plausible_event() {
  events::EventT event = arbitrary_event(plausible_kind());
  meet(event.payload);
  event.incarnation = *rc::gen::weightedElement<std::uint64_t>({{1, 0}, {12, 1}, {1, 2}});
  event.run = *rc::gen::weightedElement<std::uint64_t>({{3, 0}, {12, 1}, {2, 2}});
  return pack(event);
}

}  // namespace ringside::schema::testing
