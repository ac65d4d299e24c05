// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "agentd/control_requests.hpp"
#include "schema/event_check.hpp"
#include "schema/event_kind.hpp"

namespace ringside::agentd {

namespace {

/// Events as they come from outside, checked, and made events of this life. Debug events that nobody reads are only
/// checked: `topic` is nullptr, and there are none.
struct Batch {
  std::shared_ptr<Topic> topic;
  std::vector<schema::EventBuffer> events;
};

/// A batch on its way.
struct Underway {
  Responder responder;
  std::shared_ptr<Topic> topic;
  std::shared_ptr<LifeTopics> life;
  std::uint32_t count;
  std::vector<schema::EventBuffer> of_calls;  // what is to be believed once it is visible
};

unexpected<Refusal> refuse(control::ErrorCode code, std::string message) {
  return unexpected<Refusal>({code, std::move(message)});
}

/// Which of several, for people.
std::string which(std::size_t index, std::size_t count) {
  return count == 1 ? std::string("the event") : fmt::format("event {} of {}", index + 1, count);
}

expected<schema::EventBuffer, Refusal> take_event(const control::EncodedEvent& encoded,
                                                  const std::string& name, bool to_debug) {
  const auto* bytes = encoded.bytes();
  auto found = schema::copy_checked(std::as_bytes(std::span(bytes->data(), bytes->size())));
  if (!found) {
    return refuse(control::ErrorCode::bad_event,
                  fmt::format("{} is not usable: {}", name, found.error().message));
  }
  if (!schema::is_publishable(found->kind())) {
    return refuse(control::ErrorCode::not_publishable, fmt::format("{} is a {}: only agentd itself says that",
                                                                   name, schema::kind_name(found->kind())));
  }
  if (to_debug && !schema::is_debug_kind(found->kind()) && found->kind() != events::Payload::custom) {
    return refuse(control::ErrorCode::bad_request,
                  fmt::format("{} is a {}, which is no debug event: publish it to the main topic", name,
                              schema::kind_name(found->kind())));
  }
  return std::move(*found);
}

expected<schema::EventBuffer, Refusal> make_current(const schema::EventBuffer& found, const std::string& name,
                                                    const Agent& agent, const Topic& topic) {
  schema::EventBuffer event = schema::restamp(found.event(), agent.incarnation(), agent.run());
  if (event.bytes().size() > topic.event_size_max()) {
    return refuse(control::ErrorCode::event_too_large,
                  fmt::format("{} has {} bytes; {} takes {} at most (ring.large_event_max)", name,
                              event.bytes().size(), topic.name(), topic.event_size_max()));
  }
  return event;
}

expected<Batch, Refusal> take_batch(const control::Publish& request, const Agent& agent,
                                    const LifeTopics& topics) {
  const auto& encoded = *request.events();
  if (encoded.size() == 0) return refuse(control::ErrorCode::bad_request, "there is no event in it");
  Batch batch;
  bool debug = false;
  for (flatbuffers::uoffset_t i = 0; i < encoded.size(); ++i) {
    const std::string name = which(i, encoded.size());
    const auto found = take_event(*encoded.Get(i), name, request.debug());
    if (!found) return unexpected<Refusal>(found.error());
    const bool is_debug = request.debug() || schema::is_debug_kind(found->kind());
    if (i == 0) {
      debug = is_debug;
      batch.topic = debug ? topics.debug_topic() : topics.main_topic();
    }
    if (debug != is_debug) {
      return refuse(control::ErrorCode::bad_request,
                    "main and debug events go to different topics: publish them in batches of their own");
    }
    if (batch.topic == nullptr) continue;
    auto event = make_current(*found, name, agent, *batch.topic);
    if (!event) return unexpected<Refusal>(std::move(event.error()));
    batch.events.push_back(std::move(*event));
  }
  return batch;
}

Refusal refusal_of(BatchFault fault, const Topic& topic) {
  switch (fault) {
    case BatchFault::too_large:
      return {control::ErrorCode::event_too_large,
              fmt::format("an event is larger than the {} bytes that {} takes at most (ring.large_event_max)",
                          topic.event_size_max(), topic.name())};
    case BatchFault::no_space:
      return {control::ErrorCode::no_space,
              fmt::format("the ring of {} has no room now: shared memory is short, or readers pin all of it",
                          topic.name())};
    case BatchFault::stale:
    case BatchFault::closed:
      break;
  }
  return {control::ErrorCode::not_running, "the agent ended meanwhile"};
}

std::vector<schema::EventBuffer> copies_of_calls(const std::vector<schema::EventBuffer>& events) {
  std::vector<schema::EventBuffer> copies;
  for (const schema::EventBuffer& event : events)
    if (OpenCalls::concerns(event.kind())) copies.push_back(schema::EventBuffer::copy_of(event.bytes()));
  return copies;
}

}  // namespace

void ControlRequests::publish(const control::Publish& request, Responder responder) {
  const auto host = conductor_.agents().find(request.agent_id()->string_view());
  if (!host) return responder.refuse(host.error());
  if ((*host)->agent().phase() == Agent::Phase::closed) {
    return responder.refuse({control::ErrorCode::not_running, "the agent has just ended"});
  }
  auto batch = take_batch(request, (*host)->agent(), *(*host)->topics());
  if (!batch) return responder.refuse(std::move(batch.error()));
  const std::uint32_t count = request.events()->size();
  const std::shared_ptr<Topic> topic = batch->topic;
  if (topic == nullptr) {  // nobody reads the debug events: that is no error, and they take no sequence
    control::PublishReplyT reply;
    reply.count = count;
    return responder.send(reply);
  }
  const auto underway = std::make_shared<Underway>(
      Underway{std::move(responder), topic, (*host)->topics(), count, copies_of_calls(batch->events)});
  topic->publish(std::move(batch->events), [this, underway](expected<std::uint64_t, BatchFault> first) {
    // On whatever thread writes: the answer is the conductor's, and so is what it means for the open calls.
    boost::asio::post(conductor_.context(), [this, underway, first] {
      if (!first) {
        if (first.error() == BatchFault::no_space) conductor_.topics().retry_stalled();
        return underway->responder.refuse(refusal_of(first.error(), *underway->topic));
      }
      underway->life->saw(underway->of_calls);
      control::PublishReplyT reply;
      reply.first_sequence = *first;
      reply.count = underway->count;
      underway->responder.send(reply);
    });
  });
  if (topic->stalled()) conductor_.topics().retry_stalled();
}

}  // namespace ringside::agentd
