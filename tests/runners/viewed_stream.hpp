// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/event_buffer.hpp"

namespace ringside::agentd {

/// One tool call as somebody sees it.
struct ViewedCall {
  std::string id;
  std::string name;
  std::string arguments;

  friend bool operator==(const ViewedCall&, const ViewedCall&) = default;
};

/// One message as somebody sees it.
struct ViewedMessage {
  std::string text;
  std::string thinking;
  std::map<unsigned, ViewedCall> calls;

  friend bool operator==(const ViewedMessage&, const ViewedMessage&) = default;
};

/// What a viewer who only appends makes of a stream of events, apart from the code under test.
struct ViewedStream {
  std::map<std::string, ViewedMessage> folded;    ///< from llm_deltas, by message id
  std::map<std::string, ViewedMessage> complete;  ///< from llm_message
  std::map<std::string, events::MessageStatus> status;
  std::vector<std::string> identified;       ///< names, in order
  std::vector<std::string> kinds;            ///< every event, in order
  std::map<std::string, std::string> usage;  ///< of the last llm_token_usage, with "input" and "output"

  void see(const events::Event& event);
};

void PrintTo(const ViewedMessage& message, std::ostream* out);

}  // namespace ringside::agentd
