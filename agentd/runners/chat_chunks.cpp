// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/chat_chunks.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agentd/runners/chat_chunk.hpp"
#include "schema/message_fold.hpp"

namespace ringside::agentd {
namespace {

std::unique_ptr<events::KeyValueT> key_value(std::string key, std::string value) {
  auto pair = std::make_unique<events::KeyValueT>();
  pair->key = std::move(key);
  pair->value = std::move(value);
  return pair;
}

/// Reasons that providers have of their own end a message well, except those that say that it was cut short.
events::MessageStatus status_of(std::string_view finish_reason) {
  if (finish_reason == "length") return events::MessageStatus::length;
  if (finish_reason == "content_filter") return events::MessageStatus::content_filtered;
  if (finish_reason.empty() || finish_reason == "error" || finish_reason == "insufficient_system_resource")
    return events::MessageStatus::stream_error;
  return events::MessageStatus::complete;
}

/// What a line of server-sent events carries; bare JSON carries itself. Nothing for lines without data.
std::optional<std::string_view> data_of(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == std::string_view::npos || line.front() == ':') return std::nullopt;
  for (const std::string_view other : {"event:", "id:", "retry:"})
    if (line.starts_with(other)) return std::nullopt;
  if (!line.starts_with("data:")) return line;
  line.remove_prefix(std::string_view("data:").size());
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  if (line.empty()) return std::nullopt;
  return line;
}

}  // namespace

class ChatChunks::Decoder {
 public:
  expected<void, LineFault> line(std::string_view text, std::vector<schema::EventBuffer>& out) {
    const auto data = data_of(text);
    if (!data) return {};
    if (*data == "[DONE]") {
      finish(out);
      return {};
    }
    const std::size_t before = static_cast<std::size_t>(data->data() - text.data());
    auto chunk = parser_.parse(*data);
    if (!chunk) {
      LineFault fault = std::move(chunk.error());
      if (fault.column != 0) fault.column += before;
      if (std::string_view("[DONE]").starts_with(*data)) fault.ends_too_early = true;
      return unexpected<LineFault>(std::move(fault));
    }
    take(*chunk, out);
    return {};
  }

  void finish(std::vector<schema::EventBuffer>& out) {
    if (!open_) return;
    if (finish_reason_.empty() && !failure_) {
      failure_.emplace();
      failure_->type = "stream_error";
      failure_->message = fmt::format("the stream of message {} ended without a finish reason", id_);
    }
    close(status_of(finish_reason_), out);
  }

  [[nodiscard]] const std::optional<events::ErrorT>& failure() const noexcept { return failure_; }

 private:
  enum class Part { thinking, text, refusal };

  void take(ChatChunk& chunk, std::vector<schema::EventBuffer>& out) {
    if (chunk.error) {
      failure_ = std::move(chunk.error);
      if (open_) close(events::MessageStatus::stream_error, out);
      return;
    }
    if (open_ && !chunk.id.empty() && !recorded_id_.empty() && chunk.id != recorded_id_) finish(out);
    if (!open_) begin();
    if (recorded_id_.empty()) recorded_id_ = chunk.id;
    if (id_.empty()) id_ = recorded_id_;
    if (model_.empty()) model_ = chunk.model;
    add(chunk, out);
    if (!chunk.finish_reason.empty()) finish_reason_ = std::move(chunk.finish_reason);
    if (chunk.usage) usage_ = std::move(chunk.usage);
  }

  void begin() {
    open_ = true;
    ++message_count_;
    recorded_id_.clear();
    id_.clear();
    model_.clear();
    finish_reason_.clear();
    usage_.reset();
    parts_.clear();
    fold_ = schema::MessageFold();
  }

  /// Servers without ids get the number of the message; it must not change once it was said.
  const std::string& id() {
    if (id_.empty()) id_ = fmt::format("message-{}", message_count_);
    return id_;
  }

  std::uint32_t part_index(Part part) {
    const auto found = std::ranges::find(parts_, part);
    const auto index = static_cast<std::uint32_t>(found - parts_.begin());
    if (found == parts_.end()) parts_.push_back(part);
    return index;
  }

  void add(const ChatChunk& chunk, std::vector<schema::EventBuffer>& out) {
    events::LlmDeltasT deltas;
    add_content(Part::thinking, chunk.thinking, deltas);
    add_content(Part::text, chunk.text, deltas);
    add_content(Part::refusal, chunk.refusal, deltas);
    std::vector<std::uint32_t> identified;
    auto calls = add_tool_calls(chunk.tool_calls, identified);
    if (!calls.empty()) {
      if (deltas.deltas.empty()) add_delta(deltas);
      deltas.deltas.back()->tool_calls = std::move(calls);
    }
    if (!deltas.deltas.empty()) emit(std::move(deltas), out);
    for (const std::uint32_t index : identified) {
      events::ToolCallIdentifiedT event;
      event.tool = std::make_unique<events::ToolCallT>(*fold_.tool_call(index));
      emit(std::move(event), out);
    }
  }

