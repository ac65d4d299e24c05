// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include <ringside/subscription_set.hpp>

#include "clientlib/session.hpp"
#include "clientlib/subscription_core.hpp"

namespace ringside {

SubscriptionSet::SubscriptionSet(const Client& client, const SubscribeOptions& options)
    : client_(client.session_), options_(options), handlers_(std::make_shared<Handlers>()) {}

SubscriptionSet::Changes SubscriptionSet::sync(const std::vector<std::string>& topics) {
  Changes changes;
  if (polling_) {
    for (const std::string& topic : topics)
      changes.refused.push_back(
          {topic, {RequestFault::bad_input, 0, "a handler cannot sync the set that called it"}});
    return changes;
  }
  std::vector<std::string> wanted = topics;
  std::ranges::sort(wanted);
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  // Who leaves makes room for who comes.
  leave(wanted, changes);
  enter(wanted, changes);
  return changes;
}

void SubscriptionSet::leave(const std::vector<std::string>& wanted, Changes& changes) {
  for (auto next = subscriptions_.begin(); next != subscriptions_.end();) {
    const std::string& topic = next->first;
    Subscription& subscription = next->second.subscription;
    const bool broken = subscription.state() == SubscriptionState::broken;
    if (!broken && std::ranges::binary_search(wanted, topic)) {
      ++next;
      continue;
    }
    // Answered, so that what it had can be granted again. Where agentd refuses, it has nothing of it.
    static_cast<void>(subscription.unsubscribe());
    changes.unsubscribed.push_back(topic);
    const bool had_turn = topic == next_turn_;
    next = subscriptions_.erase(next);
    if (had_turn) turn_goes_to(next);
  }
}

void SubscriptionSet::turn_goes_to(Subscriptions::const_iterator next) noexcept {
  next_turn_ = next == subscriptions_.end() ? std::string_view() : std::string_view(next->first);
}

void SubscriptionSet::enter(const std::vector<std::string>& wanted, Changes& changes) {
  for (const std::string& topic : wanted) {
    if (subscriptions_.contains(topic)) continue;
    auto subscription = client_.subscribe(topic, options_);
    if (!subscription) {
      changes.refused.push_back({topic, std::move(subscription.error())});
      continue;
    }
    subscription->on_gap([handlers = handlers_, topic](const Gap& gap) {
      if (handlers->gap) handlers->gap(topic, gap);
    });
    subscription->on_state([handlers = handlers_, topic](SubscriptionState state) {
      if (handlers->state) handlers->state(topic, state);
    });
    subscriptions_.emplace(topic, Followed{.subscription = std::move(*subscription)});
    changes.subscribed.push_back(topic);
  }
}

std::size_t SubscriptionSet::poll_with(EventHandler handler, std::size_t limit) {
  if (polling_) return 0;
  struct Turn {
    bool& polling;
    ~Turn() { polling = false; }
  };
  polling_ = true;
  const Turn polling{polling_};
  std::size_t events = 0;
  // Over when a whole round has found nothing.
  for (std::size_t idle = 0; idle < subscriptions_.size() && events < limit;) {
    auto turn = subscriptions_.lower_bound(next_turn_);
    if (turn == subscriptions_.end()) turn = subscriptions_.begin();
    const std::size_t found = take_turn(turn, handler, std::min(turn_limit, limit - events));
    events += found;
    idle = found == 0 ? idle + 1 : 0;
  }
  return events;
}

std::size_t SubscriptionSet::take_turn(Subscriptions::iterator turn, EventHandler handler,
                                       std::size_t limit) {
  turn_goes_to(std::next(turn));
  auto& [subscription, told_broken] = turn->second;
  const PollResult result = subscription.poll_with(handler, limit);
  const bool broken = result.state == SubscriptionState::broken;
  if (broken && !std::exchange(told_broken, true) && handlers_->state)
    handlers_->state(turn->first, result.state);
  return result.events;
}

bool SubscriptionSet::any_news() const {
  return std::ranges::any_of(subscriptions_, [](const auto& each) {
    const auto& [subscription, told_broken] = each.second;
    // That it is broken is news until it was told.
    return told_broken ? subscription.core_->has_news() : subscription.core_->is_worth_a_poll();
  });
}

WaitResult SubscriptionSet::wait(std::chrono::nanoseconds timeout) {
  if (client_.session_->forked()) return WaitResult::forked;
  return client_.session_->waiting().wait(timeout, [this] { return any_news(); });
}

int SubscriptionSet::fd() const noexcept {
  return client_.fd();
}

bool SubscriptionSet::arm() {
  return !client_.session_->forked() && client_.session_->waiting().arm([this] { return any_news(); });
}

void SubscriptionSet::on_gap(std::function<void(std::string_view, const Gap&)> handler) {
  handlers_->gap = std::move(handler);
}

void SubscriptionSet::on_state(std::function<void(std::string_view, SubscriptionState)> handler) {
  handlers_->state = std::move(handler);
}

HeldEvent SubscriptionSet::hold(const Event& event) {
  const auto found = subscriptions_.find(event.topic());
  return found == subscriptions_.end() ? HeldEvent() : found->second.subscription.hold(event);
}

const Subscription* SubscriptionSet::find(std::string_view topic) const noexcept {
  const auto found = subscriptions_.find(topic);
  return found == subscriptions_.end() ? nullptr : &found->second.subscription;
}

}  // namespace ringside
