// SPDX-License-Identifier: Apache-2.0
//
// What is behind a Subscription and the events that it holds.
//
// Threads   one at a time; release of a held event counts. `Session::any_news` looks in from a thread
//           that then is the only one.
// Progress  poll and next: no lock, no allocation, no system call; one indirect call an event.
// Crash     the page keeps our pins until agentd has proof that this process has ended: nothing is read that is not ours.
// Fork      a core is leaked in a child: its ring and its page are not mapped there.
// Memory    the mapping of the ring lives until the subscription and all its held events have gone; only then agentd is
//           told that the pins are free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <ringside/subscription.hpp>

#include "clientlib/event_access.hpp"
#include "clientlib/session.hpp"
#include "clientlib/subscription_grant.hpp"
#include "shm/attached_ring.hpp"
#include "shm/copying_reader.hpp"
#include "shm/ring_reader.hpp"

namespace ringside::detail {

class SubscriptionCore {
 public:
  SubscriptionCore(std::shared_ptr<Session> session, std::string topic, SubscriptionGrant grant, bool verify);
  ~SubscriptionCore();
  SubscriptionCore(const SubscriptionCore&) = delete;
  SubscriptionCore& operator=(const SubscriptionCore&) = delete;

  PollResult poll(EventHandler handler, std::size_t limit);
  const Event* next();
  HeldEvent hold(const Event& event, const std::shared_ptr<SubscriptionCore>& self);
  void held_was_released() noexcept;
  expected<void, RequestError> unsubscribe();
  /// As unsubscribe, without waiting for the answer.
  void abandon() noexcept;

  /// Whether a poll will find an event or a gap. What it has to take out of the ring to know, the next poll hands out; while
  /// an event is looked at nothing is taken out, and it may say yes where there is none.
  bool has_news();
  /// The same, or the look has found that the ring is broken, which a poll will tell.
  bool is_worth_a_poll() { return has_news() || state() == SubscriptionState::broken; }

  SubscriptionState state() const noexcept;
  const Lost& lost() const noexcept { return lost_; }
  std::uint64_t next_sequence() const noexcept;
  bool copying() const noexcept { return copying_.has_value(); }
  bool reliable() const noexcept { return reliable_; }
  const std::string& topic() const noexcept { return topic_; }
  Session& session() const noexcept { return *session_; }
  bool ended() const noexcept { return ended_; }

  std::function<void(const Gap&)> on_gap;
  std::function<void()> on_evicted;
  std::function<void(SubscriptionState)> on_state;

 private:
  bool usable() const noexcept;
  shm::ReaderState reader_state() const noexcept;
  template <class Reader>
  std::size_t poll_reader(Reader& reader, EventHandler handler, std::size_t limit);
  bool begin(const shm::Record& record);
  bool begin_snapshot(const shm::Record& record);
  void finish();
  bool is_sound(const shm::Record& record) const;
  void tell_gap(const Gap& gap);
  void tell_eviction();
  void set_life(SubscriptionState life);
  void tell_end();
  bool end() noexcept;

  // What every poll touches.
  EventAccess::Blank shown_;
  std::optional<shm::RingReader> pinning_;  // this one or the other
  std::optional<shm::CopyingReader> copying_;
  const shm::Record* current_ = nullptr;  // what `shown_` shows, while somebody may look at it
  shm::Next found_;                       // of next(), and what has_news() had to take out
  bool found_early_ = false;
  bool polling_ = false;
  bool ended_ = false;
  bool life_over_ = false;  // the last event of a life was handed out, and not yet told as `pending`
  bool of_agent_;           // has lives
  bool verify_;
  bool reliable_;           // and not evicted, as far as was looked
  bool end_told_ = false;   // daemon_gone, to `on_state`
  SubscriptionState life_;  // pending or live
  Lost lost_;

  std::shared_ptr<Session> session_;
  std::string topic_;
  std::uint64_t id_;         // agentd's name of this subscription; 0: given back
  std::uint32_t page_line_;  // 0: it copies
  shm::AttachedRing ring_;
};

/// An event that is held: in the ring, or copied.
struct HeldState {
  std::shared_ptr<SubscriptionCore> core;  // only while the bytes lie in the ring; released last
  shm::Held held;
  std::unique_ptr<std::byte[]> copy;
  std::string topic;  // of a copy
  EventAccess::Blank shown;
};

inline HeldEvent EventAccess::held(std::unique_ptr<HeldState> state) noexcept {
  HeldEvent made;
  made.state_ = std::move(state);
  return made;
}

}  // namespace ringside::detail
