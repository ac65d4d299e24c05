// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "agentd/control_requests.hpp"
#include "schema/control_codec.hpp"

namespace ringside::agentd {

namespace {

/// A page leaves room in its frame for what FlatBuffers adds.
constexpr std::size_t page_size_max = schema::frame_size_max * 3 / 4;
constexpr std::size_t topic_stat_size = 256;   // without its strings
constexpr std::size_t reader_stat_size = 128;  // without its string

control::TopicStatT stat_of(const Topic& topic) {
  const shm::RingCounters counters = topic.counters();
  control::TopicStatT stat;
  stat.topic = topic.name();
  stat.object_name = topic.object_name();
  stat.next_sequence = topic.next_sequence();
  stat.events = counters.events;
  stat.bytes = counters.bytes;
  stat.bells = counters.bells;
  stat.rolls = counters.rolls;
  stat.withdrawn = counters.withdrawn;
  stat.window_segments = counters.window_segments;
  stat.set_aside = counters.set_aside;
  stat.subscribers = counters.subscribers;
  stat.shrunk = counters.shrunk;
  stat.backing_failed = counters.backing_failed;
  stat.no_space = counters.no_space;
  stat.evicted = counters.evicted;
  stat.large_events = counters.large_events;
  stat.backed_bytes = counters.backed_bytes;
  stat.keyframes = counters.keyframes;
  stat.keyframe_bytes = counters.keyframe_bytes;
  stat.stale_dropped = topic.stale_dropped();
  stat.stalled = topic.stalled();
  return stat;
}

control::Reading to_control(Reading reading) {
  switch (reading) {
    case Reading::copying:
      return control::Reading::copying;
    case Reading::pinning:
      return control::Reading::pinning;
    case Reading::reliable:
      break;
  }
  return control::Reading::reliable;
}

control::ReaderStatT stat_of(const Client& client, const ReaderFacts& facts) {
  control::ReaderStatT stat;
  stat.session = client.attachment->session();
  stat.subscription = facts.subscription;
  stat.pid = client.process->pid();
  stat.uid = client.process->uid();
  stat.client_name = client.name;
  stat.reading = to_control(facts.reading);
  stat.evicted = facts.evicted;
  if (facts.next_sequence) stat.next_sequence = *facts.next_sequence;
  stat.lost = facts.lost;
  return stat;
}

}  // namespace

void ControlRequests::topic_stats(const control::TopicStats& request, Responder responder) {
  control::TopicStatsReplyT reply;
  std::size_t size = 0;
  const std::string_view after =
      request.after() == nullptr ? std::string_view() : request.after()->string_view();
  conductor_.topics().each_after(after, [&](const Topic& topic) {
    size += topic_stat_size + topic.name().size() + topic.object_name().size();
    reply.more = size > page_size_max;
    if (!reply.more) reply.topics.push_back(std::make_unique<control::TopicStatT>(stat_of(topic)));
    return !reply.more;
  });
  responder.send(std::move(reply));
}

void ControlRequests::reader_stats(const control::ReaderStats& request, Responder responder) {
  const std::string_view name = request.topic()->string_view();
  const auto topic = conductor_.topics().find(name);
  if (topic == nullptr) {
    return responder.refuse(
        {control::ErrorCode::no_such_topic,
         fmt::format("there is no topic {} now: nobody reads it, and no agent of that name runs", name)});
  }
  control::ReaderStatsReplyT reply;
  reply.next_sequence = topic->next_sequence();
  std::size_t size = 0;
  clients_.each([&](const Client& client) {
    if (reply.more || client.attachment == nullptr) return;
    const std::uint64_t session = client.attachment->session();
    if (session < request.after_session()) return;
    const std::uint64_t after = session == request.after_session() ? request.after_subscription() : 0;
    client.attachment->each_reader(*topic, after, [&](const ReaderFacts& facts) {
      size += reader_stat_size + client.name.size();
      reply.more = size > page_size_max;
      if (!reply.more)
        reply.readers.push_back(std::make_unique<control::ReaderStatT>(stat_of(client, facts)));
      return !reply.more;
    });
  });
  responder.send(std::move(reply));
}

}  // namespace ringside::agentd
