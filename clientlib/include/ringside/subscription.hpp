// SPDX-License-Identifier: Apache-2.0
//
// Following one topic.
//
// Threads    one thread at a time uses a subscription; different subscriptions of one client may be polled by
//            different threads at once. Of all threads of one client, one waits at a time.
// Progress   poll never waits, locks, allocates or calls the system, whatever agentd and other readers do.
// Ordering   the topic's one order: ascending sequences, each event once.
//            A handler sees a gap before what follows it.
// Loss       a reader that is overrun is told exactly which events it missed, and goes on with a snapshot of the
//            state, if it began with one, else at the oldest event that is left. A reliable one is not overrun until it is
//            told that it is reliable no more.
// Crash      what was published before agentd died can still be read; then every call says `daemon_gone`.
// Trust      bounds come from the ring's own checked geometry. agentd, the ring's only writer, has verified
//            each event before publishing it; `SubscribeOptions::verify` verifies each again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <string_view>
#include <type_traits>

#include <ringside/error.hpp>
#include <ringside/event.hpp>
#include <ringside/expected.hpp>

namespace ringside {

namespace detail {
class SubscriptionCore;
}
class SubscriptionSet;

/// Where a subscription starts.
enum class From : std::uint8_t {
  latest,    ///< with the next event: whatever is published once the call has returned is seen
  oldest,    ///< with the oldest event that the ring still has
  sequence,  ///< with `SubscribeOptions::sequence`; what is no longer there is told as a gap
  /// With the state so far, a snapshot, and then with the next event; on topics without a state as `latest`. Who first reads
  /// when the snapshot has been overrun already is given the last one, or where there is none the events alone, and the
  /// state with the next snapshot.
  keyframe,
};

struct SubscribeOptions {
  /// Refused as `keyframe_unavailable` where the snapshot is larger than an event of the topic may be, and where agentd
  /// finds no shared memory for it: `latest` and `oldest` need none.
  From from = From::keyframe;
  std::uint64_t sequence = 0;

  /// Read by copying each event out of the ring: takes no slot of the ring and no line of the session's page.
  /// agentd and the library fall back to it by themselves where no slot or line is left
  /// (`Subscription::copying`).
  bool copying = false;

  /// The ring keeps what this subscription has not consumed, as far as agentd is configured to
  /// (`ring.reliable_segments`): each event is seen, whoever else reads and however fast it is written. A reader that
  /// needs more is evicted: it is told (`Subscription::on_evicted`), and goes on as any other. What a poll has handed
  /// out, or a later `next` has left behind, is consumed. Nobody waits for the reader. Not with `copying`; refused as
  /// `no_slot` where the ring or the session has no slot or line left.
  bool reliable = false;

  /// Check each event again before it is handed out (encoding, UTF-8, values), as agentd did before it published
  /// it: for a small event that takes longer than all the rest of a poll. One that fails is left out, counted in
  /// `Lost::malformed` and told as a gap of one; a snapshot that fails is counted, and the next one is given instead.
  bool verify = false;
};

/// What a subscription knows, as of the last event that it handed out.
enum class SubscriptionState : std::uint8_t {
  pending,      ///< the topic's agent does not run; its next life will be seen from its first event on
  live,         ///< the agent runs; topics of no agent are always live
  daemon_gone,  ///< agentd has ended or hung up: what is in the ring can be read, nothing will be added
  ended,        ///< unsubscribed or moved from
  broken,       ///< the ring says what no agentd writes: nothing more is read from it
  forked,       ///< used in a child of the process that subscribed
};

/// The events `first` .. `first + count - 1` were not seen.
struct Gap {
  std::uint64_t first;
  std::uint64_t count;
};

/// Sums since the subscription began.
struct Lost {
  std::uint64_t events = 0;     ///< events missed, malformed ones among them
  std::uint64_t gaps = 0;       ///< how often
  std::uint64_t malformed = 0;  ///< left out because `verify` found them malformed
};

/// What one poll did. `events` counts the handler's calls, those with a snapshot among them.
struct PollResult {
  std::size_t events = 0;
  SubscriptionState state = SubscriptionState::ended;
};

enum class WaitResult : std::uint8_t {
  event,  ///< there is something to poll: an event or a gap; perhaps only, while one that `next` gave is good
  timeout,      ///< nothing within the time
  interrupted,  ///< a signal handler ran
  daemon_gone,  ///< and everything was read
  wait_busy,    ///< another thread of this client is waiting
  ended,        ///< unsubscribed or moved from
  broken,       ///< the ring says what no agentd writes
  forked,       ///< this is a child of the process that connected
};

/// A way to call `void(const Event&)` without owning what is called: two words.
class EventHandler {
 public:
  template <class Handler>
  requires(!std::is_same_v<std::remove_cvref_t<Handler>, EventHandler> &&
           std::is_invocable_v<Handler&, const Event&>) EventHandler(Handler& handler)
  noexcept  // NOLINT(google-explicit-constructor): a reference of another kind
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(handler)))),
        call_([](void* object, const Event& event) {
          static_cast<void>((*static_cast<std::remove_reference_t<Handler>*>(object))(event));
        }) {}

  void operator()(const Event& event) const { call_(object_, event); }

 private:
  void* object_;
  void (*call_)(void*, const Event&);
};

