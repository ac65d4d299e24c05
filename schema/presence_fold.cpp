// SPDX-License-Identifier: Apache-2.0
#include "schema/presence_fold.hpp"

#include <algorithm>

#include "schema/text_view.hpp"

namespace ringside::schema {
namespace {

constexpr std::size_t table_overhead = 64;

std::size_t size_of(const events::PresenceMetaT& meta) {
  std::size_t size = table_overhead + meta.client_id.size();
  for (const auto& pair : meta.meta)
    size += table_overhead + pair->key.size() + pair->value.size();
  return size;
}

}  // namespace

void PresenceFold::apply(const events::PresenceDiff& diff) {
  if (diff.version() <= version_) return;
  version_ = diff.version();
  if (diff.leaves() != nullptr) {
    for (const events::PresenceEntry* entry : *diff.leaves())
      leave(*entry);
  }
  if (diff.joins() != nullptr) {
    for (const events::PresenceEntry* entry : *diff.joins())
      join(*entry);
  }
}

void PresenceFold::restore(const events::PresenceState* state) {
  *this = PresenceFold();
  if (state == nullptr) return;
  version_ = state->version();
  if (state->entries() == nullptr) return;
  for (const events::PresenceEntry* entry : *state->entries())
    join(*entry);
}

void PresenceFold::join(const events::PresenceEntry& entry) {
  if (entry.metas()->size() == 0) return;
  auto& metas = entries_[entry.key()->str()];
  if (metas.empty()) size_ += table_overhead + entry.key()->size();
  for (const events::PresenceMeta* told : *entry.metas()) {
    auto place = std::ranges::lower_bound(metas, told->ref(), {}, &events::PresenceMetaT::ref);
    if (place == metas.end() || place->ref != told->ref()) {
      place = metas.emplace(place);
    } else {
      size_ -= size_of(*place);
    }
    *place = events::PresenceMetaT();
    told->UnPackTo(&*place);
    size_ += size_of(*place);
  }
}

void PresenceFold::leave(const events::PresenceEntry& entry) {
  const auto known = entries_.find(text_view(entry.key()));
  if (known == entries_.end()) return;
  auto& metas = known->second;
  for (const events::PresenceMeta* told : *entry.metas()) {
    const auto gone = std::ranges::find(metas, told->ref(), &events::PresenceMetaT::ref);
    if (gone == metas.end()) continue;
    size_ -= size_of(*gone);
    metas.erase(gone);
  }
  if (!metas.empty()) return;
  size_ -= table_overhead + known->first.size();
  entries_.erase(known);
}

flatbuffers::Offset<events::PresenceState> PresenceFold::encode(
    flatbuffers::FlatBufferBuilder& builder) const {
  std::vector<flatbuffers::Offset<events::PresenceEntry>> entries;
  entries.reserve(entries_.size());
  std::vector<flatbuffers::Offset<events::PresenceMeta>> metas;
  for (const auto& [key, windows] : entries_) {
    metas.clear();
    for (const events::PresenceMetaT& window : windows)
      metas.push_back(events::PresenceMeta::Pack(builder, &window));
    const auto vector = builder.CreateVector(metas);
    entries.push_back(events::CreatePresenceEntry(builder, builder.CreateString(key), vector));
  }
  const auto vector =
      entries.empty() ? flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<events::PresenceEntry>>>()
                      : builder.CreateVector(entries);
  return events::CreatePresenceState(builder, version_, vector);
}

}  // namespace ringside::schema
