// SPDX-License-Identifier: Apache-2.0
//
// Who is where: the presence tables of all topics.
//
// An entry is (topic, client, key) with a meta and a ref of its own. Keys are viewers, their entries are
// windows. Who only watches has no entry, and so never counts.
//
// Threads:   One at a time. No clock is read, nothing blocks: a change comes back as the diff that tells it.
// Ordering:  Each change of a topic makes its next version, and one diff carries that version. A list of
//            version v and the diffs above v are exact; what a list saw, no later diff of a smaller
//            version tells again. Versions of a topic only grow, also over times in which nobody is there;
//            then, and only then, they may skip.
// Trust:     Keys and metas are bounded here, in bytes and in tables, so that a diff and a
//            page of a list always fit an event and a frame. Texts are taken as valid UTF-8:
//            whoever decodes them has looked.
// Progress:  A list of several pages goes on as it was begun, whatever changes meanwhile: the table is copied at its first
//            change after that, once a list. Where too many are begun before it ends, it is told that it moved.
// Memory:    Nothing is kept of a topic or a client that has no entry, except up to `presence_lists_max` tables that were
//            lists of several pages when they were begun.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agentd/client_id.hpp"
#include "agentd/expected.hpp"
#include "agentd/refusal.hpp"
#include "events_generated.h"

namespace ringside::agentd {

/// What a client says of an entry, e.g. user_name.
using PresenceValues = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t presence_key_size_max = 200;
constexpr std::size_t presence_meta_size_max = 4096;  ///< Keys and values together.
constexpr std::size_t presence_meta_pairs_max = 100;
constexpr std::size_t presence_entries_max = 16'384;  ///< Of one client; the daemon has no such bound.

/// What a diff takes when encoded, at most: it must fit a segment, and `schema::event_tables_max`.
constexpr std::size_t presence_diff_size_max = 32 * 1024;
constexpr std::size_t presence_diff_tables_max = 240;
/// What a page of a list takes when encoded, and so the windows of one key: it must fit a frame.
constexpr std::size_t presence_page_size_max = 48 * 1024;
constexpr std::size_t presence_page_tables_max = 4000;
constexpr std::size_t presence_lists_max = 4;  ///< So many are kept as they were.

/// One change of one topic: the diff to publish there, and how many keys there are now.
struct PresenceChange {
  std::string topic;
  events::PresenceDiffT diff;
  std::uint32_t viewers = 0;
};

struct Tracked {
  std::uint64_t ref = 0;
  PresenceChange change;
};

/// A part of a topic's list, sorted by key. The next part comes after the last key of this one.
struct PresencePage {
  std::uint64_t version = 0;
  std::vector<std::unique_ptr<events::PresenceEntryT>> entries;
  bool more = false;
};

class Presence {
 public:
  /// Adds an entry. Refused: `already_tracked`, `meta_too_large` (with the sizes), `bad_request` (the topic,
  /// the key, a meta's key twice), `no_slot` (a client with too many entries).
  expected<Tracked, Refusal> track(ClientId client, std::string_view topic, std::string_view key,
                                   PresenceValues meta);

  /// Replaces the meta, under a new ref with the old one beside it; the key is in both joins and leaves.
  /// Refused: `not_tracked`, and as `track`.
  expected<Tracked, Refusal> update(ClientId client, std::string_view topic, std::string_view key,
                                    PresenceValues meta);

  /// Removes the entry. What is not there is removed already: no change.
  std::optional<PresenceChange> untrack(ClientId client, std::string_view topic, std::string_view key);

  /// Removes all entries of a client that is dead, or silent for too long: one diff a topic, more only where
  /// one would not fit an event.
  std::vector<PresenceChange> client_gone(ClientId client);

  /// The keys of `topic` above `after` (empty: from the first), as many as fit a frame. With a `version`,
  /// that of the first page, as they were then; refused as `list_moved` where that is not kept any more.
  expected<PresencePage, Refusal> list(std::string_view topic, std::string_view after = {},
                                       std::optional<std::uint64_t> version = std::nullopt) const;

  /// All keys of `topic` and their version, in one piece of any size. Nothing is kept for it.
  [[nodiscard]] PresencePage all(std::string_view topic) const;

  /// How many keys `topic` has.
  [[nodiscard]] std::uint32_t viewers(std::string_view topic) const noexcept;

 private:
  struct Entry {
    ClientId client;
    std::uint64_t ref = 0;
    std::uint64_t previous_ref = 0;
    PresenceValues meta;
  };
  using Windows = std::vector<Entry>;  // of one key, in the order of their refs
  using Keys = std::map<std::string, Windows, std::less<>>;
  struct Table {
    std::uint64_t version = 0;
    std::shared_ptr<Keys> keys = std::make_shared<Keys>();  // copied before a change where a list has it
  };
  using Tables = std::map<std::string, Table, std::less<>>;
  struct Belongings {  // of one client
    std::size_t count = 0;
    std::map<std::string, std::set<std::string, std::less<>>, std::less<>> topics;
  };
  using Clients = std::map<ClientId, Belongings>;
  struct Kept {  // for the pages of lists to come
    std::string topic;
    std::uint64_t version = 0;
    std::shared_ptr<const Keys> keys;
    std::size_t lists = 0;
  };
  struct Place {  // of one entry
    Tables::iterator table;
    Keys::iterator key;
    Windows::iterator entry;
  };

  static events::PresenceEntryT tell(std::string_view key, const Entry& entry);
  static std::unique_ptr<events::PresenceEntryT> tell(const Keys::value_type& key);
  static std::optional<Refusal> check_windows(std::string_view key, const Windows& windows,
                                              const Entry* replaced, const PresenceValues& added);
  static PresencePage page_of(const Keys& keys, std::string_view after);
  /// Its keys, to be changed.
  static Keys& own(Table& table);
  void keep(std::string_view topic, const Table& table) const;
  [[nodiscard]] std::deque<Kept>::iterator find_kept(std::string_view topic, std::uint64_t version) const;
  /// For a change.
  std::optional<Place> find(ClientId client, std::string_view topic, std::string_view key);
  void remove_entry(const Place& place);
  PresenceChange make_version(Tables::iterator table, events::PresenceDiffT diff);
  void forget_if_empty(Tables::iterator table);

  Tables tables_;
  Clients clients_;
  mutable std::deque<Kept> kept_;  // the oldest first; what a list finds does not depend on it
  std::uint64_t last_ref_ = 0;
  std::uint64_t version_floor_ = 0;  // no table that is gone had a greater version
};

}  // namespace ringside::agentd
