// SPDX-License-Identifier: Apache-2.0
#include "schema/event_builder.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "schema/event_check.hpp"

namespace ringside::schema {
namespace {

constexpr Stamp stamp{7, 3};

/// What the builder writes must be what anybody may publish.
const events::Event& checked(const EventBuffer& buffer) {
  const auto event = check_event(buffer.bytes());
  EXPECT_TRUE(event) << event.error().message;
  EXPECT_EQ(buffer.stamp(), stamp);
  return buffer.event();
}

TEST(EventBuilder, TextDeltaGrowsATextPart) {
  EventBuilder builder;
  const EventBuffer buffer = builder.text_delta(stamp, "m1", 2, "Hello");
  const auto* deltas = checked(buffer).payload_as_llm_deltas()->deltas();
  ASSERT_EQ(deltas->size(), 1u);
  EXPECT_EQ(deltas->Get(0)->message_id()->str(), "m1");
  EXPECT_EQ(deltas->Get(0)->part_index(), 2u);
  EXPECT_EQ(deltas->Get(0)->text()->str(), "Hello");
  EXPECT_EQ(deltas->Get(0)->role(), events::Role::assistant);
  EXPECT_EQ(deltas->Get(0)->status(), events::DeltaStatus::incomplete);
}

TEST(EventBuilder, ThinkingDeltaNeverCarriesText) {
  EventBuilder builder;
  const EventBuffer buffer = builder.thinking_delta(stamp, "m1", 0, "Hm");
  const auto* delta = checked(buffer).payload_as_llm_deltas()->deltas()->Get(0);
  EXPECT_EQ(delta->text(), nullptr);
  EXPECT_EQ(delta->content()->type(), events::ContentType::thinking);
  EXPECT_EQ(delta->content()->content()->str(), "Hm");
}

TEST(EventBuilder, ToolCallDeltaLeavesOutWhatTheChunkDidNotSay) {
  EventBuilder builder;
  ToolCallFragment fragment;
  fragment.index = 1;
  fragment.arguments = "{\"ci";
  const EventBuffer buffer = builder.tool_call_delta(stamp, "m1", fragment);
  const auto* call = checked(buffer).payload_as_llm_deltas()->deltas()->Get(0)->tool_calls()->Get(0);
  EXPECT_EQ(call->index(), 1u);
  EXPECT_EQ(call->call_id(), nullptr);
  EXPECT_EQ(call->name(), nullptr);
  EXPECT_EQ(call->arguments()->str(), "{\"ci");
}

TEST(EventBuilder, StatusChangedCarriesTheErrorItIsGiven) {
  EventBuilder builder;
  const EventBuffer idle = builder.status_changed(stamp, events::AgentStatus::idle);
  EXPECT_EQ(checked(idle).payload_as_status_changed()->error(), nullptr);
  const EventBuffer failed =
      builder.status_changed(stamp, events::AgentStatus::error, ErrorView{"no", "timeout", ""});
  const auto* error = checked(failed).payload_as_status_changed()->error();
  EXPECT_EQ(error->message()->str(), "no");
  EXPECT_EQ(error->type()->str(), "timeout");
  EXPECT_EQ(error->detail(), nullptr);
}

TEST(EventBuilder, UserMessageHasOneTextPart) {
  EventBuilder builder;
  const EventBuffer buffer = builder.user_message(stamp, "u1", "Hi");
  const auto* message = checked(buffer).payload_as_llm_message()->message();
  EXPECT_EQ(message->role(), events::Role::user);
  EXPECT_EQ(message->content()->Get(0)->content()->str(), "Hi");
}

TEST(EventBuilder, ClosesToolCalls) {
  EventBuilder builder;
  const EventBuffer cancelled = builder.tool_execution_cancelled(stamp, "c1");
  EXPECT_EQ(checked(cancelled).payload_as_tool_execution_cancelled()->call_id()->str(), "c1");
  const EventBuffer failed = builder.tool_execution_failed(stamp, "c1", ErrorView{"no", "", "trace"});
  EXPECT_EQ(checked(failed).payload_as_tool_execution_failed()->error()->detail()->str(), "trace");
}

TEST(EventBuilder, EndsRunsAndLives) {
  EventBuilder builder;
  const EventBuffer failed = builder.chain_error(stamp, ErrorView{"no", "", ""});
  EXPECT_EQ(checked(failed).payload_as_chain_error()->error()->message()->str(), "no");
  events::AgentShutdownT shutdown;
  shutdown.reason = events::ShutdownReason::no_viewers;
  shutdown.last_activity_at = 5;
  const EventBuffer ended = builder.agent_shutdown(stamp, shutdown);
  EXPECT_EQ(checked(ended).payload_as_agent_shutdown()->reason(), events::ShutdownReason::no_viewers);
  EXPECT_EQ(ended.event().payload_as_agent_shutdown()->last_activity_at(), 5);
}

TEST(EventBuilder, OneEventLeavesNothingBehindInTheNext) {
  EventBuilder builder;
  const EventBuffer alone = EventBuilder().text_delta(stamp, "m1", 0, "x");
  const EventBuffer large = builder.text_delta(stamp, "m1", 0, std::string(100'000, 'a'));
  const EventBuffer after = builder.text_delta(stamp, "m1", 0, "x");
  EXPECT_TRUE(std::ranges::equal(alone.bytes(), after.bytes()));
}

TEST(EventBuffer, IsAlignedForEveryScalar) {
  const EventBuffer buffer = EventBuilder().text_delta(stamp, "m", 0, "x");
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.bytes().data()) % event_alignment, 0u);
}

TEST(EventBuffer, MovesItsBytesAndLeavesNone) {
  EventBuffer first = EventBuilder().text_delta(stamp, "m", 0, "x");
  const auto* data = first.bytes().data();
  const EventBuffer second = std::move(first);
  EXPECT_EQ(second.bytes().data(), data);
  EXPECT_TRUE(first.bytes().empty());  // NOLINT(bugprone-use-after-move): the promise of the class
  EXPECT_EQ(second.kind(), events::Payload::llm_deltas);
}

TEST(EventBuffer, CopiesAreEqualAndApart) {
  const EventBuffer first = EventBuilder().text_delta(stamp, "m", 0, "x");
  const EventBuffer second = first.copy();
  EXPECT_NE(first.bytes().data(), second.bytes().data());
  EXPECT_TRUE(std::ranges::equal(first.bytes(), second.bytes()));
}

TEST(EventBuffer, RestampChangesTheLifeAndTheRunAndNothingElse) {
  const EventBuffer before = EventBuilder().user_message(stamp, "u1", "Hi");
  const EventBuffer after = restamp(before.event(), 8, 9);
  EXPECT_EQ(after.stamp(), (Stamp{8, 9}));
  EXPECT_TRUE(
      std::ranges::equal(restamp(after.event(), 7, 3).bytes(), restamp(before.event(), 7, 3).bytes()));
  EXPECT_EQ(after.event().payload_as_llm_message()->message()->id()->str(), "u1");
}

}  // namespace
}  // namespace ringside::schema
