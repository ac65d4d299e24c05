// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <ringside/agent_view.hpp>
#include <ringside/events_generated.h>

#include "tools/screen.hpp"

namespace ringside::tools {

/// The tool calls of a topic on a screen: each one's name and arguments as they are streamed, that it runs, and its
/// result. What is told of a call twice, such as a result by an event and by a message, is shown once.
class LiveCalls {
 public:
  explicit LiveCalls(Screen& screen) : screen_(screen) {}

  /// A call, or a fragment of one.
  void fragment(std::string& out, const events::ToolCall& call);
  void fragment(std::string& out, const events::ToolCallT& call);
  void result(std::string& out, const events::ToolResult& result);
  /// False if the event is none of a tool call.
  bool event(std::string& out, const events::Event& event);
  /// One that is open already.
  void open(std::string& out, const OpenToolCall& call);

  /// Other calls than before have the same indexes: another message has begun.
  void begin_message() { named_ = false; }
  /// No call is open any more.
  void forget();

 private:
  struct Shown {
    std::string name;
    bool arguments = false;
    bool result = false;
  };
  struct Piece {
    std::uint32_t index;
    std::string_view call_id;
    std::string_view name;
    std::string_view arguments;
  };
  static Piece piece_of(const events::ToolCall& call);

  void name(std::string& out, const Piece& call);
  void add(std::string& out, const Piece& call);
  void started(std::string& out, const events::ToolCall& call);
  void ended(std::string& out, std::string_view call_id, std::string_view how, Style style);
  Shown& shown(std::string_view call_id);
  [[nodiscard]] std::string name_of(std::string_view call_id) const;

  Screen& screen_;
  std::map<std::string, Shown, std::less<>> calls_;  // by id
  bool named_ = false;                               // the line of a call has been begun:
  std::uint32_t index_ = 0;                          // of this one,
  std::string id_;                                   // with this id, if it is known
};

}  // namespace ringside::tools
