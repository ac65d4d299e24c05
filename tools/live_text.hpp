// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <ringside/events_generated.h>

#include "tools/style.hpp"

namespace ringside::tools {

/// The stream of one topic as a person reads it: text that grows, thinking apart from it, a line
/// for everything else. It only ever appends; a repeated or late piece of a message never moves
/// what is already on the screen.
class LiveText {
 public:
  explicit LiveText(Palette palette) : palette_(palette) {}

  void event(std::string& out, const events::Event& event);
  void gap(std::string& out, std::uint64_t first, std::uint64_t count);
  /// A line of our own, such as `waiting for the agent`.
  void note(std::string& out, std::string_view text, Style style = Style::note);
  /// Ends the line that is being written, if there is one.
  void end_line(std::string& out);

 private:
  enum class Section { none, thinking, text, tool };

  void write(std::string& out, std::string_view text, Style style);
  void enter(std::string& out, Section section);
  void delta(std::string& out, const events::MessageDelta& delta);
  void part(std::string& out, const events::ContentPart& part);
  void fragment(std::string& out, const events::ToolCall& call);
  void name_call(std::string& out, const events::ToolCall& call);
  void snapshot(std::string& out, const events::Snapshot& snapshot);
  void open_message(std::string& out, const events::OpenMessage& message);
  void message(std::string& out, const events::Message& message);
  void whole(std::string& out, const events::Message& message);
  void status(std::string& out, const events::StatusChanged& change);
  void other(std::string& out, const events::Event& event);

  Palette palette_;
  bool at_line_start_ = true;
  Section section_ = Section::none;
  std::string message_id_;        // of the message that is on the screen, growing
  std::string shown_text_;        // of it
  std::string shown_thinking_;    // of it
  bool call_named_ = false;       // a call's line has been opened
  std::uint32_t call_index_ = 0;  // which
};

}  // namespace ringside::tools