  events::MessageDeltaT& add_delta(events::LlmDeltasT& deltas) {
    deltas.deltas.push_back(std::make_unique<events::MessageDeltaT>());
    deltas.deltas.back()->message_id = id();
    return *deltas.deltas.back();
  }

  void add_content(Part part, const std::string& content, events::LlmDeltasT& deltas) {
    if (content.empty()) return;
    const auto type = part == Part::thinking ? events::ContentType::thinking : events::ContentType::text;
    events::MessageDeltaT& delta = add_delta(deltas);
    delta.part_index = part_index(part);
    fold_.add_content(delta.part_index, type, content);
    if (type == events::ContentType::text) {
      delta.text = content;
      return;
    }
    delta.content = std::make_unique<events::ContentPartT>();
    delta.content->type = type;
    delta.content->content = content;
  }

  std::vector<std::unique_ptr<events::ToolCallT>> add_tool_calls(
      const std::vector<ChatToolFragment>& fragments, std::vector<std::uint32_t>& identified) {
    std::vector<std::unique_ptr<events::ToolCallT>> calls;
    for (const ChatToolFragment& fragment : fragments) {
      const events::ToolCallT* known = fold_.tool_call(fragment.index);
      const bool named = known != nullptr && !known->name.empty();
      auto call = std::make_unique<events::ToolCallT>();
      call->index = fragment.index;
      if (known == nullptr || known->call_id.empty()) call->call_id = fragment.call_id;
      if (!named) call->name = fragment.name;
      call->arguments = fragment.arguments;
      fold_.add_tool_call(fragment.index, fragment.call_id, fragment.name, fragment.arguments);
      if (!named && !fragment.name.empty()) identified.push_back(fragment.index);
      const bool says_something = !call->call_id.empty() || !call->name.empty() || !call->arguments.empty();
      if (says_something) calls.push_back(std::move(call));
    }
    return calls;
  }

  void close(events::MessageStatus status, std::vector<schema::EventBuffer>& out) {
    events::LlmMessageT message;
    message.message =
        std::make_unique<events::MessageT>(fold_.message(id(), events::Role::assistant, status));
    if (!model_.empty()) message.message->metadata.push_back(key_value("model", model_));
    if (!finish_reason_.empty())
      message.message->metadata.push_back(key_value("finish_reason", finish_reason_));
    const bool said_anything = !fold_.empty() || !finish_reason_.empty();
    if (said_anything) emit(std::move(message), out);
    if (usage_) emit_usage(out);
    open_ = false;
  }

  void emit_usage(std::vector<schema::EventBuffer>& out) {
    events::LlmTokenUsageT usage;
    usage.message_id = id();
    if (usage_->input) usage.input = *usage_->input;
    if (usage_->output) usage.output = *usage_->output;
    for (auto& [key, value] : usage_->extras)
      usage.extras.push_back(key_value(std::move(key), std::move(value)));
    emit(std::move(usage), out);
  }

  template <class Payload>
  static void emit(Payload payload, std::vector<schema::EventBuffer>& out) {
    events::EventT event;
    event.payload.Set(std::move(payload));
    out.push_back(schema::pack(event));
  }

  ChatChunkParser parser_;
  bool open_ = false;
  std::size_t message_count_ = 0;
  std::string recorded_id_;
  std::string id_;  // what the events say; the recorded one unless that came too late
  std::string model_;
  std::string finish_reason_;
  std::optional<ChatUsage> usage_;
  std::vector<Part> parts_;
  schema::MessageFold fold_;
  std::optional<events::ErrorT> failure_;
};

ChatChunks::ChatChunks() : decoder_(std::make_unique<Decoder>()) {}
ChatChunks::ChatChunks(ChatChunks&&) noexcept = default;
ChatChunks& ChatChunks::operator=(ChatChunks&&) noexcept = default;
ChatChunks::~ChatChunks() = default;

expected<void, LineFault> ChatChunks::line(std::string_view text, std::vector<schema::EventBuffer>& out) {
  return decoder_->line(text, out);
}

void ChatChunks::finish(std::vector<schema::EventBuffer>& out) {
  decoder_->finish(out);
}

const std::optional<events::ErrorT>& ChatChunks::failure() const noexcept {
  return decoder_->failure();
}

}  // namespace ringside::agentd
