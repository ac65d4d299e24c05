// SPDX-License-Identifier: Apache-2.0
//
// The table of one presence topic as the fold of its `presence_diff` events.
//
// A diff whose version is not above the table's is ignored. Leaves come first: an update has its key in both, with the
// old ref among the leaves. A key is gone with its last entry.
//
// Threads: one at a time.
// Trust:   events that have passed `check_event`.
// Memory:  as much as the table has, which whoever publishes the diffs bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "events_generated.h"

namespace ringside::schema {

class PresenceFold {
 public:
  /// By key; the metas of a key by ref.
  using Entries = std::map<std::string, std::vector<events::PresenceMetaT>, std::less<>>;

  void apply(const events::PresenceDiff& diff);

  /// The table of which `encode` made this; nullptr is the empty one of version 0.
  void restore(const events::PresenceState* state);
  /// One table has one encoding.
  flatbuffers::Offset<events::PresenceState> encode(flatbuffers::FlatBufferBuilder& builder) const;

  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
  [[nodiscard]] const Entries& entries() const noexcept { return entries_; }
  /// About what `encode` needs.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  void join(const events::PresenceEntry& entry);
  void leave(const events::PresenceEntry& entry);

  std::uint64_t version_ = 0;
  Entries entries_;
  std::size_t size_ = 0;
};

}  // namespace ringside::schema
