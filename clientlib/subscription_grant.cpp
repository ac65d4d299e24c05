// SPDX-License-Identifier: Apache-2.0
#include "clientlib/subscription_grant.hpp"

#include <algorithm>
#include <utility>

#include "schema/topic_name.hpp"

namespace ringside::detail {
namespace {

control::From to_control(From from) noexcept {
  switch (from) {
    case From::latest:
      return control::From::latest;
    case From::oldest:
      return control::From::oldest;
    case From::sequence:
      return control::From::sequence;
    case From::keyframe:
      break;
  }
  return control::From::keyframe;
}

std::optional<control::RequestT> give_back(const control::Reply& reply) {
  const auto* body = reply.body_as_subscribe();
  if (body == nullptr) return std::nullopt;
  return unsubscribe_request(body->subscription());
}

RequestError ring_error(const shm::RingAttachError& error) {
  const bool ours = error.fault == shm::AttachFault::not_mapped;
  return {ours ? RequestFault::system : RequestFault::untrusted, error.error_number,
          "the ring that agentd sent: " + std::string(describe(error))};
}

/// How many of the events that the caller wants have left the ring.
std::uint64_t missed_before(const SubscribeOptions& options, std::uint64_t next_sequence) noexcept {
  if (options.from != From::sequence) return 0;
  const std::uint64_t wanted = std::max<std::uint64_t>(options.sequence, 1);
  return next_sequence > wanted ? next_sequence - wanted : 0;
}

/// Topics without a state have no keyframe.
shm::StateWish wish_of(const SubscribeOptions& options, const control::SubscribeReply& reply) noexcept {
  if (options.from != From::keyframe) return shm::StateWish::none;
  return reply.keyframe() ? shm::StateWish::at_once : shm::StateWish::after_a_gap;
}

expected<SubscriptionGrant, RequestError> check_grant(Session& session, const std::string& topic,
                                                      const SubscribeOptions& options,
                                                      const control::SubscribeReply& reply, Answer& answer) {
  if (answer.descriptors.size() != 1)
    return failure(RequestFault::protocol, "agentd's answer has not the one descriptor of a ring");
  auto ring = shm::AttachedRing::attach(std::move(answer.descriptors.front()), session.facts().daemon);
  if (!ring) return unexpected(ring_error(ring.error()));
  if (ring->identity().topic != topic)
    return failure(RequestFault::untrusted, "the ring that agentd sent is another topic's");
  const std::uint32_t line = options.copying ? 0 : reply.page_line();
  if (line != 0 && !shm::SessionPage::is_subscription_line(line))
    return failure(RequestFault::protocol, "agentd granted a line of the session page that holds no pins");
  if (line == 0 && options.reliable)
    return failure(RequestFault::protocol,
                   "agentd granted a reliable subscription without a line of the page");
  return SubscriptionGrant{.subscription = reply.subscription(),
                           .page_line = line,
                           .cursor = {reply.generation(), reply.offset(), reply.next_sequence()},
                           .missed = missed_before(options, reply.next_sequence()),
                           .running = reply.running(),
                           .reliable = options.reliable,
                           .wish = wish_of(options, reply),
                           .ring = std::move(*ring)};
}

}  // namespace

control::RequestT unsubscribe_request(std::uint64_t subscription) {
  control::UnsubscribeT table;
  table.subscription = subscription;
  control::RequestT request;
  request.body.Set(std::move(table));
  return request;
}

expected<SubscriptionGrant, RequestError> request_subscription(Session& session, const std::string& topic,
                                                               const SubscribeOptions& options) {
  if (session.forked()) return forked_failure();
  if (!schema::valid_topic_name(topic))
    return failure(RequestFault::bad_input, "a topic's name is 1 to 200 bytes of UTF-8 without NUL");
  if (options.reliable && options.copying) {
    return failure(RequestFault::bad_input,
                   "a reliable subscription reads in place: ask for reliable or for copying, not for both");
  }
  control::SubscribeT table;
  table.topic = topic;
  table.from = to_control(options.from);
  table.sequence = options.sequence;
  table.copying = options.copying;
  table.reliable = options.reliable;
  control::RequestT request;
  request.body.Set(std::move(table));
  auto answer = session.ask(std::move(request), give_back);
  if (!answer) return unexpected(answer.error());
  const auto reply = body_of<control::SubscribeReply>(*answer->reply);
  if (!reply) return unexpected(reply.error());
  auto grant = check_grant(session, topic, options, **reply, *answer);
  if (!grant) session.tell(unsubscribe_request((*reply)->subscription()));
  return grant;
}

}  // namespace ringside::detail
