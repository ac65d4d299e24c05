// SPDX-License-Identifier: Apache-2.0
//
// Who watches: telling that we do, and seeing who does.
//
// An entry is (topic, client, key) with a meta and a ref of its own. Keys are viewers, metas are their
// windows. A topic's entries have one version; each change is told on the topic as a `presence_diff` event
// that names the version it makes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ringside/error.hpp>
#include <ringside/event.hpp>
#include <ringside/expected.hpp>

namespace ringside {

namespace detail {
class TrackedEntry;
}

/// What an entry says about itself, e.g. user_name, joined_at: at most 4 KiB in all.
using Meta = std::map<std::string, std::string, std::less<>>;

/// An entry of ours, from `Client::track`; it leaves with the handle, with the session's end, or with the
/// process. A process that was stopped for so long that agentd gave its entries up tracks them again by
/// itself when it goes on.
///
/// Threads: any, several at once.
class Tracking {
 public:
  Tracking(Tracking&&) noexcept;
  Tracking& operator=(Tracking&&) noexcept;

  /// Untracks, without waiting for the answer.
  ~Tracking();

  /// The ref that agentd gave the entry; update and tracking again change it. 0 once untracked.
  std::uint64_t ref() const noexcept;
  std::string_view topic() const noexcept;
  std::string_view key() const noexcept;

  /// Replaces the meta and returns the new ref.
  expected<std::uint64_t, RequestError> update(Meta meta);

  /// Leaves. Doing it again succeeds.
  expected<void, RequestError> untrack();

 private:
  friend class Client;
  explicit Tracking(std::shared_ptr<detail::TrackedEntry> entry) noexcept;

  std::shared_ptr<detail::TrackedEntry> entry_;
};

/// One window of a viewer.
struct PresenceMeta {
  std::uint64_t ref = 0;
  std::uint64_t previous_ref = 0;  ///< the ref before the last update; 0: none
  std::string client_id = {};      ///< whose: compare with `Client::client_id`
  Meta meta = {};

  /// Its client does not move its heartbeat: it hangs, or the machine does, and it counts as a viewer until agentd gives it
  /// up. Said by a list, of that moment; no diff tells of it.
  bool stale = false;
};

/// Everybody on a topic, as of one version: key -> metas.
struct PresenceList {
  std::uint64_t version = 0;
  std::map<std::string, std::vector<PresenceMeta>, std::less<>> viewers = {};
};

/// Follows a topic's presence exactly: subscribe, then list, then apply every diff that comes. A subscription that begins
/// with a `snapshot` needs no list: the snapshot is one.
///
///     auto sub = client.subscribe(topic);
///     PresenceView view(client.presence_list(topic).value());
///     sub->poll([&](const Event& event) { view.apply(event); });
///
/// After a gap of the subscription the view is no longer exact, until a snapshot follows or it is `reset` to a new list.
/// Threads: one at a time.
class PresenceView {
 public:
  PresenceView() = default;
  explicit PresenceView(PresenceList list) noexcept;

  void reset(PresenceList list) noexcept;

  /// Takes a diff in, or what a snapshot says in place of all before, and returns true; a diff that the list
  /// includes already, and an event that tells nothing of presence, change nothing and return false.
  bool apply(const Event& event);
  bool apply(const events::PresenceDiff& diff);
  bool apply(const events::PresenceState& snapshot);

  /// The version of the last change taken in.
  std::uint64_t version() const noexcept { return list_.version; }

  /// key -> metas; a key is there for as long as it has a meta.
  const std::map<std::string, std::vector<PresenceMeta>, std::less<>>& viewers() const noexcept {
    return list_.viewers;
  }

 private:
  void join(const events::PresenceEntry& entry);

  PresenceList list_;
};

}  // namespace ringside
