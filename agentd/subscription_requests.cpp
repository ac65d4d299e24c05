// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "agentd/control_requests.hpp"
#include "schema/topic_name.hpp"

namespace ringside::agentd {

namespace {

/// Which topics can be subscribed to: all whose names make sense, whether or not they exist yet.
std::optional<Refusal> check_subscribed_topic(std::string_view name) {
  if (!schema::valid_topic_name(name)) {
    return Refusal{control::ErrorCode::bad_request,
                   fmt::format("a topic's name has 1 to {} bytes of UTF-8", schema::topic_name_size_max)};
  }
  const bool of_an_agent = name.rfind("agent_server:", 0) == 0;
  if (of_an_agent && name != schema::agents_topic && !schema::agent_of(name)) {
    return Refusal{
        control::ErrorCode::no_such_topic,
        fmt::format("there is no topic {}: after agent_server: comes an agent id, or presence, or debug: and "
                    "an agent id",
                    name)};
  }
  return std::nullopt;
}

}  // namespace

void ControlRequests::subscribe(Client& client, const control::Subscribe& request, Responder responder) {
  const std::string_view name = request.topic()->string_view();
  if (auto refusal = check_subscribed_topic(name)) return responder.refuse(std::move(*refusal));
  if (client.attachment == nullptr) {
    return responder.refuse({control::ErrorCode::not_attached, "attach before you subscribe"});
  }
  SubscribeFrom from = SubscribeFrom::latest;
  switch (request.from()) {
    case control::From::latest:
      break;
    case control::From::oldest:
      from = SubscribeFrom::oldest;
      break;
    case control::From::sequence:
      from = SubscribeFrom::sequence;
      break;
    case control::From::keyframe:
      from = SubscribeFrom::keyframe;
      break;
  }
  if (client.attachment->subscription_count() >= conductor_.config().limits.subscriptions_per_session) {
    return responder.refuse(
        {control::ErrorCode::no_slot,
         fmt::format("this session has {} subscriptions, its limit (limits.subscriptions_per_session)",
                     client.attachment->subscription_count())});
  }
  if (request.reliable() && request.copying()) {
    return responder.refuse({control::ErrorCode::bad_request,
                             "a reliable subscription reads in place: ask for one or the other"});
  }
  if (request.reliable() && !client.process->can_be_watched()) {
    return responder.refuse(
        {control::ErrorCode::not_allowed,
         "this process's death could not be proven (the kernel gave no pidfd): it reads by "
         "copying, and nothing is kept for it; subscribe without reliable"});
  }
  auto topic = conductor_.topics().open(name);
  if (!topic) return responder.refuse(std::move(topic.error()));
  conductor_.agents().topic_subscribed(name);
  const bool may_pin = !request.copying() && client.process->can_be_watched();
  const Reading reading = !may_pin             ? Reading::copying
                          : request.reliable() ? Reading::reliable
                                               : Reading::pinning;
  const auto answer = std::make_shared<Responder>(std::move(responder));
  client.attachment->subscribe(
      std::move(*topic), from, request.sequence(), reading,
      [this, answer, attachment = std::weak_ptr(client.attachment)](expected<Grant, Refusal> grant) {
        if (!grant) return answer->refuse(std::move(grant.error()));
        std::vector<shm::Descriptor> descriptors;
        descriptors.push_back(grant->topic->open_read_only());
        if (!descriptors.front()) {
          if (const auto taken = attachment.lock()) taken->unsubscribe(grant->subscription, [](bool) {});
          return answer->refuse(
              {control::ErrorCode::no_slot, "agentd has no descriptors left: try again later"});
        }
        control::SubscribeReplyT reply;
        reply.subscription = grant->subscription;
        reply.page_line = grant->page_line;
        reply.generation = grant->cursor.generation;
        reply.offset = grant->cursor.offset;
        reply.next_sequence = grant->cursor.next_sequence;
        reply.keyframe = grant->keyframe;
        reply.object_size = grant->topic->object_size();
        reply.running = true;  // of topics that are no agent's there is nothing to wait for
        if (const auto agent_id = schema::agent_of(grant->topic->name())) {
          const auto host = conductor_.agents().find(*agent_id);
          reply.running = host && (*host)->agent().phase() != Agent::Phase::closed;
          if (reply.running) reply.incarnation = (*host)->agent().incarnation();
        }
        answer->send(std::move(reply), std::move(descriptors));
      });
}

void ControlRequests::unsubscribe(Client& client, const control::Unsubscribe& request, Responder responder) {
  if (client.attachment == nullptr) {
    return responder.refuse({control::ErrorCode::not_attached, "this connection never attached"});
  }
  const auto answer = std::make_shared<Responder>(std::move(responder));
  client.attachment->unsubscribe(
      request.subscription(), [answer, number = request.subscription()](bool there) {
        if (there) return answer->ok();
        answer->refuse(
            {control::ErrorCode::no_such_subscription, fmt::format("there is no subscription {}", number)});
      });
}

}  // namespace ringside::agentd
