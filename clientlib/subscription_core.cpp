// SPDX-License-Identifier: Apache-2.0
#include "clientlib/subscription_core.hpp"

#include <cstring>
#include <utility>

#include "schema/event_check.hpp"
#include "schema/topic_name.hpp"

namespace ringside::detail {

SubscriptionCore::SubscriptionCore(std::shared_ptr<Session> session, std::string topic,
                                   SubscriptionGrant grant, bool verify)
    : of_agent_(schema::agent_of(topic).has_value()),
      verify_(verify),
      reliable_(grant.reliable),
      life_(grant.running || !of_agent_ ? SubscriptionState::live : SubscriptionState::pending),
      session_(std::move(session)),
      topic_(std::move(topic)),
      id_(grant.subscription),
      page_line_(grant.page_line),
      ring_(std::move(grant.ring)) {
  if (page_line_ == 0) {
    copying_.emplace(ring_.view(), grant.cursor, grant.wish);
  } else {
    const shm::SessionPage& page = session_->facts().page;
    pinning_.emplace(ring_.view(), grant.cursor, page.pins(page_line_), page.acknowledged(page_line_),
                     grant.wish);
  }
  if (grant.missed != 0) {
    found_.kind = shm::Next::Kind::gap;
    found_.gap = {grant.cursor.next_sequence - grant.missed, grant.missed};
    found_early_ = true;
  }
  session_->add(this);
}

SubscriptionCore::~SubscriptionCore() {
  session_->remove(this);
  // Nothing is held any more, since what is held keeps this alive: agentd was told.
}

bool SubscriptionCore::usable() const noexcept {
  return !ended_ && !session_->forked();
}

shm::ReaderState SubscriptionCore::reader_state() const noexcept {
  return pinning_ ? pinning_->state() : copying_->state();
}

SubscriptionState SubscriptionCore::state() const noexcept {
  if (session_->forked()) return SubscriptionState::forked;
  if (ended_) return SubscriptionState::ended;
  if (reader_state() == shm::ReaderState::corrupt) return SubscriptionState::broken;
  return session_->gone() ? SubscriptionState::daemon_gone : life_;
}

std::uint64_t SubscriptionCore::next_sequence() const noexcept {
  if (found_early_ && found_.kind == shm::Next::Kind::gap) return found_.gap.first;
  if (found_early_ && found_.kind == shm::Next::Kind::record) return found_.record.sequence;
  return (pinning_ ? pinning_->cursor() : copying_->cursor()).next_sequence;
}

bool SubscriptionCore::has_news() {
  if (!usable()) return false;
  if (found_early_) return true;
  const shm::ReaderState state = reader_state();
  if (state == shm::ReaderState::corrupt) return false;
  // Who looks at an event keeps it: then nothing is moved, and whether anything is there the next poll says.
  const bool may_move = current_ == nullptr && !polling_;
  if (state != shm::ReaderState::reading) {
    if (!may_move) return true;
    // It has yet to find its place; whether anything is there is known when it has.
    found_ = pinning_ ? pinning_->next() : copying_->next();
    found_early_ = found_.kind != shm::Next::Kind::nothing;
    if (found_early_) return true;
    if (reader_state() != shm::ReaderState::reading) return reader_state() == shm::ReaderState::lost;
  }
  return pinning_ ? pinning_->has_news(may_move) : copying_->has_news(may_move);
}

template <class Reader>
std::size_t SubscriptionCore::poll_reader(Reader& reader, EventHandler handler, std::size_t limit) {
  std::size_t count = 0;
  const auto on_record = [this, handler, &count](const shm::Record& record) {
    if (!begin(record)) [[unlikely]]
      return;
    ++count;
    handler(shown_.event);
    if (life_over_) [[unlikely]]
      finish();
  };
  const auto on_keyframe = [this, handler, &count](const shm::Record& record) {
    if (!begin_snapshot(record)) return;
    ++count;
    handler(shown_.event);
    if (life_over_) finish();
  };
  const auto on_gap_found = [this](const shm::Gap& gap) { tell_gap({gap.first, gap.count}); };
  if (std::exchange(found_early_, false)) {
    if (found_.kind == shm::Next::Kind::gap) {
      on_gap_found(found_.gap);
    } else if (found_.kind == shm::Next::Kind::keyframe) {
      on_keyframe(found_.record);
    } else {
      on_record(found_.record);
    }
    if (limit <= count) return count;
    limit -= count;
  }
  reader.poll(on_record, on_gap_found, on_keyframe, limit);
  return count;
}

PollResult SubscriptionCore::poll(EventHandler handler, std::size_t limit) {
  if (!usable() || polling_ || limit == 0) [[unlikely]]
    return {0, state()};
  // Also when a handler throws: its event counts as seen, and is looked at no more.
  struct Turn {
    SubscriptionCore& core;
    ~Turn() {
      core.polling_ = false;
      core.current_ = nullptr;
    }
  };
  polling_ = true;
  const Turn turn{*this};
  if (life_over_) [[unlikely]]
    finish();
  const std::size_t count =
      pinning_ ? poll_reader(*pinning_, handler, limit) : poll_reader(*copying_, handler, limit);
  if (reliable_) tell_eviction();
  if (session_->gone()) [[unlikely]]
    tell_end();
  return {count, state()};
}

const Event* SubscriptionCore::next() {
  current_ = nullptr;
  if (!usable() || polling_) return nullptr;
  for (;;) {
    if (life_over_) finish();
    if (!std::exchange(found_early_, false)) found_ = pinning_ ? pinning_->next() : copying_->next();
    switch (found_.kind) {
      case shm::Next::Kind::nothing:
        if (reliable_) tell_eviction();
        if (session_->gone()) tell_end();
        return nullptr;
      case shm::Next::Kind::gap:
        tell_gap({found_.gap.first, found_.gap.count});
        break;
      case shm::Next::Kind::record:
        if (begin(found_.record)) return &shown_.event;
        break;
      case shm::Next::Kind::keyframe:
        if (begin_snapshot(found_.record)) return &shown_.event;
        break;
    }
  }
}

/// Makes `shown_` show the record; false if it is not to be handed out.
bool SubscriptionCore::begin(const shm::Record& record) {
  if (!is_sound(record)) [[unlikely]] {
    current_ = nullptr;
    ++lost_.malformed;
    tell_gap({record.sequence, 1});
    return false;
  }
  current_ = &record;
  if (life_ == SubscriptionState::pending) [[unlikely]]
    set_life(SubscriptionState::live);
  life_over_ = of_agent_ && record.kind == static_cast<std::uint32_t>(events::Payload::agent_shutdown);
  EventAccess::show(shown_.event, record, topic_);
  return true;
}

/// The same of a keyframe. No event is missing where it is left out, and none is counted where it is shown; but its state
/// is, and so comes with the next one.
bool SubscriptionCore::begin_snapshot(const shm::Record& record) {
  if (!is_sound(record)) {
    current_ = nullptr;
    ++lost_.malformed;
    pinning_ ? pinning_->owe_state() : copying_->owe_state();
    return false;
  }
  EventAccess::show(shown_.event, record, topic_);
  current_ = &record;
  const auto* const snapshot = shown_.event.as<events::Snapshot>();
  const auto* const agent = snapshot == nullptr ? nullptr : snapshot->agent();
  if (agent == nullptr) return true;
  const bool over = agent->shutdown() != nullptr;
  if (!over && life_ == SubscriptionState::pending) set_life(SubscriptionState::live);
  life_over_ = over && life_ == SubscriptionState::live;
  return true;
}

/// After the last event of a life.
void SubscriptionCore::finish() {
  life_over_ = false;
  set_life(SubscriptionState::pending);
}

bool SubscriptionCore::is_sound(const shm::Record& record) const {
  if (!EventAccess::is_readable(record)) return false;
  if (!verify_) return true;
  const auto checked = schema::check_event({record.payload, record.size});
  // A newer agentd may say what this release has no name for: handlers skip it.
  return checked || checked.error().fault == schema::EventFault::unknown_kind;
}

/// If there was one.
void SubscriptionCore::tell_eviction() {
  // relaxed: a reader that was lapped for it sees it by E7; another one sees it sooner or later.
  if (session_->facts().page.evicted(page_line_)->load(std::memory_order::relaxed) == 0) return;
  reliable_ = false;
  if (on_evicted) on_evicted();
}

void SubscriptionCore::tell_gap(const Gap& gap) {
  if (reliable_) tell_eviction();
  lost_.events += gap.count;
  ++lost_.gaps;
  if (page_line_ != 0) {
    // relaxed: a number for agentd to show.
    session_->facts().page.lost(page_line_)->store(lost_.events, std::memory_order::relaxed);
  }
  if (on_gap) on_gap(gap);
}

void SubscriptionCore::set_life(SubscriptionState life) {
  life_ = life;
  if (on_state) on_state(life);
}

void SubscriptionCore::tell_end() {
  if (!std::exchange(end_told_, true) && on_state) on_state(SubscriptionState::daemon_gone);
}

HeldEvent SubscriptionCore::hold(const Event& event, const std::shared_ptr<SubscriptionCore>& self) {
  if (!usable() || current_ == nullptr || &event != &shown_.event) return {};
  auto state = std::make_unique<HeldState>();
  shm::Record record = *current_;
  if (pinning_) {
    state->held = pinning_->hold(record);
    record = state->held.record();
  } else {
    state->copy.reset(new std::byte[record.size]);
    std::memcpy(state->copy.get(), record.payload, record.size);
    record.payload = state->copy.get();
  }
  std::string_view topic = topic_;
  if (copying_ || state->held.copied()) {
    state->topic = topic_;
    topic = state->topic;
  } else {
    state->core = self;
  }
  EventAccess::show(state->shown.event, record, topic);
  return EventAccess::held(std::move(state));
}

/// True: nothing is held, and agentd is to be told now.
bool SubscriptionCore::end() noexcept {
  if (std::exchange(ended_, true)) return false;
  current_ = nullptr;
  found_early_ = false;
  if (pinning_) pinning_->close();
  if (copying_) copying_->close();
  return !pinning_ || pinning_->held_segments() == 0;
}

expected<void, RequestError> SubscriptionCore::unsubscribe() {
  if (session_->forked()) return forked_failure();
  if (!end()) return {};
  return session_->ask_ok(unsubscribe_request(std::exchange(id_, 0)));
}

void SubscriptionCore::abandon() noexcept {
  if (!session_->forked() && end()) session_->tell(unsubscribe_request(std::exchange(id_, 0)));
}

void SubscriptionCore::held_was_released() noexcept {
  if (ended_ && id_ != 0 && pinning_->held_segments() == 0)
    session_->tell(unsubscribe_request(std::exchange(id_, 0)));
}

}  // namespace ringside::detail
