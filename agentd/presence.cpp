// SPDX-License-Identifier: Apache-2.0
#include "agentd/presence.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "schema/topic_name.hpp"

namespace ringside::agentd {
namespace {

using control::ErrorCode;

/// What something takes when encoded, at most.
struct Encoded {
  std::size_t size = 0;
  std::size_t tables = 0;

  Encoded& operator+=(Encoded other) noexcept {
    size += other.size;
    tables += other.tables;
    return *this;
  }
  [[nodiscard]] bool fits(std::size_t size_max, std::size_t tables_max) const noexcept {
    return size <= size_max && tables <= tables_max;
  }
};

// Tables, lengths, offsets, terminators and padding; texts are added to it.
constexpr std::size_t pair_overhead = 48;
constexpr std::size_t meta_overhead = 112;
constexpr std::size_t entry_overhead = 64;

Encoded encoded_meta(const PresenceValues& meta) noexcept {
  Encoded encoded{.size = meta_overhead, .tables = 1 + meta.size()};
  for (const auto& [name, value] : meta)
    encoded.size += pair_overhead + name.size() + value.size();
  return encoded;
}

Encoded encoded_key(std::string_view key) noexcept {
  return {.size = entry_overhead + key.size(), .tables = 1};
}

// The largest update, which tells its entry twice, fits a diff: no single change is
// ever refused for its size.
static_assert(2 * (presence_meta_size_max + presence_meta_pairs_max * pair_overhead + meta_overhead +
                   entry_overhead + presence_key_size_max) <=
              presence_diff_size_max);
static_assert(2 * (presence_meta_pairs_max + 2) <= presence_diff_tables_max);

std::optional<Refusal> check_names(std::string_view topic, std::string_view key) {
  if (!schema::valid_topic_name(topic)) {
    return Refusal{ErrorCode::bad_request,
                   fmt::format("a topic name is 1 to {} bytes of UTF-8 without NUL; this one has {}",
                               schema::topic_name_size_max, topic.size())};
  }
  if (key.empty() || key.size() > presence_key_size_max || key.find('\0') != std::string_view::npos) {
    return Refusal{ErrorCode::bad_request,
                   fmt::format("a presence key is 1 to {} bytes of UTF-8 without NUL; this one has {}",
                               presence_key_size_max, key.size())};
  }
  return std::nullopt;
}

/// Sorts `meta` as it is told, and refuses what is no meta.
std::optional<Refusal> check_meta(PresenceValues& meta) {
  std::size_t size = 0;
  for (const auto& [name, value] : meta)
    size += name.size() + value.size();
  if (size > presence_meta_size_max || meta.size() > presence_meta_pairs_max) {
    return Refusal{ErrorCode::meta_too_large,
                   fmt::format("the meta has {} bytes in {} pairs; at most {} bytes in {} pairs are kept",
                               size, meta.size(), presence_meta_size_max, presence_meta_pairs_max)};
  }
  std::sort(meta.begin(), meta.end());
  const auto twice = std::adjacent_find(meta.begin(), meta.end(), [](const auto& left, const auto& right) {
    return left.first == right.first;
  });
  if (twice != meta.end()) {
    return Refusal{ErrorCode::bad_request, fmt::format("the meta has \"{}\" twice", twice->first)};
  }
  return std::nullopt;
}

std::unique_ptr<events::PresenceEntryT> boxed(events::PresenceEntryT entry) {
  return std::make_unique<events::PresenceEntryT>(std::move(entry));
}

}  // namespace

expected<Tracked, Refusal> Presence::track(ClientId client, std::string_view topic, std::string_view key,
                                           PresenceValues meta) {
  if (auto refusal = check_names(topic, key)) return unexpected(*std::move(refusal));
  if (auto refusal = check_meta(meta)) return unexpected(*std::move(refusal));
  if (find(client, topic, key)) {
    return unexpected(
        Refusal{ErrorCode::already_tracked,
                fmt::format("this client tracks \"{}\" on \"{}\" already; update it, or untrack it first",
                            key, topic)});
  }
  const auto owner = clients_.find(client);
  if (owner != clients_.end() && client != daemon_client && owner->second.count >= presence_entries_max) {
    return unexpected(Refusal{
        ErrorCode::no_slot,
        fmt::format("this client tracks {} entries already; untrack some first", presence_entries_max)});
  }
  if (const auto table = tables_.find(topic); table != tables_.end()) {
    const Keys& keys = *table->second.keys;
    if (const auto windows = keys.find(key); windows != keys.end()) {
      if (auto refusal = check_windows(key, windows->second, nullptr, meta)) {
        return unexpected(*std::move(refusal));
      }
    }
  }

  const auto [table, is_new] = tables_.try_emplace(std::string(topic));
  if (is_new) table->second.version = version_floor_;
  Windows& windows = own(table->second)[std::string(key)];
  windows.push_back({.client = client, .ref = ++last_ref_, .previous_ref = 0, .meta = std::move(meta)});
  Belongings& belongings = clients_[client];
  belongings.topics[std::string(topic)].emplace(key);
  ++belongings.count;

  events::PresenceDiffT diff;
  diff.joins.push_back(boxed(tell(key, windows.back())));
  return Tracked{.ref = last_ref_, .change = make_version(table, std::move(diff))};
}

expected<Tracked, Refusal> Presence::update(ClientId client, std::string_view topic, std::string_view key,
                                            PresenceValues meta) {
  if (auto refusal = check_names(topic, key)) return unexpected(*std::move(refusal));
  if (auto refusal = check_meta(meta)) return unexpected(*std::move(refusal));
  const auto place = find(client, topic, key);
  if (!place) {
    return unexpected(
        Refusal{ErrorCode::not_tracked,
                fmt::format("this client does not track \"{}\" on \"{}\"; track it first", key, topic)});
  }
  Windows& windows = place->key->second;
  if (auto refusal = check_windows(key, windows, &*place->entry, meta))
    return unexpected(*std::move(refusal));

  events::PresenceDiffT diff;
  diff.leaves.push_back(boxed(tell(key, *place->entry)));
  Entry updated{
      .client = client, .ref = ++last_ref_, .previous_ref = place->entry->ref, .meta = std::move(meta)};
  windows.erase(place->entry);
  windows.push_back(std::move(updated));
  diff.joins.push_back(boxed(tell(key, windows.back())));
  return Tracked{.ref = last_ref_, .change = make_version(place->table, std::move(diff))};
}

std::optional<PresenceChange> Presence::untrack(ClientId client, std::string_view topic,
                                                std::string_view key) {
  const auto place = find(client, topic, key);
  if (!place) return std::nullopt;
  events::PresenceDiffT diff;
  diff.leaves.push_back(boxed(tell(key, *place->entry)));

  const auto owner = clients_.find(client);
  const auto keys = owner->second.topics.find(topic);
  keys->second.erase(keys->second.find(key));
  if (keys->second.empty()) owner->second.topics.erase(keys);
  if (--owner->second.count == 0) clients_.erase(owner);

  remove_entry(*place);
  PresenceChange change = make_version(place->table, std::move(diff));
  forget_if_empty(place->table);
  return change;
}

std::vector<PresenceChange> Presence::client_gone(ClientId client) {
  std::vector<PresenceChange> changes;
  const auto owner = clients_.extract(client);
  if (owner.empty()) return changes;
  for (const auto& [topic, keys] : owner.mapped().topics) {
    const auto table = tables_.find(topic);
    events::PresenceDiffT diff;
    Encoded diff_size;
    for (const std::string& key : keys) {
      const auto place = find(client, topic, key);
      Encoded entry_size = encoded_key(key);
      entry_size += encoded_meta(place->entry->meta);
      diff_size += entry_size;
      if (!diff_size.fits(presence_diff_size_max, presence_diff_tables_max)) {
        changes.push_back(make_version(table, std::exchange(diff, {})));
        diff_size = entry_size;
      }
      diff.leaves.push_back(boxed(tell(key, *place->entry)));
      remove_entry(*place);
    }
    changes.push_back(make_version(table, std::move(diff)));
    forget_if_empty(table);
  }
  return changes;
}

expected<PresencePage, Refusal> Presence::list(std::string_view topic, std::string_view after,
                                               std::optional<std::uint64_t> version) const {
  const auto table = tables_.find(topic);
  const std::uint64_t current = table == tables_.end() ? version_floor_ : table->second.version;
  PresencePage page;
  if (version) {
    const auto kept = find_kept(topic, *version);
    if (kept != kept_.end()) {
      page = page_of(*kept->keys, after);
      if (!page.more && --kept->lists == 0) kept_.erase(kept);
    } else if (*version == current) {
      if (table != tables_.end()) page = page_of(*table->second.keys, after);
    } else {
      return unexpected(
          Refusal{ErrorCode::list_moved,
                  fmt::format("the list of \"{}\" was at version {} and is at {} now; begin it anew", topic,
                              *version, current)});
    }
    page.version = *version;
    return page;
  }
  if (table != tables_.end()) page = page_of(*table->second.keys, after);
  if (page.more) keep(topic, table->second);
  page.version = current;
  return page;
}

PresencePage Presence::page_of(const Keys& keys, std::string_view after) {
  PresencePage page;
  Encoded page_size;
  for (auto key = after.empty() ? keys.begin() : keys.upper_bound(after); key != keys.end(); ++key) {
    page_size += encoded_key(key->first);
    for (const Entry& entry : key->second)
      page_size += encoded_meta(entry.meta);
    if (!page.entries.empty() && !page_size.fits(presence_page_size_max, presence_page_tables_max)) {
      page.more = true;
      break;
    }
    page.entries.push_back(tell(*key));
  }
  return page;
}

PresencePage Presence::all(std::string_view topic) const {
  const auto table = tables_.find(topic);
  PresencePage whole;
  whole.version = table == tables_.end() ? version_floor_ : table->second.version;
  if (table == tables_.end()) return whole;
  whole.entries.reserve(table->second.keys->size());
  for (const auto& key : *table->second.keys)
    whole.entries.push_back(tell(key));
  return whole;
}

std::uint32_t Presence::viewers(std::string_view topic) const noexcept {
  const auto table = tables_.find(topic);
  return table == tables_.end() ? 0 : static_cast<std::uint32_t>(table->second.keys->size());
}

Presence::Keys& Presence::own(Table& table) {
  if (table.keys.use_count() > 1) table.keys = std::make_shared<Keys>(*table.keys);
  return *table.keys;
}

void Presence::keep(std::string_view topic, const Table& table) const {
  if (const auto kept = find_kept(topic, table.version); kept != kept_.end()) {
    ++kept->lists;
    return;
  }
  if (kept_.size() == presence_lists_max) kept_.pop_front();
  kept_.push_back({std::string(topic), table.version, table.keys, 1});
}

std::deque<Presence::Kept>::iterator Presence::find_kept(std::string_view topic,
                                                         std::uint64_t version) const {
  return std::find_if(kept_.begin(), kept_.end(),
                      [&](const Kept& kept) { return kept.version == version && kept.topic == topic; });
}

/// The key with this one of its windows.
events::PresenceEntryT Presence::tell(std::string_view key, const Entry& entry) {
  auto told = std::make_unique<events::PresenceMetaT>();
  told->ref = entry.ref;
  told->previous_ref = entry.previous_ref;
  told->client_id = to_string(entry.client);
  for (const auto& [name, value] : entry.meta) {
    auto pair = std::make_unique<events::KeyValueT>();
    pair->key = name;
    pair->value = value;
    told->meta.push_back(std::move(pair));
  }
  events::PresenceEntryT telling;
  telling.key = key;
  telling.metas.push_back(std::move(told));
  return telling;
}

/// The key with all its windows.
std::unique_ptr<events::PresenceEntryT> Presence::tell(const Keys::value_type& key) {
  auto told = std::make_unique<events::PresenceEntryT>();
  told->key = key.first;
  for (const Entry& entry : key.second)
    told->metas.push_back(std::move(tell(key.first, entry).metas.front()));
  return told;
}

/// Whether the windows of one key still fit a page of a list once `added` takes the place of `replaced`.
std::optional<Refusal> Presence::check_windows(std::string_view key, const Windows& windows,
                                               const Entry* replaced, const PresenceValues& added) {
  Encoded encoded = encoded_key(key);
  encoded += encoded_meta(added);
  for (const Entry& entry : windows) {
    if (&entry != replaced) encoded += encoded_meta(entry.meta);
  }
  if (encoded.fits(presence_page_size_max, presence_page_tables_max)) return std::nullopt;
  return Refusal{
      ErrorCode::meta_too_large,
      fmt::format("the {} windows of \"{}\" would have metas of {} bytes together; at most {} are kept",
                  windows.size() + (replaced == nullptr ? 1 : 0), key, encoded.size, presence_page_size_max)};
}

std::optional<Presence::Place> Presence::find(ClientId client, std::string_view topic, std::string_view key) {
  const auto table = tables_.find(topic);
  if (table == tables_.end()) return std::nullopt;
  const auto is_its = [&](const Entry& window) { return window.client == client; };
  const auto found = table->second.keys->find(key);
  if (found == table->second.keys->end() || std::ranges::none_of(found->second, is_its)) return std::nullopt;
  const auto windows = own(table->second).find(key);
  return Place{.table = table, .key = windows, .entry = std::ranges::find_if(windows->second, is_its)};
}

/// The key goes with its last window.
void Presence::remove_entry(const Place& place) {
  Windows& windows = place.key->second;
  windows.erase(place.entry);
  if (windows.empty()) place.table->second.keys->erase(place.key);
}

PresenceChange Presence::make_version(Tables::iterator table, events::PresenceDiffT diff) {
  diff.version = ++table->second.version;
  return {.topic = table->first, .diff = std::move(diff), .viewers = viewers(table->first)};
}

void Presence::forget_if_empty(Tables::iterator table) {
  if (!table->second.keys->empty()) return;
  version_floor_ = std::max(version_floor_, table->second.version);
  tables_.erase(table);
}

}  // namespace ringside::agentd
