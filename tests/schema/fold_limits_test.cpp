// SPDX-License-Identifier: Apache-2.0
//
// A fold is bounded whatever it is told, and what does not fit is told as such or not kept.
#include <string>

#include <gtest/gtest.h>

#include "schema/event_builder.hpp"
#include "schema/event_check.hpp"
#include "schema/fold.hpp"
#include "told_events.hpp"

namespace ringside::schema {
namespace {

constexpr Stamp bounded_stamp{1, 1};

void expect_restorable(const Fold& fold) {
  const EventBuffer snapshot = fold.snapshot();
  const auto checked = check_event(snapshot.bytes());
  ASSERT_TRUE(checked) << checked.error().message;
  Fold restored(fold.kind());
  restored.apply(snapshot.event());
  EXPECT_TRUE(testing::same_bytes(restored.snapshot(), snapshot));
}

TEST(FoldLimits, AMessageThatOutgrowsThemIsTruncatedUntilItsWholeComes) {
  Fold fold(StateKind::agent);
  EventBuilder builder;
  const std::string megabyte(1U << 20U, 'x');
  std::size_t told = 0;
  while (fold.agent()->messages().empty() || !fold.agent()->messages()[0].truncated) {
    fold.apply(builder.text_delta(bounded_stamp, "m", 0, megabyte).event());
    ++told;
  }
  EXPECT_EQ(told, AgentFold::messages_size_max / megabyte.size());
  fold.apply(builder.text_delta(bounded_stamp, "m", 0, "y").event());
  EXPECT_EQ(fold.agent()->messages()[0].fold.parts()[0].content.size(), told * megabyte.size());
  expect_restorable(fold);
  fold.apply(builder.user_message(bounded_stamp, "m", "whole").event());
  fold.apply(builder.text_delta(bounded_stamp, "n", 0, "z").event());
  ASSERT_EQ(fold.agent()->messages().size(), 1U);
  EXPECT_FALSE(fold.agent()->messages()[0].truncated);
}

TEST(FoldLimits, WhereNothingIsLeftNoOtherMessageGrows) {
  Fold fold(StateKind::agent);
  EventBuilder builder;
  const std::string megabyte(1U << 20U, 'x');
  for (int i = 0; i < 33; ++i)
    fold.apply(builder.text_delta(bounded_stamp, "m0", 0, megabyte).event());
  for (std::size_t i = 0; i < AgentFold::messages_max; ++i)
    fold.apply(builder.text_delta(bounded_stamp, "m" + std::to_string(i), 0, megabyte).event());
  EXPECT_LT(fold.size(), std::size_t{34} << 20U);
  ASSERT_EQ(fold.agent()->messages().size(), AgentFold::messages_max);
  for (const FoldedMessage& message : fold.agent()->messages())
    EXPECT_TRUE(message.truncated) << message.id;
  expect_restorable(fold);
  fold.apply(builder.user_message(bounded_stamp, "m0", "whole").event());
  fold.apply(builder.text_delta(bounded_stamp, "m1", 0, "y").event());
  EXPECT_TRUE(fold.agent()->messages()[0].fold.empty()) << "it lacks its beginning";
}

TEST(FoldLimits, AMessageOfATooLongIdIsNotKept) {
  Fold fold(StateKind::agent);
  EventBuilder builder;
  const std::string longest(AgentFold::message_id_size_max, 'm');
  fold.apply(builder.text_delta(bounded_stamp, longest + "m", 0, "x").event());
  EXPECT_TRUE(fold.agent()->messages().empty());
  fold.apply(builder.text_delta(bounded_stamp, longest, 0, "x").event());
  EXPECT_EQ(fold.agent()->messages().size(), 1U);
}

TEST(FoldLimits, ACallThatIsToldAsCompleteManyTimesIsParsedOnce) {
  Fold fold(StateKind::agent);
  const auto tell = [&](std::size_t count, events::ToolCallStatus status, const std::string& arguments) {
    auto delta = std::make_unique<events::MessageDeltaT>();
    delta->message_id = "m";
    for (std::size_t i = 0; i < count; ++i) {
      delta->tool_calls.push_back(std::make_unique<events::ToolCallT>());
      delta->tool_calls.back()->status = status;
      delta->tool_calls.back()->arguments = arguments;
    }
    events::LlmDeltasT deltas;
    deltas.deltas.push_back(std::move(delta));
    events::EventT event;
    event.payload.Set(std::move(deltas));
    fold.apply(pack(event).event());
  };
  tell(1, events::ToolCallStatus::incomplete, R"({"text":")" + std::string(16U << 20U, 'x') + '"');
  for (int i = 0; i < 1000; ++i)  // 4 TB of arguments, were each parsed: the test would run into its limit
    tell(250, events::ToolCallStatus::complete, {});
  EXPECT_EQ(fold.agent()->messages()[0].fold.tool_call(0)->status, events::ToolCallStatus::incomplete);
}

events::EventT interrupted(std::size_t size) {
  auto request = std::make_unique<events::ActionRequestT>();
  request->tool_call_id = "c";
  request->arguments = std::string(size, 'x');
  events::ApprovalT approval;
  approval.requests.push_back(std::move(request));
  events::StatusChangedT changed;
  changed.status = events::AgentStatus::interrupted;
  changed.interrupt = std::make_unique<events::InterruptT>();
  changed.interrupt->id = "i";
  changed.interrupt->data.Set(std::move(approval));
  events::EventT event;
  event.payload.Set(std::move(changed));
  return event;
}

events::EventT todos_of(std::size_t count, std::size_t size) {
  events::TodosUpdatedT updated;
  for (std::size_t i = 0; i < count; ++i) {
    updated.todos.push_back(std::make_unique<events::TodoT>());
    updated.todos.back()->content = std::string(size, 'x');
  }
  events::EventT event;
  event.payload.Set(std::move(updated));
  return event;
}

events::EventT joined(std::size_t windows, std::size_t size) {
  events::PresenceDiffT diff;
  diff.version = 1;
  diff.joins.push_back(std::make_unique<events::PresenceEntryT>());
  diff.joins.back()->key = "ann";
  for (std::size_t i = 0; i < windows; ++i) {
    auto meta = std::make_unique<events::PresenceMetaT>();
    meta->ref = i + 1;
    meta->meta.push_back(std::make_unique<events::KeyValueT>());
    meta->meta.back()->key = "k";
    meta->meta.back()->value = std::string(size, 'x');
    diff.joins.back()->metas.push_back(std::move(meta));
  }
  events::EventT event;
  event.payload.Set(std::move(diff));
  return event;
}

TEST(FoldLimits, TheSizeCountsWhatCanBeLarge) {
  const auto expect_counted = [](StateKind kind, const events::EventT& event) {
    Fold fold(kind);
    fold.apply(pack(event).event());
    const EventBuffer snapshot = fold.snapshot();
    EXPECT_GE(2 * fold.size(), snapshot.bytes().size());
    EXPECT_LE(fold.size(), 2 * snapshot.bytes().size());
    Fold restored(kind);
    restored.apply(snapshot.event());
    EXPECT_EQ(restored.size(), fold.size());
  };
  expect_counted(StateKind::agent, interrupted(900'000));
  expect_counted(StateKind::agent, todos_of(50, 1000));
  expect_counted(StateKind::presence, joined(10, 4000));
}

TEST(FoldLimits, AMessageOfTooManyPartsIsTruncated) {
  Fold fold(StateKind::agent);
  EventBuilder builder;
  for (std::uint32_t i = 0; i < AgentFold::items_max + 10; ++i)
    fold.apply(builder.text_delta(bounded_stamp, "m", i, "x").event());
  EXPECT_TRUE(fold.agent()->messages()[0].truncated);
  EXPECT_EQ(fold.agent()->messages()[0].fold.item_count(), AgentFold::items_max + 1);
  expect_restorable(fold);
}

TEST(FoldLimits, OneMessageTooManyIsNotKept) {
  Fold fold(StateKind::agent);
  EventBuilder builder;
  for (std::size_t i = 0; i < AgentFold::messages_max + 2; ++i)
    fold.apply(builder.text_delta(bounded_stamp, "m" + std::to_string(i), 0, "x").event());
  EXPECT_EQ(fold.agent()->messages().size(), AgentFold::messages_max);
  fold.apply(builder.text_delta(bounded_stamp, "m0", 0, "y").event());
  EXPECT_EQ(fold.agent()->messages()[0].fold.parts()[0].content, "xy");
  expect_restorable(fold);
}

EventBuffer identified(const std::string& call_id, const std::string& arguments) {
  events::ToolCallIdentifiedT event;
  event.tool = std::make_unique<events::ToolCallT>();
  event.tool->call_id = call_id;
  event.tool->name = "n";
  event.tool->arguments = arguments;
  events::EventT object;
  object.payload.Set(std::move(event));
  return pack(object);
}

TEST(FoldLimits, ACallThatDoesNotFitIsNotKept) {
  Fold fold(StateKind::agent);
  for (std::size_t i = 0; i < OpenCallsFold::calls_max + 2; ++i)
    fold.apply(identified("c" + std::to_string(i), {}).event());
  EXPECT_EQ(fold.agent()->calls().size(), OpenCallsFold::calls_max);
  fold.apply(identified("c7", std::string(OpenCallsFold::size_max, 'x')).event());
  EXPECT_EQ(fold.agent()->calls().size(), OpenCallsFold::calls_max - 1);
  expect_restorable(fold);
}

TEST(FoldLimits, AQueueThatIsFullKeepsWhatItHas) {
  Fold fold(StateKind::agent);
  const auto queue = [&](std::size_t number, std::size_t size) {
    events::MessageQueuedT queued;
    queued.message = std::make_unique<events::MessageT>();
    queued.message->id = "q" + std::to_string(number);
    queued.message->name = std::string(size, 'x');
    events::EventT event;
    event.payload.Set(std::move(queued));
    fold.apply(pack(event).event());
  };
  queue(1, AgentFold::queued_size_max / 2);
  queue(2, AgentFold::queued_size_max / 2);
  ASSERT_EQ(fold.agent()->queued().size(), 1U);
  for (std::size_t i = 3; i < AgentFold::queued_max + 9; ++i)
    queue(i, 1);
  EXPECT_EQ(fold.agent()->queued().size(), AgentFold::queued_max);
  EXPECT_EQ(fold.agent()->queued()[0].id, "q1");
  expect_restorable(fold);
}

TEST(FoldLimits, UsageHasABoundedNumberOfCounters) {
  testing::ToldFold told(StateKind::agent);
  for (std::size_t i = 0; i < UsageFold::extras_max + 2; ++i)
    told.tell("llm_token_usage",
              R"({"extras":[{"key":"k)" + std::to_string(1000 - i) + R"(","value":"1"}]})");
  EXPECT_EQ(told.agent().usage().extras().size(), UsageFold::extras_max);
  EXPECT_TRUE(told.agent().usage().extras().contains("k1000")) << "those that came first";
}

}  // namespace
}  // namespace ringside::schema
