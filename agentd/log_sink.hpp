// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>

#include <spdlog/sinks/base_sink.h>

namespace ringside::agentd {

/// Writes log lines to a descriptor and never waits for whoever reads it.
///
/// Threads:  any; one lock, held for a few system calls that do not wait.
/// Progress: a line is written only if the descriptor takes it at once. A pipe whose reader sleeps, or a
///           journal that hangs, costs lines and never time.
/// Loss:     lines that were not taken are counted, and the count is said as soon as a line passes again. A
///           line is cut at 4096 bytes: a pipe that says it is writable takes that much.
class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// The descriptor is borrowed and stays open as long as the sink.
  explicit LogSink(int descriptor) : descriptor_(descriptor) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  bool write_line(const char* data, std::size_t size) noexcept;

  int descriptor_;
  std::size_t lost_ = 0;
};

/// Makes spdlog's default logger write to standard error through a `LogSink`: with times where a person
/// reads, and with the journal's own priorities where systemd does.
void log_to_standard_error();

}  // namespace ringside::agentd
