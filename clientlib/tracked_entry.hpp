// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <ringside/presence.hpp>

#include "clientlib/session.hpp"

namespace ringside::detail {

/// A presence entry of ours: what it says, and the ref that agentd gave it.
///
/// Threads: any. Of several updates at once each is carried out, one after the other.
class TrackedEntry {
 public:
  static expected<std::shared_ptr<TrackedEntry>, RequestError> track(std::shared_ptr<Session> session,
                                                                     std::string topic, std::string key,
                                                                     Meta meta);
  ~TrackedEntry();
  TrackedEntry(const TrackedEntry&) = delete;
  TrackedEntry& operator=(const TrackedEntry&) = delete;

  expected<std::uint64_t, RequestError> update(Meta meta);
  expected<void, RequestError> untrack();

  std::uint64_t ref() const;
  const std::string& topic() const noexcept { return topic_; }
  const std::string& key() const noexcept { return key_; }

  /// For the session: the request that tracks it as it is, and what came of that.
  std::uint64_t number() const noexcept { return number_; }
  control::RequestT track_request() const;
  void tracked_again(std::uint64_t ref);

 private:
  TrackedEntry(std::shared_ptr<Session> session, std::string topic, std::string key, Meta meta);

  /// Takes it out of the session's hands; true once.
  bool leave() noexcept;

  const std::shared_ptr<Session> session_;
  const std::string topic_;
  const std::string key_;
  const std::uint64_t number_;  // names it to the session's thread, which must not keep it alive
  std::mutex update_turn_;      // held while agentd answers; the session's thread never takes it
  mutable std::mutex mutex_;    // guards what follows
  Meta meta_;
  std::uint64_t ref_ = 0;
  bool there_ = true;
};

}  // namespace ringside::detail
