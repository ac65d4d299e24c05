// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <ringside/presence.hpp>

#include "clientlib/presence_entries.hpp"

namespace ringside {
namespace {

std::string text(const flatbuffers::String* string) {
  return string == nullptr ? std::string() : string->str();
}

}  // namespace

PresenceMeta detail::to_meta(const events::PresenceMeta& window) {
  PresenceMeta made{.ref = window.ref(),
                    .previous_ref = window.previous_ref(),
                    .client_id = text(window.client_id()),
                    .meta = {},
                    .stale = false};
  if (window.meta() != nullptr) {
    for (const events::KeyValue* pair : *window.meta())
      made.meta.insert_or_assign(pair->key()->str(), text(pair->value()));
  }
  return made;
}

PresenceView::PresenceView(PresenceList list) noexcept : list_(std::move(list)) {}

void PresenceView::reset(PresenceList list) noexcept {
  list_ = std::move(list);
}

bool PresenceView::apply(const Event& event) {
  if (const auto* diff = event.as<events::PresenceDiff>()) return apply(*diff);
  const auto* snapshot = event.as<events::Snapshot>();
  return snapshot != nullptr && snapshot->presence() != nullptr && apply(*snapshot->presence());
}

bool PresenceView::apply(const events::PresenceState& snapshot) {
  list_ = {.version = snapshot.version()};
  if (snapshot.entries() != nullptr) {
    for (const events::PresenceEntry* entry : *snapshot.entries())
      join(*entry);
  }
  return true;
}

bool PresenceView::apply(const events::PresenceDiff& diff) {
  if (diff.version() <= list_.version) return false;
  // Leaves first: an update has its key in both, with the old ref here and the new one there.
  if (diff.leaves() != nullptr) {
    for (const events::PresenceEntry* entry : *diff.leaves()) {
      const auto viewer = list_.viewers.find(entry->key()->string_view());
      if (viewer == list_.viewers.end()) continue;
      for (const events::PresenceMeta* window : *entry->metas())
        std::erase_if(viewer->second,
                      [window](const PresenceMeta& have) { return have.ref == window->ref(); });
      if (viewer->second.empty()) list_.viewers.erase(viewer);
    }
  }
  if (diff.joins() != nullptr) {
    for (const events::PresenceEntry* entry : *diff.joins())
      join(*entry);
  }
  list_.version = diff.version();
  return true;
}

void PresenceView::join(const events::PresenceEntry& entry) {
  if (entry.metas()->size() == 0) return;
  std::vector<PresenceMeta>& windows = list_.viewers[entry.key()->str()];
  for (const events::PresenceMeta* window : *entry.metas())
    windows.push_back(detail::to_meta(*window));
}

}  // namespace ringside
