// SPDX-License-Identifier: Apache-2.0
//
// Following many topics from one thread: say which, as often as that changes, and poll them as one.
//
//     ringside::SubscriptionSet lives(client, {.from = ringside::From::oldest});
//     lives.sync(topics);
//     while (lives.wait(std::chrono::seconds(30)) == ringside::WaitResult::event)
//       lives.poll([](std::string_view topic, const ringside::Event& event) { ... });
//
// Threads    one at a time uses a set, as it would a subscription.
// Progress   poll never waits; sync asks agentd once for each topic that is new or gone, and for no other.
// Ordering   each topic's own; between topics nothing is promised.
// Loss       a topic that stays keeps its subscription, and so its place: nothing is doubled, nothing missed. Gaps
//            are told with their topic.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <ringside/client.hpp>

namespace ringside {

class SubscriptionSet {
 public:
  /// A topic that could not be subscribed, and why.
  struct Refused {
    std::string topic;
    RequestError error;
  };

  /// What a sync has changed. What was refused is not in the set: the next sync tries it again.
  struct Changes {
    std::vector<std::string> subscribed;
    std::vector<std::string> unsubscribed;
    std::vector<Refused> refused;
  };

  /// How many events of one topic are handed out before the next one has its turn.
  static constexpr std::size_t turn_limit = 32;

  /// All topics are subscribed with these options. The set keeps the session alive, as subscriptions do.
  explicit SubscriptionSet(const Client& client, const SubscribeOptions& options = {});
  SubscriptionSet(SubscriptionSet&&) noexcept = default;
  SubscriptionSet& operator=(SubscriptionSet&&) = delete;

  /// From here on these topics are followed and no others; the order does not count, and naming one twice is naming it.
  /// What is there stays as it is, except that a `broken` subscription is made anew. Not from within a handler.
  Changes sync(const std::vector<std::string>& topics);

  /// Hands out what is there, at most `limit` events, by calling `handler(std::string_view topic, const Event&)` for each,
  /// and returns how many. Topics have turns of at most `turn_limit` events, and the next poll goes on where this one
  /// stopped: between two turns of one topic every other that has news has one. If the handler throws, the exception passes
  /// through and its event counts as seen.
  template <class Handler>
  requires std::is_invocable_v<Handler&, std::string_view, const Event&> std::size_t poll(
      Handler&& handler, std::size_t limit = Subscription::poll_limit_default) {
    auto with_topic = [&handler](const Event& event) { handler(event.topic(), event); };
    return poll_with(EventHandler(with_topic), limit);
  }

  /// For handlers whose type was erased before: `Event::topic` says of which topic.
  std::size_t poll_with(EventHandler handler, std::size_t limit);

  /// As `Subscription::wait`, for any topic of the set. A set of nothing waits for its time.
  WaitResult wait(std::chrono::nanoseconds timeout);

  /// As `Subscription::fd` and `Subscription::arm`, for any topic of the set.
  int fd() const noexcept;
  bool arm();

  /// Called from within poll, as those of a subscription; also for topics that are subscribed later.
  void on_gap(std::function<void(std::string_view topic, const Gap&)> handler);
  void on_state(std::function<void(std::string_view topic, SubscriptionState)> handler);

  /// As `Subscription::hold`.
  HeldEvent hold(const Event& event);

  /// The subscription of that topic, or nullptr. It is good until a sync leaves the topic out; its callbacks are the
  /// set's.
  const Subscription* find(std::string_view topic) const noexcept;
  std::size_t size() const noexcept { return subscriptions_.size(); }

 private:
  struct Followed {
    Subscription subscription;
    bool told_broken = false;
  };
  using Subscriptions = std::map<std::string, Followed, std::less<>>;
  struct Handlers {
    std::function<void(std::string_view, const Gap&)> gap;
    std::function<void(std::string_view, SubscriptionState)> state;
  };

  void leave(const std::vector<std::string>& wanted, Changes& changes);
  void enter(const std::vector<std::string>& wanted, Changes& changes);
  void turn_goes_to(Subscriptions::const_iterator next) noexcept;
  bool any_news() const;
  std::size_t take_turn(Subscriptions::iterator turn, EventHandler handler, std::size_t limit);

  Client client_;
  SubscribeOptions options_;
  std::shared_ptr<Handlers> handlers_;  // where the subscriptions find them, wherever the set is moved
  Subscriptions subscriptions_;
  std::string_view next_turn_;  // the topic of the next turn, in its node of the map; empty: the first
  bool polling_ = false;
};

}  // namespace ringside
