// SPDX-License-Identifier: Apache-2.0
#include "schema/event_check.hpp"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "schema/event_builder.hpp"
#include "schema/fold.hpp"

namespace ringside::schema {
namespace {

constexpr Stamp checked_stamp{1, 1};

/// An event as bytes that a test may spoil, at an aligned address.
class Spoilt {
 public:
  explicit Spoilt(const EventBuffer& event)
      : words_((event.bytes().size() + 7) / 8), size_(event.bytes().size()) {
    std::memcpy(words_.data(), event.bytes().data(), size_);
  }

  std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(words_)).first(size_); }

  /// The only place where these bytes stand.
  std::byte* find(std::string_view text) {
    const std::string_view all(reinterpret_cast<const char*>(words_.data()), size_);
    const auto at = all.find(text);
    EXPECT_NE(at, std::string_view::npos);
    EXPECT_EQ(all.find(text, at + 1), std::string_view::npos);
    return bytes().data() + at;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_;
};

EventError event_refused(std::span<const std::byte> bytes) {
  const auto checked = check_event(bytes);
  EXPECT_FALSE(checked);
  return checked ? EventError{} : checked.error();
}

std::byte* address_of_kind(Spoilt& event) {
  auto* table = flatbuffers::GetMutableRoot<flatbuffers::Table>(event.bytes().data());
  return reinterpret_cast<std::byte*>(table->GetAddressOf(events::Event::VT_PAYLOAD_TYPE));
}

TEST(CheckEvent, PointsIntoTheBytesThatItAccepts) {
  const EventBuffer event = EventBuilder().text_delta(checked_stamp, "m", 0, "x");
  const auto checked = check_event(event.bytes());
  ASSERT_TRUE(checked);
  EXPECT_EQ(*checked, &event.event());
}

TEST(CheckEvent, RefusesWhatIsNotAnEvent) {
  const std::vector<std::uint64_t> zeros(16);
  EXPECT_EQ(event_refused({}).fault, EventFault::malformed);
  EXPECT_FALSE(copy_checked({}));
  EXPECT_EQ(event_refused(std::as_bytes(std::span(zeros))).fault, EventFault::malformed);
  EXPECT_EQ(event_refused({}).message,
            "the bytes are not an encoded event, or it is nested too deep or too large");
}

TEST(CheckEvent, RefusesEveryBeginningOfAnEvent) {
  const EventBuffer event = EventBuilder().text_delta(checked_stamp, "message", 0, "Hello");
  for (std::size_t size = 0; size < event.bytes().size(); ++size) {
    const auto copied = copy_checked(event.bytes().first(size));
    if (copied) {  // what is missing is padding
      EXPECT_GT(size + event_alignment, event.bytes().size());
    } else {
      EXPECT_EQ(copied.error().fault, EventFault::malformed) << size;
    }
  }
}

TEST(CheckEvent, RefusesAnotherFileIdentifier) {
  Spoilt event(EventBuilder().text_delta(checked_stamp, "m", 0, "x"));
  *event.find("RSE1") = std::byte{'X'};
  EXPECT_EQ(event_refused(event.bytes()).fault, EventFault::malformed);
}

TEST(CheckEvent, RefusesAnAddressThatIsNotAligned) {
  const EventBuffer event = EventBuilder().text_delta(checked_stamp, "m", 0, "x");
  std::vector<std::uint64_t> words(event.bytes().size() / 8 + 2);
  const auto shifted = std::as_writable_bytes(std::span(words)).subspan(4, event.bytes().size());
  std::memcpy(shifted.data(), event.bytes().data(), shifted.size());
  EXPECT_EQ(event_refused(shifted).message, "the event's address is not aligned to 8 bytes");
  EXPECT_TRUE(copy_checked(shifted));
}

TEST(CheckEvent, NamesAKindThatItDoesNotKnow) {
  Spoilt event(EventBuilder().text_delta(checked_stamp, "m", 0, "x"));
  *address_of_kind(event) = std::byte{200};
  EXPECT_EQ(event_refused(event.bytes()).fault, EventFault::unknown_kind);
  EXPECT_EQ(event_refused(event.bytes()).message, "unknown kind of event 200");
}

TEST(CheckEvent, RefusesAPayloadOfNoKind) {
  Spoilt event(EventBuilder().text_delta(checked_stamp, "m", 0, "x"));
  *address_of_kind(event) = std::byte{0};
  EXPECT_EQ(event_refused(event.bytes()).fault, EventFault::malformed);
  EXPECT_EQ(event_refused(event.bytes()).message, "payload has a value of no type");
}

TEST(CheckEvent, NamesTheStringThatIsNotUtf8) {
  Spoilt event(EventBuilder().text_delta(checked_stamp, "m", 0, "Hello"));
  *event.find("Hello") = std::byte{0xff};
  EXPECT_EQ(event_refused(event.bytes()).fault, EventFault::bad_utf8);
  EXPECT_EQ(event_refused(event.bytes()).message, "llm_deltas.deltas[0].text is not valid UTF-8");
}

TEST(CheckEvent, NamesTheEnumeratorThatItDoesNotKnow) {
  Spoilt event(EventBuilder().status_changed(checked_stamp, events::AgentStatus::running));
  auto* payload = const_cast<void*>(events::GetEvent(event.bytes().data())->payload());
  *static_cast<flatbuffers::Table*>(payload)->GetAddressOf(events::StatusChanged::VT_STATUS) = 99;
  EXPECT_EQ(event_refused(event.bytes()).fault, EventFault::bad_value);
  EXPECT_EQ(event_refused(event.bytes()).message, "status_changed.status has the unknown value 99");
}

TEST(CheckEvent, LooksIntoUnionsInsideThePayload) {
  events::EventT event;
  events::StatusChangedT changed;
  changed.status = events::AgentStatus::interrupted;
  changed.interrupt = std::make_unique<events::InterruptT>();
  changed.interrupt->id = "i";
  events::HaltT halt;
  halt.message = "Stopped.";
  changed.interrupt->data.Set(halt);
  event.payload.Set(std::move(changed));
  Spoilt spoilt(pack(event));
  EXPECT_TRUE(check_event(spoilt.bytes()));
  *spoilt.find("Stopped.") = std::byte{0xc0};
  EXPECT_EQ(event_refused(spoilt.bytes()).message,
            "status_changed.interrupt.data.message is not valid UTF-8");
}

/// An event whose interrupts are nested `depth` times, each level being three tables deep.
EventBuffer nested_interrupt(int depth) {
  auto interrupt = std::make_unique<events::InterruptT>();
  interrupt->id = "i";
  interrupt->data.Set(events::HaltT());
  for (int i = 0; i < depth; ++i) {
    auto outer = std::make_unique<events::InterruptT>();
    outer->id = "i";
    events::SubagentInterruptT subagent;
    subagent.subagent_id = "s";
    subagent.interrupt = std::move(interrupt);
    outer->data.Set(std::move(subagent));
    interrupt = std::move(outer);
  }
  events::StatusChangedT changed;
  changed.status = events::AgentStatus::interrupted;
  changed.interrupt = std::move(interrupt);
  events::EventT event;
  event.payload.Set(std::move(changed));
  return pack(event);
}

TEST(CheckEvent, AllowsSixteenLevelsAndNoMore) {
  // Event, status_changed, then two levels for each interrupt: itself and what it is about.
  EXPECT_TRUE(check_event(nested_interrupt(6).bytes()));
  EXPECT_EQ(event_refused(nested_interrupt(7).bytes()).fault, EventFault::malformed);
  EXPECT_EQ(event_refused(nested_interrupt(5000).bytes()).fault, EventFault::malformed);
}

TEST(CheckEvent, ASnapshotHoldsWhatAnEventMayBring) {
  Fold fold(StateKind::agent);
  fold.apply(nested_interrupt(6).event());
  EXPECT_TRUE(check_event(fold.snapshot().bytes()));
  Fold too_deep(StateKind::agent);
  too_deep.apply(nested_interrupt(7).event());
  EXPECT_EQ(event_refused(too_deep.snapshot().bytes()).fault, EventFault::malformed);
}

EventBuffer todos(std::uint32_t count) {
  events::TodosUpdatedT updated;
  for (std::uint32_t id = 1; id <= count; ++id) {
    auto todo = std::make_unique<events::TodoT>();
    todo->id = id;
    todo->content = "x";
    updated.todos.push_back(std::move(todo));
  }
  events::EventT event;
  event.payload.Set(std::move(updated));
  return pack(event);
}

TEST(CheckEvent, AllowsTwoHundredAndFiftySixTablesAndNoMore) {
  EXPECT_TRUE(check_event(todos(event_tables_max - 2).bytes()));
  EXPECT_EQ(event_refused(todos(event_tables_max - 1).bytes()).fault, EventFault::malformed);
}

TEST(CheckEvent, ASnapshotMayHaveAsManyTablesAsItHasRoomFor) {
  Fold fold(StateKind::agent);
  for (std::uint32_t part = 0; part < 2 * event_tables_max; ++part)
    fold.apply(EventBuilder().text_delta(checked_stamp, "m", part, "x").event());
  Spoilt snapshot(fold.snapshot());
  EXPECT_TRUE(check_event(snapshot.bytes()));
  *address_of_kind(snapshot) = static_cast<std::byte>(events::Payload::messages_appended);
  EXPECT_FALSE(check_event(snapshot.bytes())) << "it is the kind that allows them";
}

/// Each of `width` messages is the same one, and so are its parts: `width` squared visits for those who follow.
EventBuffer shared_tables(std::size_t width) {
  flatbuffers::FlatBufferBuilder builder;
  const auto content = events::CreateContentPart(builder);
  const std::vector parts(width, events::CreateOpenPart(builder, 0, content));
  const auto id = builder.CreateString("m");
  const auto message = events::CreateOpenMessage(
      builder, id, events::Role::user, events::DeltaStatus::incomplete, builder.CreateVector(parts));
  const auto messages = builder.CreateVector(std::vector(width, message));
  events::AgentStateBuilder state(builder);
  state.add_messages(messages);
  const auto snapshot = events::CreateSnapshot(builder, state.Finish());
  events::FinishEventBuffer(builder,
                            events::CreateEvent(builder, 1, 1, events::Payload::snapshot, snapshot.Union()));
  return EventBuffer::copy_of(std::as_bytes(builder.GetBufferSpan()));
}

TEST(CheckEvent, RefusesASnapshotWhoseTablesAreSharedTooOften) {
  EXPECT_TRUE(check_event(shared_tables(8).bytes()));
  EXPECT_EQ(event_refused(shared_tables(20'000).bytes()).fault, EventFault::malformed);
}

/// A valid FlatBuffer that is small, and expensive for whoever follows every reference.
EventBuffer shared_text(std::size_t text_size, std::size_t references) {
  flatbuffers::FlatBufferBuilder builder;
  const auto text = builder.CreateString(std::string(text_size, 'a'));
  std::vector<flatbuffers::Offset<events::ContentPart>> parts;
  for (std::size_t i = 0; i < references; ++i) {
    parts.push_back(events::CreateContentPart(builder, events::ContentType::text, text));
  }
  const auto content = builder.CreateVector(parts);
  const auto id = builder.CreateString("m");
  const auto message =
      events::CreateMessage(builder, id, events::Role::user, events::MessageStatus::complete, content);
  const auto payload = events::CreateLlmMessage(builder, message);
  events::FinishEventBuffer(
      builder, events::CreateEvent(builder, 1, 1, events::Payload::llm_message, payload.Union()));
  return EventBuffer::copy_of(std::as_bytes(builder.GetBufferSpan()));
}

TEST(CheckEvent, RefusesToFollowTheSameBytesOverAndOver) {
  EXPECT_TRUE(check_event(shared_text(100, 200).bytes()));
  EXPECT_TRUE(check_event(shared_text(1'000'000, 3).bytes()));
  const EventError error = event_refused(shared_text(1'000'000, 200).bytes());
  EXPECT_EQ(error.fault, EventFault::malformed);
  EXPECT_EQ(error.message, "llm_message.message.content[4].content refers to the same bytes too often");
}

TEST(CheckEvent, ReadsPastFieldsThatALaterVersionAdded) {
  flatbuffers::FlatBufferBuilder builder;
  const auto title = builder.CreateString("T");
  const auto unknown = builder.CreateString("\xff is what nobody here looks at");
  const auto payload_start = builder.StartTable();
  builder.AddOffset(events::ConversationTitleGenerated::VT_TITLE, title);
  builder.AddOffset(flatbuffers::FieldIndexToOffset(9), unknown);
  const auto payload = builder.EndTable(payload_start);
  events::FinishEventBuffer(builder,
                            events::CreateEvent(builder, 1, 1, events::Payload::conversation_title_generated,
                                                flatbuffers::Offset<void>(payload)));
  const auto copied = copy_checked(std::as_bytes(builder.GetBufferSpan()));
  ASSERT_TRUE(copied);
  EXPECT_EQ(copied->event().payload_as_conversation_title_generated()->title()->str(), "T");
  EXPECT_LT(restamp(copied->event(), 1, 1).bytes().size(), copied->bytes().size());
}

}  // namespace
}  // namespace ringside::schema
