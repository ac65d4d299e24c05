// SPDX-License-Identifier: Apache-2.0
#include "schema/event_builder.hpp"

namespace ringside::schema {

using flatbuffers::Offset;
using flatbuffers::String;

namespace {

/// Enough for a chunk of a stream; it grows once where an event is larger, and stays.
constexpr std::size_t scratch_size = 1024;

}  // namespace

EventBuilder::EventBuilder() : builder_(scratch_size) {}

EventBuffer EventBuilder::text_delta(Stamp stamp, std::string_view message_id, std::uint32_t part_index,
                                     std::string_view added) {
  const auto id = text(message_id);
  const auto body = text(added);
  events::MessageDeltaBuilder fields(builder_);
  fields.add_message_id(id);
  fields.add_part_index(part_index);
  fields.add_text(body);
  return delta(stamp, fields.Finish());
}

EventBuffer EventBuilder::thinking_delta(Stamp stamp, std::string_view message_id, std::uint32_t part_index,
                                         std::string_view added) {
  const auto id = text(message_id);
  const auto content = events::CreateContentPart(builder_, events::ContentType::thinking, text(added));
  events::MessageDeltaBuilder fields(builder_);
  fields.add_message_id(id);
  fields.add_part_index(part_index);
  fields.add_content(content);
  return delta(stamp, fields.Finish());
}

EventBuffer EventBuilder::tool_call_delta(Stamp stamp, std::string_view message_id,
                                          const ToolCallFragment& fragment) {
  const auto id = text(message_id);
  const auto call_id = optional_text(fragment.call_id);
  const auto name = optional_text(fragment.name);
  const auto arguments = optional_text(fragment.arguments);
  const auto call = events::CreateToolCall(builder_, events::ToolCallStatus::incomplete, call_id,
                                           fragment.index, name, arguments);
  const auto calls = builder_.CreateVector(&call, 1);
  events::MessageDeltaBuilder fields(builder_);
  fields.add_message_id(id);
  fields.add_tool_calls(calls);
  return delta(stamp, fields.Finish());
}

EventBuffer EventBuilder::status_changed(Stamp stamp, events::AgentStatus status,
                                         std::optional<ErrorView> cause) {
  const auto told = cause ? error(*cause) : Offset<events::Error>();
  return finish(stamp, events::CreateStatusChanged(builder_, status, 0, told));
}

EventBuffer EventBuilder::user_message(Stamp stamp, std::string_view message_id, std::string_view body) {
  const auto id = text(message_id);
  const auto part = events::CreateContentPart(builder_, events::ContentType::text, text(body));
  const auto parts = builder_.CreateVector(&part, 1);
  const auto message =
      events::CreateMessage(builder_, id, events::Role::user, events::MessageStatus::complete, parts);
  return finish(stamp, events::CreateLlmMessage(builder_, message));
}

EventBuffer EventBuilder::tool_execution_cancelled(Stamp stamp, std::string_view call_id,
                                                   std::string_view display_text) {
  const auto id = text(call_id);
  return finish(stamp, events::CreateToolExecutionCancelled(builder_, id, optional_text(display_text)));
}

EventBuffer EventBuilder::tool_execution_failed(Stamp stamp, std::string_view call_id,
                                                const ErrorView& cause) {
  const auto id = text(call_id);
  return finish(stamp, events::CreateToolExecutionFailed(builder_, id, error(cause)));
}

EventBuffer EventBuilder::chain_error(Stamp stamp, const ErrorView& cause) {
  return finish(stamp, events::CreateChainError(builder_, error(cause)));
}

EventBuffer EventBuilder::agent_shutdown(Stamp stamp, const events::AgentShutdownT& shutdown) {
  return finish(stamp, events::AgentShutdown::Pack(builder_, &shutdown));
}

EventBuffer EventBuilder::delta(Stamp stamp, Offset<events::MessageDelta> one) {
  return finish(stamp, events::CreateLlmDeltas(builder_, builder_.CreateVector(&one, 1)));
}

template <class Table>
EventBuffer EventBuilder::finish(Stamp stamp, Offset<Table> payload) {
  using Object = typename Table::NativeTableType;
  constexpr events::Payload kind = events::PayloadUnionTraits<Object>::enum_value;
  events::FinishEventBuffer(
      builder_, events::CreateEvent(builder_, stamp.incarnation, stamp.run, kind, payload.Union()));
  EventBuffer event = EventBuffer::copy_of(std::as_bytes(builder_.GetBufferSpan()));
  builder_.Clear();
  return event;
}

Offset<String> EventBuilder::text(std::string_view value) {
  return builder_.CreateString(value.data(), value.size());
}

Offset<String> EventBuilder::optional_text(std::string_view value) {
  return value.empty() ? Offset<String>() : text(value);
}

Offset<events::Error> EventBuilder::error(const ErrorView& cause) {
  const auto type = optional_text(cause.type);
  const auto message = text(cause.message);
  return events::CreateError(builder_, type, message, optional_text(cause.detail));
}

}  // namespace ringside::schema
