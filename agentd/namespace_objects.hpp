// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace ringside::agentd {

/// The names of a namespace's shared-memory objects: `/ringside.<hash of the lock's real path>.<64 random bits>`.
///
/// Isolation: whoever holds the lock owns every name with its prefix, and no other.
/// Trust:     the random part makes names that nobody can take in advance; an object is only
///            ever created, never adopted.
class NamespaceObjects {
 public:
  /// Requires that the lock at `lock_real_path` is held, for as long as this is used.
  explicit NamespaceObjects(const std::filesystem::path& lock_real_path);

  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }

  /// A name that was never used.
  [[nodiscard]] std::string fresh_name() const;

  /// Removes what an earlier daemon of this namespace left behind, and says how many objects that were.
  std::size_t sweep() const;

 private:
  std::string prefix_;
};

}  // namespace ringside::agentd
