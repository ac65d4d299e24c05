// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "examples/demo/process.hpp"
#include "examples/demo/screen.hpp"
#include "examples/demo/viewer.hpp"

namespace demo {

/// A folder of our own with an agentd in it, the viewers, and the loop that shows what they see.
class Stage {
 public:
  /// `programs` holds agentd and ringside. Everything ends when `limit` is over.
  Stage(std::filesystem::path programs, std::chrono::seconds limit);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  [[nodiscard]] Screen& screen() noexcept { return screen_; }

  /// Starts agentd and waits until it answers.
  bool start_daemon();
  /// Tells it to end and returns its exit code.
  int stop_daemon();

  /// `ringside` with these words, to its end.
  [[nodiscard]] Answer ringside(const std::vector<std::string>& words) const;

  /// A viewer of the agent; shown in a column where `caption` says why it is there.
  Viewer& open(const std::string& name, const std::vector<std::string>& words, std::string_view caption = {},
               Pace pace = {}, int pipe_size = 0);

  /// Reads what viewers say and shows it until `done`, or until `limit` has passed.
  /// False if the demo's time is over, or it was interrupted.
  bool until(const std::function<bool()>& done, std::optional<std::chrono::milliseconds> limit = {});
  bool pass_time(std::chrono::milliseconds time);

 private:
  struct Seat {
    Viewer viewer;
    std::string caption;
  };

  void read_viewers();
  void show();

  std::filesystem::path programs_;
  std::filesystem::path folder_;
  std::vector<std::string> environment_;
  Clock::time_point end_;
  Screen screen_;
  std::optional<Process> daemon_;
  std::list<Seat> seats_;
};

/// Ctrl-C and SIGTERM end the demo in order.
void watch_for_interrupts();

}  // namespace demo
