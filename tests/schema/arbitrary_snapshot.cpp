// SPDX-License-Identifier: Apache-2.0
#include "arbitrary_snapshot.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arbitrary_event.hpp"
#include "arbitrary_value.hpp"

namespace ringside::schema::testing {
namespace {

/// The payload of an arbitrary event of that kind.
template <class Object>
Object payload_of() {
  events::EventT event = arbitrary_event(events::PayloadUnionTraits<Object>::enum_value);
  return std::move(*static_cast<Object*>(event.payload.value));
}

events::ToolCallT tool_call(std::uint32_t& index) {
  events::ToolCallT call = std::move(*payload_of<events::ToolCallIdentifiedT>().tool);
  call.index = index += *rc::gen::inRange(0u, 3u);
  ++index;
  return call;
}

events::OpenPartT part(std::uint32_t& index) {
  events::OpenPartT part;
  part.index = index += *rc::gen::inRange(0u, 3u);
  ++index;
  part.content = std::make_unique<events::ContentPartT>();
  part.content->type = one_of<events::ContentType>();
  part.content->content = text();
  int option = 0;
  part.content->options = several<events::KeyValueT>([&] {
    events::KeyValueT pair;
    pair.key = std::to_string(++option) + text();
    pair.value = text();
    return pair;
  });
  return part;
}

events::OpenMessageT open_message() {
  events::OpenMessageT message;
  message.id = name();
  message.role = one_of<events::Role>();
  message.status = one_of<events::DeltaStatus>();
  message.truncated = maybe();
  std::uint32_t part_index = 0;
  message.parts = several<events::OpenPartT>([&] { return part(part_index); });
  std::uint32_t call_index = 0;
  message.tool_calls = several<events::ToolCallT>([&] { return tool_call(call_index); });
  return message;
}

events::OpenCallT open_call() {
  events::OpenCallT call;
  std::uint32_t index = 0;
  call.tool = std::make_unique<events::ToolCallT>(tool_call(index));
  call.phase = one_of<events::CallPhase>();
  return call;
}

events::UsageTotalsT usage() {
  events::UsageTotalsT totals;
  totals.calls = *rc::gen::inRange<std::uint64_t>(1, 1000);
  totals.input = number<std::uint64_t>();
  totals.output = number<std::uint64_t>();
  int key = 0;
  totals.extras = several<events::KeyValueT>([&] {
    events::KeyValueT pair;
    pair.key = "tokens." + std::to_string(++key);
    pair.value = std::to_string(number<std::uint64_t>());
    return pair;
  });
  return totals;
}

events::AgentStateT agent_state() {
  events::AgentStateT state;
  auto status = payload_of<events::StatusChangedT>();
  state.status = status.status;
  state.interrupt = std::move(status.interrupt);
  state.error = std::move(status.error);
  state.title = text();
  state.todos = std::move(payload_of<events::TodosUpdatedT>().todos);
  state.messages = several<events::OpenMessageT>(open_message);
  state.calls = several<events::OpenCallT>(open_call);
  if (maybe()) state.usage = std::make_unique<events::UsageTotalsT>(usage());
  state.queued = several<events::MessageT>([] { return *payload_of<events::MessageQueuedT>().message; });
  if (maybe())
    state.shutdown = std::make_unique<events::AgentShutdownT>(payload_of<events::AgentShutdownT>());
  return state;
}

events::PresenceStateT presence_state() {
  events::PresenceStateT state;
  state.version = number<std::uint64_t>();
  state.entries = std::move(payload_of<events::PresenceDiffT>().joins);
  int key = 0;
  for (const auto& entry : state.entries) {
    entry->key = std::to_string(++key) + entry->key;
    std::uint64_t ref = 0;
    for (const auto& meta : entry->metas)
      meta->ref = ref += *rc::gen::inRange(1u, 4u);
  }
  return state;
}

}  // namespace

events::SnapshotT arbitrary_snapshot() {
  events::SnapshotT snapshot;
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      break;  // of an agent before its first life
    case 1:
    case 2:
      snapshot.presence = std::make_unique<events::PresenceStateT>(presence_state());
      break;
    default:
      snapshot.agent = std::make_unique<events::AgentStateT>(agent_state());
  }
  return snapshot;
}

}  // namespace ringside::schema::testing
