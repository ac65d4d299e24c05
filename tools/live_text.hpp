// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <ringside/agent_view.hpp>
#include <ringside/events_generated.h>
#include <ringside/presence.hpp>

#include "tools/live_calls.hpp"
#include "tools/screen.hpp"

namespace ringside::tools {

/// The stream of one topic as a person reads it: text that grows, thinking apart from it, a note for everything else. It
/// only ever appends; a repeated or late piece of a message never moves what is already on the screen.
class LiveText {
 public:
  /// `agent`: whose topic it is, and whose viewers the presence events tell of that are shown beside it; empty: nobody's.
  explicit LiveText(Palette palette, std::string agent = {});
  LiveText(const LiveText&) = delete;
  LiveText& operator=(const LiveText&) = delete;

  void event(std::string& out, const events::Event& event);
  void gap(std::string& out, std::uint64_t first, std::uint64_t count);

  /// For what else there is to say.
  [[nodiscard]] Screen& screen() noexcept { return screen_; }

 private:
  /// What is on the screen of a message that is not complete.
  struct Shown {
    std::string text;
    std::string thinking;
    std::size_t calls = 0;
  };

  Shown& turn_to(std::string& out, std::string_view message_id);
  void delta(std::string& out, const events::MessageDelta& delta);
  void part(std::string& out, Shown& shown, events::ContentType type, std::string_view content);
  void message(std::string& out, const events::Message& message);
  void finish(std::string& out, const events::Message& message);
  void status(std::string& out, const events::StatusChanged& change);
  void snapshot(std::string& out, const events::Event& event);
  void message_so_far(std::string& out, const MessageInFlight& message);
  void present(std::string& out, const events::PresenceState& state);
  void viewers(std::string& out, const events::PresenceDiff& diff);
  void other(std::string& out, const events::Event& event);
  void forget();

  Screen screen_;
  LiveCalls calls_{screen_};
  std::string agent_;
  std::map<std::string, Shown, std::less<>> messages_;  // by id
  std::string message_id_;                              // of the message that grew last
  PresenceView viewers_;
};

}  // namespace ringside::tools
