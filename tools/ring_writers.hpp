// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include <sys/types.h>

namespace ringside::tools {

/// Which processes have rings mapped to write into them: a living agentd has each of its own so, and a client has none.
///
/// Loss: only processes are seen whose maps /proc shows to this user; an agentd in another container or of another user
///       is not, so that nobody seen is no proof that nobody is there.
class RingWriters {
 public:
  /// Looks at all processes, once.
  RingWriters();

  /// The process that can write the file at `path`, if one was seen.
  [[nodiscard]] std::optional<pid_t> writer_of(const std::string& path) const;

 private:
  using Place = std::pair<dev_t, ino_t>;
  void look_at(pid_t process, const std::string& maps);

  std::map<Place, pid_t> writers_;
};

}  // namespace ringside::tools
