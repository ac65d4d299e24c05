// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agentd/expected.hpp"
#include "agentd/runners/line_fault.hpp"
#include "events_generated.h"

namespace ringside::agentd {

/// What one chunk brings to one tool call; empty is not said here.
struct ChatToolFragment {
  std::uint32_t index = 0;
  std::string call_id;
  std::string name;
  std::string arguments;
};

/// The counters of one model call. `extras` are all of the provider's own but the first two, by dotted names.
struct ChatUsage {
  std::optional<std::uint64_t> input;
  std::optional<std::uint64_t> output;
  std::vector<std::pair<std::string, std::string>> extras;
};

/// One chunk of a chat completion, taken apart; empty is not said here.
struct ChatChunk {
  std::string id;
  std::string model;
  std::string text;
  std::string thinking;
  std::string refusal;
  std::vector<ChatToolFragment> tool_calls;
  std::string finish_reason;
  std::optional<ChatUsage> usage;
  std::optional<events::ErrorT> error;  ///< the provider's own, in place of a chunk
};

/// Takes one JSON object apart: strictly where a mistake would lose or mix content (several choices,
/// content that is not text), leniently where providers differ (absent fields, `reasoning` or
/// `reasoning_content`, foreign keys). Other streaming formats are refused by their names.
class ChatChunkParser {
 public:
  ChatChunkParser();
  ChatChunkParser(ChatChunkParser&&) noexcept;
  ChatChunkParser& operator=(ChatChunkParser&&) noexcept;
  ~ChatChunkParser();

  expected<ChatChunk, LineFault> parse(std::string_view json);

 private:
  class Document;
  std::unique_ptr<Document> document_;
};

}  // namespace ringside::agentd
