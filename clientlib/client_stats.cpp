// SPDX-License-Identifier: Apache-2.0
#include <tuple>
#include <utility>

#include <ringside/client.hpp>

#include "clientlib/request.hpp"
#include "clientlib/session.hpp"

namespace ringside {
namespace {

using detail::failure;
using detail::to_request;

TopicStat to_stat(const control::TopicStat& stat) {
  return {.topic = stat.topic()->str(),
          .object_name = stat.object_name()->str(),
          .next_sequence = stat.next_sequence(),
          .counts = {.events = stat.events(),
                     .bytes = stat.bytes(),
                     .wakes = stat.bells(),
                     .rolls = stat.rolls(),
                     .withdrawn = stat.withdrawn(),
                     .window_segments = stat.window_segments(),
                     .set_aside = stat.set_aside(),
                     .subscribers = stat.subscribers(),
                     .shrunk = stat.shrunk(),
                     .backing_failed = stat.backing_failed(),
                     .no_space = stat.no_space(),
                     .evicted = stat.evicted(),
                     .large_events = stat.large_events(),
                     .backed_bytes = stat.backed_bytes(),
                     .keyframes = stat.keyframes(),
                     .keyframe_bytes = stat.keyframe_bytes()},
          .stale_dropped = stat.stale_dropped(),
          .stalled = stat.stalled()};
}

Reading to_reading(control::Reading reading) noexcept {
  switch (reading) {
    case control::Reading::copying:
      return Reading::copying;
    case control::Reading::pinning:
      return Reading::pinning;
    case control::Reading::reliable:
      break;
  }
  return Reading::reliable;
}

/// A reader that has yet to consume anything has said nothing, and one may say anything: never more than there is.
std::optional<std::uint64_t> lag_of(const control::ReaderStat& stat, std::uint64_t next_sequence) noexcept {
  if (!stat.next_sequence() || *stat.next_sequence() == 0) return std::nullopt;
  const std::uint64_t lag = next_sequence - *stat.next_sequence();
  return static_cast<std::int64_t>(lag) < 0 ? 0 : lag;
}

ReaderStat to_stat(const control::ReaderStat& stat, std::uint64_t next_sequence) {
  return {.session = stat.session(),
          .subscription = stat.subscription(),
          .pid = stat.pid(),
          .uid = stat.uid(),
          .client = stat.client_name() == nullptr ? std::string() : stat.client_name()->str(),
          .reading = to_reading(stat.reading()),
          .evicted = stat.evicted(),
          .lag = lag_of(stat, next_sequence),
          .lost = stat.lost()};
}

}  // namespace

expected<std::vector<TopicStat>, RequestError> Client::topic_stats() {
  std::vector<TopicStat> topics;
  std::string after;
  for (;;) {
    control::TopicStatsT table;
    table.after = after;
    const auto answer = session_->ask(to_request(std::move(table)));
    if (!answer) return unexpected(answer.error());
    const auto page = detail::body_of<control::TopicStatsReply>(*answer->reply);
    if (!page) return unexpected(page.error());
    for (const control::TopicStat* stat : *(*page)->topics()) {
      // Each page goes on where the last ended, or this would never come to an end.
      if (stat->topic()->string_view() <= after)
        return failure(RequestFault::protocol, "agentd's list of topics is not in order");
      topics.push_back(to_stat(*stat));
      after = topics.back().topic;
    }
    if (!(*page)->more() || (*page)->topics()->size() == 0) return topics;
  }
}

expected<std::vector<ReaderStat>, RequestError> Client::reader_stats(std::string_view topic) {
  std::vector<ReaderStat> readers;
  std::pair<std::uint64_t, std::uint64_t> after{0, 0};
  for (;;) {
    control::ReaderStatsT table;
    table.topic = topic;
    std::tie(table.after_session, table.after_subscription) = after;
    const auto answer = session_->ask(to_request(std::move(table)));
    if (!answer) return unexpected(answer.error());
    const auto page = detail::body_of<control::ReaderStatsReply>(*answer->reply);
    if (!page) return unexpected(page.error());
    for (const control::ReaderStat* stat : *(*page)->readers()) {
      const std::pair next{stat->session(), stat->subscription()};
      if (next <= after) return failure(RequestFault::protocol, "agentd's list of readers is not in order");
      readers.push_back(to_stat(*stat, (*page)->next_sequence()));
      after = next;
    }
    if (!(*page)->more() || (*page)->readers()->size() == 0) return readers;
  }
}

}  // namespace ringside
