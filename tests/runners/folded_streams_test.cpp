// SPDX-License-Identifier: Apache-2.0
//
// What real providers streamed, folded: joining at any event gives the text so far, and all that follows is the same.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "schema/fold.hpp"
#include "tests/runners/recorded_run.hpp"
#include "tests/runners/stream_oracle.hpp"
#include "tests/runners/viewed_stream.hpp"

namespace ringside::agentd {
namespace {

std::string snapshot_of(const schema::Fold& fold) {
  const schema::EventBuffer snapshot = fold.snapshot();
  return {reinterpret_cast<const char*>(snapshot.bytes().data()), snapshot.bytes().size()};
}

ViewedMessage viewed(const schema::FoldedMessage& message) {
  ViewedMessage seen;
  for (const schema::FoldedPart& part : message.fold.parts())
    (part.type == events::ContentType::thinking ? seen.thinking : seen.text) += part.content;
  for (const events::ToolCallT& call : message.fold.tool_calls())
    seen.calls[call.index] = {call.call_id, call.name, call.arguments};
  return seen;
}

/// The state right now against what a viewer who only appends has seen.
void expect_seen(const schema::AgentFold& agent, const ViewedStream& seen) {
  const bool ended = agent.status() == events::AgentStatus::idle;
  const std::size_t in_flight =
      ended ? 0 : static_cast<std::size_t>(std::ranges::count_if(seen.folded, [&](const auto& message) {
        return !seen.complete.contains(message.first);
      }));
  ASSERT_EQ(agent.messages().size(), in_flight);
  for (const schema::FoldedMessage& message : agent.messages())
    EXPECT_EQ(viewed(message), seen.folded.at(message.id));
  EXPECT_EQ(agent.calls().size(), ended ? 0 : seen.identified.size());
}

void expect_same_from_any_event(const std::vector<schema::EventBuffer>& events) {
  schema::Fold whole(schema::StateKind::agent);
  for (const schema::EventBuffer& event : events)
    whole.apply(event.event());
  schema::Fold fold(schema::StateKind::agent);
  ViewedStream seen;
  for (std::size_t cut = 0; cut < events.size(); ++cut) {
    fold.apply(events[cut].event());
    seen.see(events[cut].event());
    ASSERT_NO_FATAL_FAILURE(expect_seen(*fold.agent(), seen)) << "after event " << cut;
    schema::Fold late(schema::StateKind::agent);
    late.apply(fold.snapshot().event());
    ASSERT_EQ(snapshot_of(late), snapshot_of(fold)) << "after event " << cut;
    for (std::size_t rest = cut + 1; rest < events.size(); ++rest)
      late.apply(events[rest].event());
    ASSERT_EQ(snapshot_of(late), snapshot_of(whole)) << "after event " << cut;
  }
}

TEST(FoldedStreams, OfProvidersAreTheSameFromAnyEventOn) {
  if (provider_recordings().empty()) GTEST_SKIP() << "no ../shared/streams/providers";
  for (const auto& file : provider_recordings()) {
    SCOPED_TRACE(file.filename());
    const auto events = recorded_run(file);
    EXPECT_GT(events.size(), 10U);
    expect_same_from_any_event(events);
  }
}

TEST(FoldedStreams, OfOurSamplesAreTheSameFromAnyEventOn) {
  for (const char* name : {"lighthouse.chunks.txt", "weather.chunks.txt"}) {
    SCOPED_TRACE(name);
    expect_same_from_any_event(recorded_run(sample(name)));
  }
}

}  // namespace
}  // namespace ringside::agentd
