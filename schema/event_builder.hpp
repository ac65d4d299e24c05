// SPDX-License-Identifier: Apache-2.0
//
// Encodes the events that are written often, without the object API in between.
//
// Threads: one builder a thread at a time; it keeps its scratch memory between events.
// Memory:  one allocation an event, for the buffer that is returned.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "schema/event_buffer.hpp"

namespace ringside::schema {

/// What one chunk of a stream adds to one tool call. Views need to live as long as the call that takes them.
struct ToolCallFragment {
  std::uint32_t index = 0;
  std::string_view call_id;    ///< empty: not known (any more)
  std::string_view name;       ///< empty: not known, or said before
  std::string_view arguments;  ///< a piece of JSON text, may be empty
};

/// An error with views instead of strings; empty `type` and `detail` are absent.
struct ErrorView {
  std::string_view message;
  std::string_view type;
  std::string_view detail;
};

class EventBuilder {
 public:
  EventBuilder();

  EventBuffer text_delta(Stamp stamp, std::string_view message_id, std::uint32_t part_index,
                         std::string_view text);
  EventBuffer thinking_delta(Stamp stamp, std::string_view message_id, std::uint32_t part_index,
                             std::string_view text);
  EventBuffer tool_call_delta(Stamp stamp, std::string_view message_id, const ToolCallFragment& fragment);

  EventBuffer status_changed(Stamp stamp, events::AgentStatus status,
                             std::optional<ErrorView> error = std::nullopt);

  /// `llm_message` of role user with one text part.
  EventBuffer user_message(Stamp stamp, std::string_view message_id, std::string_view text);

  EventBuffer tool_execution_cancelled(Stamp stamp, std::string_view call_id,
                                       std::string_view display_text = {});
  EventBuffer tool_execution_failed(Stamp stamp, std::string_view call_id, const ErrorView& error);
  EventBuffer chain_error(Stamp stamp, const ErrorView& error);
  EventBuffer agent_shutdown(Stamp stamp, const events::AgentShutdownT& shutdown);

 private:
  template <class Table>
  EventBuffer finish(Stamp stamp, flatbuffers::Offset<Table> payload);
  EventBuffer delta(Stamp stamp, flatbuffers::Offset<events::MessageDelta> delta);
  flatbuffers::Offset<flatbuffers::String> text(std::string_view text);
  flatbuffers::Offset<flatbuffers::String> optional_text(std::string_view text);
  flatbuffers::Offset<events::Error> error(const ErrorView& error);

  flatbuffers::FlatBufferBuilder builder_;
};

}  // namespace ringside::schema
