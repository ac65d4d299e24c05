// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <ringside/subscription.hpp>

#include "clientlib/subscription_core.hpp"

namespace ringside {
namespace {

using detail::SubscriptionCore;

/// Why a wait can only end at once.
std::optional<WaitResult> no_wait(const SubscriptionCore* core) noexcept {
  if (core == nullptr) return WaitResult::ended;
  switch (core->state()) {
    case SubscriptionState::forked:
      return WaitResult::forked;
    case SubscriptionState::ended:
      return WaitResult::ended;
    case SubscriptionState::broken:
      return WaitResult::broken;
    case SubscriptionState::pending:
    case SubscriptionState::live:
    case SubscriptionState::daemon_gone:
      break;
  }
  return std::nullopt;
}

}  // namespace

Subscription::Subscription(std::shared_ptr<SubscriptionCore> core) noexcept : core_(std::move(core)) {}
Subscription::Subscription(Subscription&&) noexcept = default;

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    const Subscription before(std::move(*this));
    core_ = std::move(other.core_);
  }
  return *this;
}

Subscription::~Subscription() {
  if (core_) core_->abandon();
}

PollResult Subscription::poll_with(EventHandler handler, std::size_t limit) {
  return core_ ? core_->poll(handler, limit) : PollResult{};
}

const Event* Subscription::next() {
  return core_ ? core_->next() : nullptr;
}

HeldEvent Subscription::hold(const Event& event) {
  return core_ ? core_->hold(event, core_) : HeldEvent();
}

WaitResult Subscription::wait(std::chrono::nanoseconds timeout) {
  if (const auto result = no_wait(core_.get())) return *result;
  const WaitResult result =
      core_->session().waiting().wait(timeout, [this] { return core_->is_worth_a_poll(); });
  // Of a ring that is broken there is nothing to wait for.
  return core_->state() == SubscriptionState::broken ? WaitResult::broken : result;
}

int Subscription::fd() const noexcept {
  return no_wait(core_.get()) ? -1 : core_->session().waiting().fd();
}

bool Subscription::arm() {
  return !no_wait(core_.get()) && core_->session().waiting().arm([this] { return core_->is_worth_a_poll(); });
}

void Subscription::on_gap(std::function<void(const Gap&)> handler) {
  if (core_) core_->on_gap = std::move(handler);
}

void Subscription::on_evicted(std::function<void()> handler) {
  if (core_) core_->on_evicted = std::move(handler);
}

void Subscription::on_state(std::function<void(SubscriptionState)> handler) {
  if (core_) core_->on_state = std::move(handler);
}

SubscriptionState Subscription::state() const noexcept {
  return core_ ? core_->state() : SubscriptionState::ended;
}

Lost Subscription::lost() const noexcept {
  return core_ ? core_->lost() : Lost{};
}

std::uint64_t Subscription::next_sequence() const noexcept {
  return core_ ? core_->next_sequence() : 0;
}

bool Subscription::copying() const noexcept {
  return core_ && core_->copying();
}

bool Subscription::reliable() const noexcept {
  return core_ && core_->reliable();
}

std::string_view Subscription::topic() const noexcept {
  return core_ ? std::string_view(core_->topic()) : std::string_view();
}

expected<void, RequestError> Subscription::unsubscribe() {
  if (!core_) return {};
  return core_->unsubscribe();
}

std::string_view state_name(SubscriptionState state) noexcept {
  switch (state) {
    case SubscriptionState::pending:
      return "pending";
    case SubscriptionState::live:
      return "live";
    case SubscriptionState::daemon_gone:
      return "daemon_gone";
    case SubscriptionState::ended:
      return "ended";
    case SubscriptionState::broken:
      return "broken";
    case SubscriptionState::forked:
      return "forked";
  }
  return "unknown";
}

// -------------------------------------------------------------------------------------------- held events

HeldEvent::HeldEvent() noexcept = default;
HeldEvent::HeldEvent(HeldEvent&&) noexcept = default;

HeldEvent& HeldEvent::operator=(HeldEvent&& other) noexcept {
  if (this != &other) {
    const HeldEvent before(std::move(*this));
    state_ = std::move(other.state_);
  }
  return *this;
}

HeldEvent::~HeldEvent() {
  if (!state_ || !state_->core) return;
  if (state_->core->session().forked()) {
    // The child has no page to give the pin back in.
    static_cast<void>(state_.release());
    return;
  }
  state_->held.reset();
  state_->core->held_was_released();
}

const Event& HeldEvent::operator*() const noexcept {
  return state_->shown.event;
}

bool HeldEvent::in_place() const noexcept {
  return state_ && state_->core != nullptr;
}

}  // namespace ringside
