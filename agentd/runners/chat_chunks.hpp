// SPDX-License-Identifier: Apache-2.0
//
// Decodes the chunks that a provider streams for a chat completion: one JSON object a line, bare or as the
// `data:` lines of server-sent events.
//
// Ordering: a chunk becomes at most one llm_deltas (thinking and text are parts of their own, numbered in
//           order of appearance), then a tool_call_identified for each call whose name it brings. A message
//           ends with [DONE], with a chunk of another id, or with the source: then come its llm_message and
//           one llm_token_usage. They wait until then because usage, and with some providers content, still
//           follows the finish reason.
// Threads:  one at a time.
// Trust:    lines may hold anything. What is not understood is refused with the column and the keys found;
//           a refused line changes nothing.
// Memory:   holds one message.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agentd/expected.hpp"
#include "agentd/runners/line_fault.hpp"
#include "events_generated.h"
#include "schema/event_buffer.hpp"

namespace ringside::agentd {

class ChatChunks {
 public:
  ChatChunks();
  ChatChunks(ChatChunks&&) noexcept;
  ChatChunks& operator=(ChatChunks&&) noexcept;
  ~ChatChunks();

  /// Decodes one line without its newline and appends what it says; events carry the recorded ids and no
  /// stamp. Blank lines, comments and the other fields of server-sent events say nothing.
  expected<void, LineFault> line(std::string_view text, std::vector<schema::EventBuffer>& out);

  /// The source has ended: closes the message that is open. Without a finish reason it died in the stream.
  void finish(std::vector<schema::EventBuffer>& out);

  /// Why the stream failed, where it did: the provider's own error, or a message without a finish reason.
  [[nodiscard]] const std::optional<events::ErrorT>& failure() const noexcept;

 private:
  class Decoder;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace ringside::agentd
