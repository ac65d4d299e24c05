// SPDX-License-Identifier: Apache-2.0
//
// Without the object API for what may be large: a text that streams is copied once.
#include <string>
#include <vector>

#include "schema/agent_fold.hpp"

namespace ringside::schema {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
template <class Table>
using TableVector = Offset<flatbuffers::Vector<Offset<Table>>>;

Offset<flatbuffers::String> text_unless_empty(FlatBufferBuilder& builder, const std::string& text) {
  return text.empty() ? Offset<flatbuffers::String>() : builder.CreateString(text);
}

/// What `encode_one` makes of each; absent where there is none.
template <class Table, class Range, class EncodeOne>
TableVector<Table> vector_unless_empty(FlatBufferBuilder& builder, const Range& range, EncodeOne encode_one) {
  if (range.empty()) return 0;
  std::vector<Offset<Table>> tables;
  tables.reserve(range.size());
  for (const auto& one : range)
    tables.push_back(encode_one(one));
  return builder.CreateVector(tables);
}

template <class Table, class Range>
TableVector<Table> packed_unless_empty(FlatBufferBuilder& builder, const Range& objects) {
  return vector_unless_empty<Table>(builder, objects,
                                    [&](const auto& object) { return Table::Pack(builder, &object); });
}

template <class Object>
auto packed_if_there(FlatBufferBuilder& builder, const Object* object) {
  using Table = typename Object::TableType;
  return object == nullptr ? Offset<Table>() : Table::Pack(builder, object);
}

Offset<events::OpenPart> encode_part(FlatBufferBuilder& builder, const FoldedPart& part) {
  const auto content = builder.CreateString(part.content);
  const auto options = packed_unless_empty<events::KeyValue>(builder, part.options);
  return events::CreateOpenPart(builder, part.index,
                                events::CreateContentPart(builder, part.type, content, options));
}

Offset<events::OpenMessage> encode_message(FlatBufferBuilder& builder, const FoldedMessage& message) {
  const auto id = builder.CreateString(message.id);
  const auto parts = vector_unless_empty<events::OpenPart>(
      builder, message.fold.parts(), [&](const FoldedPart& part) { return encode_part(builder, part); });
  const auto calls = packed_unless_empty<events::ToolCall>(builder, message.fold.tool_calls());
  return events::CreateOpenMessage(builder, id, message.role, message.status, parts, calls,
                                   message.truncated);
}

Offset<events::UsageTotals> encode_usage(FlatBufferBuilder& builder, const UsageFold& usage) {
  if (usage.calls() == 0) return 0;
  const auto extras = vector_unless_empty<events::KeyValue>(builder, usage.extras(), [&](const auto& extra) {
    const auto key = builder.CreateString(extra.first);
    return events::CreateKeyValue(builder, key, builder.CreateString(std::to_string(extra.second)));
  });
  return events::CreateUsageTotals(builder, usage.calls(), usage.input(), usage.output(), extras);
}

}  // namespace

Offset<events::AgentState> AgentFold::encode(FlatBufferBuilder& builder) const {
  if (!begun_) return 0;
  const auto interrupt = packed_if_there(builder, interrupt_.get());
  const auto error = packed_if_there(builder, error_.get());
  const auto title = text_unless_empty(builder, title_);
  const auto todos = packed_unless_empty<events::Todo>(builder, todos_);
  const auto messages = vector_unless_empty<events::OpenMessage>(
      builder, messages_, [&](const FoldedMessage& message) { return encode_message(builder, message); });
  const auto calls =
      vector_unless_empty<events::OpenCall>(builder, calls_.calls(), [&](const FoldedCall& call) {
        return events::CreateOpenCall(builder, events::ToolCall::Pack(builder, &call.tool), call.phase);
      });
  const auto usage = encode_usage(builder, usage_);
  const auto queued = packed_unless_empty<events::Message>(builder, queued_);
  const auto shutdown = packed_if_there(builder, shutdown_.get());
  return events::CreateAgentState(builder, status_, interrupt, error, title, todos, messages, calls, usage,
                                  queued, shutdown);
}

}  // namespace ringside::schema
