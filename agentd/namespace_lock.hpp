// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "agentd/expected.hpp"
#include "agentd/start_failure.hpp"
#include "shm/descriptor.hpp"

namespace ringside::agentd {

/// The right to be the one agentd of a namespace: a lock on a file, held for life.
///
/// Isolation: two daemons never hold the lock of one path. A file that was removed or replaced while we waited for it
///            is not the lock: what we have open and what lies under the path must be the same file.
/// Crash:     the kernel gives the lock back when the process ends, however it ends. The file stays; what it says (the
///            holder's process id) is for people.
class NamespaceLock {
 public:
  /// Refuses at once where another process holds the lock, naming it.
  [[nodiscard]] static expected<NamespaceLock, StartFailure> take(const std::filesystem::path& path);

  /// The path with no link left in it. What is named after a namespace is named after this.
  [[nodiscard]] const std::filesystem::path& real_path() const noexcept { return real_path_; }

 private:
  NamespaceLock(shm::Descriptor file, std::filesystem::path real_path)
      : file_(std::move(file)), real_path_(std::move(real_path)) {}

  shm::Descriptor file_;
  std::filesystem::path real_path_;
};

}  // namespace ringside::agentd
