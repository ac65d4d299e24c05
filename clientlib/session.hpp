// SPDX-License-Identifier: Apache-2.0
//
// One session with one agentd: what the client and everything made from it share.
//
// Threads   any, except where a function says otherwise. The background thread beats and tracks again.
// Progress  nothing waits but ask (bounded) and wait (as told).
// Crash     the kernel closes socket and doorbell; agentd needs nothing else.
// Fork      a session is leaked in a child, not destroyed: its mappings are not there, its thread neither.
// Memory    one page of the session, one of the fork mark, one thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <type_traits>
#include <utility>

#include <ringside/client.hpp>

#include "clientlib/answer.hpp"
#include "clientlib/connection.hpp"
#include "clientlib/fork_mark.hpp"
#include "clientlib/greeting.hpp"
#include "clientlib/waiting.hpp"
#include "shm/session_page.hpp"

namespace ringside::detail {

class SubscriptionCore;
class TrackedEntry;

class Session {
 public:
  static expected<std::shared_ptr<Session>, ConnectError> open(ConnectOptions options);

  bool forked() const noexcept { return mark_.forked(); }
  bool gone() const noexcept { return connection_.gone(); }

  /// Ask and tell as `Connection` has them, and `forked` in a child.
  expected<Answer, RequestError> ask(control::RequestT request, Connection::Undo undo = {});
  void tell(control::RequestT request);

  /// Asks and takes the body out: for answers whose frame is not needed any more afterwards.
  template <class Body, class Take>
  auto ask_for(control::RequestT request, Take&& take, Connection::Undo undo = {})
      -> expected<std::invoke_result_t<Take, const Body&>, RequestError> {
    const auto answer = ask(std::move(request), std::move(undo));
    if (!answer) return unexpected(answer.error());
    const auto body = body_of<Body>(*answer->reply);
    if (!body) return unexpected(body.error());
    return take(**body);
  }
  expected<void, RequestError> ask_ok(control::RequestT request);

  const Greeted& facts() const noexcept { return facts_; }
  Connection& connection() noexcept { return connection_; }
  Waiting& waiting() noexcept { return waiting_; }

  /// The subscriptions that Client::wait and Client::arm look at.
  void add(SubscriptionCore* subscription);
  void remove(SubscriptionCore* subscription) noexcept;
  /// Requires that no other thread uses a subscription.
  bool any_news();

  /// How often this process was stopped for so long that agentd may have given its entries up.
  std::uint64_t stops() const noexcept {
    // relaxed: the one who compares also registers under the lock, which orders it.
    return stops_.load(std::memory_order::relaxed);
  }

  /// The entries that are tracked again after this process was stopped for long.
  void add(TrackedEntry* entry);
  void remove(TrackedEntry* entry) noexcept;

 private:
  Session(ForkMark mark, Greeted greeted, std::chrono::milliseconds request_timeout);

  void beat();
  void track_again();

  ForkMark mark_;
  Greeted facts_;                                    // without the channel, which the connection has
  std::chrono::steady_clock::time_point beaten_at_;  // the background thread's

  std::atomic<std::uint64_t> stops_{0};

  std::mutex mutex_;  // guards what follows
  std::set<SubscriptionCore*> subscriptions_;
  std::map<std::uint64_t, TrackedEntry*> tracked_;

  Connection connection_;  // after what its thread uses
  Waiting waiting_;
};

}  // namespace ringside::detail
