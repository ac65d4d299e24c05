// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "shm/descriptor.hpp"

namespace ringside::bench {

/// Tells from outside whether the main thread of a process is asleep, so that nobody has to guess by time.
class SleepObserver {
 public:
  /// Throws std::system_error where there is no such process.
  explicit SleepObserver(pid_t pid);

  /// Whether it sleeps in the kernel now, as /proc/PID/stat has it ('S'). Throws where the process has ended.
  [[nodiscard]] bool asleep() const;

 private:
  shm::Descriptor stat_;
};

}  // namespace ringside::bench
