// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measured_child.hpp"

namespace ringside::bench {

/// A peer's own daemon, started for this run of the program and ended with it. It may use every core of the run.
class PeerDaemon {
 public:
  /// Starts `arguments` (the program first, searched in PATH), with its output in `log`.
  PeerDaemon(std::vector<std::string> arguments, const std::vector<int>& cores, std::filesystem::path log);
  /// SIGTERM, then waits for its end.
  ~PeerDaemon();
  PeerDaemon(const PeerDaemon&) = delete;
  PeerDaemon& operator=(const PeerDaemon&) = delete;

  /// Throws std::runtime_error, with `advice` and the last line of its log, if it has ended by itself.
  void must_run(std::string_view advice);

  /// Whether a line of its log is this.
  [[nodiscard]] bool has_said(std::string_view words) const;

 private:
  std::filesystem::path log_;
  std::string program_;
  std::optional<MeasuredChild> child_;
};

}  // namespace ringside::bench
