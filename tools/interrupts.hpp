// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ringside::tools {

/// SIGINT and SIGTERM as a descriptor to poll, so that what waits for events, a deadline or a pipe waits for
/// them too. Make it before there is a second thread: threads made later inherit what it blocks.
/// The signals stay blocked.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// Readable once a signal has come, and it stays so.
  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] bool pending() const noexcept;

 private:
  int fd_;
};

/// For commands that do not wait for them: SIGINT and SIGTERM end the process at once, with 130.
void end_when_interrupted() noexcept;

}  // namespace ringside::tools