/// A subscription of one topic; ends with the handle. Made by `Client::subscribe`. It keeps its session
/// alive: it works on after its `Client` has gone.
class Subscription {
 public:
  class Iterator;

  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  ~Subscription();

  /// How many events a poll hands out when it is given no limit.
  static constexpr std::size_t poll_limit_default = 256;

  /// Hands out what is there, at most `limit` events, by calling `handler(const Event&)` for each, and
  /// returns at once. If the handler throws, the exception passes through and its event counts as seen. A
  /// handler must not call poll or iterate on the subscription that called it; hold, unsubscribe of others
  /// and requests are allowed.
  template <class Handler>
  requires std::is_invocable_v<Handler&, const Event&> PollResult
  poll(Handler&& handler, std::size_t limit = poll_limit_default) {
    if constexpr (std::is_function_v<std::remove_reference_t<Handler>>) {
      auto* function = &handler;
      return poll_with(EventHandler(function), limit);
    } else {
      return poll_with(EventHandler(handler), limit);
    }
  }

  /// As poll, for handlers whose type was erased before.
  PollResult poll_with(EventHandler handler, std::size_t limit);

  /// The next event, or null if there is none now. It is good until the next call of next, poll or begin.
  const Event* next();

  /// Iterates over what is there now, and ends when nothing more is:
  /// `for (const Event& event : subscription)`.
  Iterator begin();
  std::default_sentinel_t end() const noexcept { return {}; }

  /// Keeps an event whole for longer. `event` must be the one that a handler or loop of this subscription is
  /// looking at now; for any other, and in a forked child, the handle comes back empty.
  HeldEvent hold(const Event& event);

  /// Blocks until there is something to poll, or for `timeout` (negative: without end). Only one thread of a
  /// client waits at a time. Returns at once when agentd is gone.
  WaitResult wait(std::chrono::nanoseconds timeout);

  /// A descriptor for epoll, Asio, libuv or the like: it becomes readable some time after `arm` gave true,
  /// and when agentd is gone. One for the whole client; owned by it: do not read, write or close it.
  /// -1 once forked or ended.
  int fd() const noexcept;

  /// Before sleeping on `fd`: true = go to sleep, the descriptor will become readable; false = poll first
  /// (there is news, agentd is gone, or another thread waits). Must be called anew before each sleep.
  bool arm();

  /// Called before the snapshot or the event that follows a gap, from within poll, next or an iteration. Empty: nobody.
  void on_gap(std::function<void(const Gap&)> handler);

  /// Called from within poll, next or an iteration, before the first gap that follows, when a reliable subscription has
  /// fallen too far behind and is reliable no more. Empty: nobody.
  void on_evicted(std::function<void()> handler);

  /// Called from within poll, next or an iteration when the state has changed: `live` before the first event
  /// of a life, `pending` after its last. Empty: nobody.
  void on_state(std::function<void(SubscriptionState)> handler);

  SubscriptionState state() const noexcept;
  Lost lost() const noexcept;

  /// The number that the next event will have if nothing is missed. A snapshot takes none.
  std::uint64_t next_sequence() const noexcept;

  /// Whether each event is copied out of the ring.
  bool copying() const noexcept;

  /// Whether it was subscribed as reliable and was not evicted, as of the last poll or next.
  bool reliable() const noexcept;

  /// The topic's name; empty once ended.
  std::string_view topic() const noexcept;

  /// Ends the subscription; events that are held stay whole. Doing it again succeeds. The destructor does the
  /// same without waiting for the answer.
  expected<void, RequestError> unsubscribe();

 private:
  friend class Client;
  friend class SubscriptionSet;
  explicit Subscription(std::shared_ptr<detail::SubscriptionCore> core) noexcept;

  std::shared_ptr<detail::SubscriptionCore> core_;
};

/// A single-pass iterator over what is there now.
class Subscription::Iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = Event;
  using difference_type = std::ptrdiff_t;
  using reference = const Event&;

  reference operator*() const noexcept { return *event_; }
  const Event* operator->() const noexcept { return event_; }
  Iterator& operator++() {
    event_ = subscription_->next();
    return *this;
  }
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const noexcept { return event_ == nullptr; }

 private:
  friend class Subscription;
  explicit Iterator(Subscription* subscription) : subscription_(subscription), event_(subscription->next()) {}

  Subscription* subscription_;
  const Event* event_;
};

inline Subscription::Iterator Subscription::begin() {
  return Iterator(this);
}

/// The enumerator's own name, e.g. "daemon_gone".
std::string_view state_name(SubscriptionState state) noexcept;

}  // namespace ringside
