// SPDX-License-Identifier: Apache-2.0
#include "tests/runners/viewed_stream.hpp"

#include <ostream>

#include <gtest/gtest.h>

#include "schema/event_kind.hpp"

namespace ringside::agentd {
namespace {

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string{} : text->str();
}

void add_part(ViewedMessage& message, const events::ContentPart& part) {
  if (part.type() == events::ContentType::thinking)
    message.thinking += text_of(part.content());
  else if (part.type() == events::ContentType::text)
    message.text += text_of(part.content());
}

void add_calls(ViewedMessage& message,
               const flatbuffers::Vector<flatbuffers::Offset<events::ToolCall>>* calls) {
  if (calls == nullptr) return;
  for (const events::ToolCall* call : *calls) {
    ViewedCall& seen = message.calls[call->index()];
    seen.id += text_of(call->call_id());
    seen.name += text_of(call->name());
    seen.arguments += text_of(call->arguments());
  }
}

}  // namespace

void ViewedStream::see(const events::Event& event) {
  kinds.emplace_back(schema::kind_name(event.payload_type()));
  if (const auto* deltas = event.payload_as_llm_deltas()) {
    for (const events::MessageDelta* delta : *deltas->deltas()) {
      ViewedMessage& message = folded[delta->message_id()->str()];
      message.text += text_of(delta->text());
      if (delta->content() != nullptr) add_part(message, *delta->content());
      add_calls(message, delta->tool_calls());
    }
  } else if (const auto* whole = event.payload_as_llm_message()) {
    const std::string id = whole->message()->id()->str();
    EXPECT_FALSE(complete.contains(id)) << "a second llm_message of " << id;
    ViewedMessage& message = complete[id];
    status[id] = whole->message()->status();
    if (whole->message()->content() != nullptr)
      for (const events::ContentPart* part : *whole->message()->content())
        add_part(message, *part);
    add_calls(message, whole->message()->tool_calls());
  } else if (const auto* tool = event.payload_as_tool_call_identified()) {
    identified.push_back(text_of(tool->tool()->name()));
  } else if (const auto* tokens = event.payload_as_llm_token_usage()) {
    usage.clear();
    if (tokens->input()) usage["input"] = std::to_string(*tokens->input());
    if (tokens->output()) usage["output"] = std::to_string(*tokens->output());
    if (tokens->extras() != nullptr)
      for (const events::KeyValue* extra : *tokens->extras())
        usage[extra->key()->str()] = text_of(extra->value());
  }
}

void PrintTo(const ViewedMessage& message, std::ostream* out) {
  *out << "text \"" << message.text << "\", thinking \"" << message.thinking << "\"";
  for (const auto& [index, call] : message.calls)
    *out << ", call " << index << " " << call.id << " " << call.name << "(" << call.arguments << ")";
}

}  // namespace ringside::agentd
