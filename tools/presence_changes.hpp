// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string_view>

#include <ringside/events_generated.h>

#include "tools/text_of.hpp"

namespace ringside::tools {

/// Calls visit(sign, key, window) for each window that a diff tells of: '+' who came, '~' who says something anew, '-'
/// who left. An update is in the diff twice, its old ref among the leaves and beside the new one; it is told once.
template <class Visit>
void each_change(const events::PresenceDiff& diff, Visit&& visit) {
  const auto each = [](const auto* entries, auto&& take) {
    if (entries == nullptr) return;
    for (const events::PresenceEntry* entry : *entries) {
      for (const events::PresenceMeta* window : *entry->metas())
        take(text_of(entry->key()), *window);
    }
  };
  std::set<std::uint64_t> left;
  each(diff.leaves(),
       [&](std::string_view, const events::PresenceMeta& window) { left.insert(window.ref()); });
  each(diff.joins(), [&](std::string_view key, const events::PresenceMeta& window) {
    visit(left.erase(window.previous_ref()) != 0 ? '~' : '+', key, window);
  });
  each(diff.leaves(), [&](std::string_view key, const events::PresenceMeta& window) {
    if (left.contains(window.ref())) visit('-', key, window);
  });
}

}  // namespace ringside::tools
