// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "examples/demo/process.hpp"

namespace demo {

using Clock = std::chrono::steady_clock;

/// How fast we read what a viewer says: a viewer whose output nobody takes falls behind.
struct Pace {
  std::size_t bytes = 64 * 1024;      ///< at most so many at a time
  std::chrono::milliseconds rest{0};  ///< and then nothing for so long
};

/// One `ringside tail --json` in a process of its own, and everything that it has seen.
class Viewer {
 public:
  Viewer(std::string name, Process process, Pace pace = {});

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] Process& process() noexcept { return process_; }
  [[nodiscard]] bool gone() const noexcept { return process_.output() < 0; }

  /// Whether its output is to be looked at now, or when.
  [[nodiscard]] bool rests(Clock::time_point now) const noexcept { return now < next_read_; }
  void read(Clock::time_point now);
  void set_pace(Pace pace) noexcept;

  /// Ends it as Ctrl-C does and returns its exit code.
  int leave();

  // What it saw.
  std::uint64_t events = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t lost = 0;  ///< it was told so
  /// Each sequence was the one before plus one, or a gap said exactly which were missing.
  bool in_order = true;
  std::string thinking;    ///< folded from the deltas
  std::string text;        ///< folded from the deltas
  std::string whole_text;  ///< as the complete message has it
  bool has_message = false;
  std::string status;
  std::string shutdown_reason;
  std::uint64_t shutdowns = 0;
  std::string last_kind;
  Clock::time_point last_event_at;

 private:
  void line(std::string_view text, Clock::time_point now);

  std::string name_;
  Process process_;
  Pace pace_;
  Clock::time_point next_read_{};
  std::string unread_;
};

}  // namespace demo
