// SPDX-License-Identifier: Apache-2.0
#include "agentd/attachment.hpp"

#include <cstring>
#include <set>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace ringside::agentd {

namespace {

unexpected<Refusal> out_of(const char* what, int error_number) {
  return unexpected<Refusal>({control::ErrorCode::no_slot,
                              fmt::format("agentd cannot make {}: {}", what, std::strerror(error_number))});
}

Refusal refusal_of(const SubscribeError& error, const std::string& topic) {
  switch (error.fault) {
    case SubscribeError::Fault::sequence_ahead:
      return {control::ErrorCode::sequence_ahead,
              fmt::format("{} was not published yet on {}: the next event is number {}", error.sequence,
                          topic, error.next_sequence)};
    case SubscribeError::Fault::no_slot:
      return {control::ErrorCode::no_slot,
              fmt::format(
                  "{} has as many pinning subscriptions as it may (ring.subscription_max): a reliable one "
                  "needs a slot of its own; subscribe without reliable, or when one has gone",
                  topic)};
    case SubscribeError::Fault::no_memory:
      return {control::ErrorCode::no_space, fmt::format("no memory for a subscription of {}", topic)};
    case SubscribeError::Fault::no_keyframe:
      return {control::ErrorCode::keyframe_unavailable,
              fmt::format(
                  "the state of {} finds no place in its ring: it is larger than an event may be "
                  "(ring.large_event_max; ring.large_segments = 0: a segment), or shared memory is short; "
                  "subscribe from latest or oldest",
                  topic)};
  }
  return {control::ErrorCode::internal, fmt::format("{} gave no subscription", topic)};
}

}  // namespace

expected<std::shared_ptr<Attachment>, Refusal> Attachment::create(boost::asio::io_context& conductor,
                                                                  std::uint64_t session) {
  auto page = shm::SessionPage::create(session, static_cast<std::uint32_t>(session));
  if (!page) return out_of("a session page", page.error().error_number);
  auto doorbell = shm::Doorbell::create();
  if (!doorbell) return out_of("a doorbell", doorbell.error());
  return std::shared_ptr<Attachment>(new Attachment(conductor, std::move(*page), std::move(*doorbell)));
}

void Attachment::subscribe(TopicHold topic, SubscribeFrom from, std::uint64_t sequence, Reading reading,
                           std::function<void(expected<Grant, Refusal>)> done) {
  const std::uint32_t line = reading == Reading::copying ? 0 : take_line().value_or(0);
  if (line == 0 && reading == Reading::reliable) {
    return done(unexpected<Refusal>(
        {control::ErrorCode::no_slot,
         fmt::format("this session has {} subscriptions that read in place, as many as its page has lines: a "
                     "reliable one needs a line; end one, or connect once more",
                     lines_.count())}));
  }
  SubscribeRequest request;
  request.from = from;
  request.sequence = sequence;
  request.session = session();
  request.reliable = reading == Reading::reliable;
  if (line != 0) {
    request.subscriber.pins = page_.pins(line);
    request.subscriber.acknowledged = page_.acknowledged(line);
    request.subscriber.evicted = page_.evicted(line);
  }
  request.subscriber.wake_flag = page_.wake_flag();
  request.subscriber.doorbell = doorbell_.ringing_end().get();
  const std::shared_ptr<Topic> target = topic.topic();
  ++asked_;
  // The hold must not be let go of on the thread that answers, so it waits here, with the request's answer.
  auto waiting = std::make_shared<std::pair<TopicHold, std::function<void(expected<Grant, Refusal>)>>>(
      std::move(topic), std::move(done));
  target->subscribe(request, [self = shared_from_this(), line, reading,
                              waiting](expected<Granted, SubscribeError> answer) {
    boost::asio::post(self->conductor_, [self, line, reading, waiting, answer = std::move(answer)]() mutable {
      --self->asked_;
      waiting->second(self->granted(std::move(waiting->first), line, reading, std::move(answer)));
    });
  });
}

expected<Grant, Refusal> Attachment::granted(TopicHold topic, std::uint32_t line, Reading reading,
                                             expected<Granted, SubscribeError> answer) {
  if (!answer || answer->copying) give_line(std::exchange(line, 0));
  if (!answer) return unexpected<Refusal>(refusal_of(answer.error(), topic->name()));
  Grant grant;
  grant.subscription = ++last_subscription_;
  grant.page_line = line;
  grant.cursor = answer->cursor;
  grant.keyframe = answer->keyframe;
  grant.topic = topic.topic();
  if (released_) {  // the process died while the topic was asked
    const std::shared_ptr<Topic> target = grant.topic;
    target->unsubscribe(answer->subscriber, [self = shared_from_this()] {});
  } else {
    subscriptions_.emplace(grant.subscription, Subscription{std::move(topic), answer->subscriber, line,
                                                            line == 0 ? Reading::copying : reading});
  }
  return grant;
}

void Attachment::unsubscribe(std::uint64_t subscription, std::function<void(bool)> done) {
  const auto found = subscriptions_.find(subscription);
  if (found == subscriptions_.end()) return done(false);
  auto leaving = std::make_shared<Subscription>(std::move(found->second));
  subscriptions_.erase(found);
  ++asked_;
  const std::shared_ptr<Topic> target = leaving->topic.topic();
  target->unsubscribe(
      leaving->subscriber, [self = shared_from_this(), leaving, done = std::move(done)]() mutable {
        boost::asio::post(self->conductor_, [self, leaving = std::move(leaving), done = std::move(done)] {
          --self->asked_;
          self->give_line(leaving->line);
          leaving->topic.let_go();
          done(true);
        });
      });
}

ReaderFacts Attachment::facts_of(std::uint64_t number, const Subscription& subscription) const noexcept {
  ReaderFacts facts;
  facts.subscription = number;
  facts.reading = subscription.reading;
  if (subscription.line == 0) return facts;
  // relaxed: a number of a moment ago.
  const auto of_now = [](const std::atomic<std::uint64_t>* word) {
    return word->load(std::memory_order::relaxed);
  };
  facts.evicted = of_now(page_.evicted(subscription.line)) != 0;
  facts.next_sequence = of_now(page_.acknowledged(subscription.line));
  facts.lost = of_now(page_.lost(subscription.line));
  return facts;
}

void Attachment::release() {
  if (std::exchange(released_, true)) return;
  std::set<Topic*> asked;
  auto leaving = std::make_shared<std::map<std::uint64_t, Subscription>>(std::move(subscriptions_));
  subscriptions_.clear();
  for (const auto& [number, subscription] : *leaving) {
    const std::shared_ptr<Topic> target = subscription.topic.topic();
    if (!asked.insert(target.get()).second) continue;
    target->release_session(session(), [self = shared_from_this(), leaving]() mutable {
      // The holds are let go of by the conductor, when the last topic has answered.
      auto& conductor = self->conductor_;
      boost::asio::post(conductor, [self = std::move(self), leaving = std::move(leaving)] {});
    });
  }
}

std::optional<std::uint32_t> Attachment::take_line() noexcept {
  for (std::uint32_t i = 0; i < shm::subscription_line_count; ++i) {
    if (lines_.test(i)) continue;
    lines_.set(i);
    page_.clear_line(shm::subscription_line_first + i);
    return shm::subscription_line_first + i;
  }
  return std::nullopt;
}

void Attachment::give_line(std::uint32_t line) noexcept {
  if (line != 0) lines_.reset(line - shm::subscription_line_first);
}

}  // namespace ringside::agentd
