// SPDX-License-Identifier: Apache-2.0
#include "tools/live_text.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tools/event_summary.hpp"

namespace ringside::tools {
namespace {

template <class Payload>
std::vector<std::uint8_t> packed(Payload payload) {
  events::EventT event;
  event.payload.Set(std::move(payload));
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(events::Event::Pack(builder, &event));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

events::LlmDeltasT delta(const std::string& message_id) {
  events::LlmDeltasT deltas;
  deltas.deltas.push_back(std::make_unique<events::MessageDeltaT>());
  deltas.deltas.back()->message_id = message_id;
  return deltas;
}

events::LlmDeltasT text_delta(const std::string& message_id, const std::string& text) {
  auto deltas = delta(message_id);
  deltas.deltas.back()->text = text;
  return deltas;
}

events::LlmDeltasT thinking_delta(const std::string& message_id, const std::string& text) {
  auto deltas = delta(message_id);
  deltas.deltas.back()->content = std::make_unique<events::ContentPartT>();
  deltas.deltas.back()->content->type = events::ContentType::thinking;
  deltas.deltas.back()->content->content = text;
  return deltas;
}

events::LlmDeltasT call_delta(const std::string& message_id, const std::string& name,
                              const std::string& arguments) {
  auto deltas = delta(message_id);
  auto call = std::make_unique<events::ToolCallT>();
  call->name = name;
  call->arguments = arguments;
  deltas.deltas.back()->tool_calls.push_back(std::move(call));
  return deltas;
}

events::LlmMessageT message(const std::string& id, events::Role role, const std::string& text) {
  events::LlmMessageT whole;
  whole.message = std::make_unique<events::MessageT>();
  whole.message->id = id;
  whole.message->role = role;
  whole.message->content.push_back(std::make_unique<events::ContentPartT>());
  whole.message->content.back()->content = text;
  return whole;
}

class Screen {
 public:
  explicit Screen(bool colours = false) : live_(Palette(colours)) {}

  template <class Payload>
  Screen& show(Payload payload) {
    const auto bytes = packed(std::move(payload));
    live_.event(text_, *flatbuffers::GetRoot<events::Event>(bytes.data()));
    return *this;
  }
  Screen& gap(std::uint64_t first, std::uint64_t count) {
    live_.gap(text_, first, count);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  LiveText live_;
  std::string text_;
};

TEST(LiveText, GrowsInPlaceAndEndsWithTheMessage) {
  Screen screen;
  screen.show(text_delta("m", "Light")).show(text_delta("m", "houses"));
  EXPECT_EQ(screen.text(), "Lighthouses");
  screen.show(message("m", events::Role::assistant, "Lighthouses"));
  EXPECT_EQ(screen.text(), "Lighthouses\n") << "what was seen growing is not shown again";
}

TEST(LiveText, ShowsTheWholeMessageToWhomJoinedMidway) {
  Screen screen;
  screen.show(text_delta("m", "houses")).show(message("m", events::Role::assistant, "Lighthouses"));
  EXPECT_EQ(screen.text(), "houses\n-- the whole message, which was joined midway:\nLighthouses\n");
}

TEST(LiveText, KeepsThinkingApartFromText) {
  Screen screen;
  screen.show(thinking_delta("m", "We ")).show(thinking_delta("m", "need")).show(text_delta("m", "Yes."));
  EXPECT_EQ(screen.text(), "(thinking) We need\nYes.");
}

TEST(LiveText, DimsThinkingWhereThereAreColours) {
  Screen screen(true);
  screen.show(thinking_delta("m", "We"));
  EXPECT_EQ(screen.text(), "\x1b[2mWe\x1b[0m");
}

TEST(LiveText, ShowsAToolCallOnceHoweverOftenItIsNamed) {
  Screen screen;
  events::ToolCallIdentifiedT identified;
  identified.tool = std::make_unique<events::ToolCallT>();
  identified.tool->name = "weather";
  screen.show(call_delta("m", "weather", "")).show(identified).show(call_delta("m", "", "{\"city\""));
  EXPECT_EQ(screen.text(), "-> weather {\"city\"");
}

TEST(LiveText, TellsUserMessagesFromTheAgents) {
  Screen screen;
  screen.show(message("u", events::Role::user, "Why?"));
  EXPECT_EQ(screen.text(), "> Why?\n");
}

TEST(LiveText, TellsAGapOnALineOfItsOwn) {
  Screen screen;
  screen.show(text_delta("m", "Light")).gap(7, 3);
  EXPECT_EQ(screen.text(), "Light\n-- missed 3 events, from number 7\n");
}

TEST(LiveText, NeverSendsTheModelsEscapesToTheTerminal) {
  Screen screen(true);
  screen.show(text_delta("m", "\x1b]0;owned\a")).show(call_delta("m", "na\x1bme", "\x1b[2J"));
  EXPECT_EQ(screen.text().find("\x1b]"), std::string::npos);
  EXPECT_EQ(screen.text().find('\a'), std::string::npos);
  EXPECT_EQ(screen.text().find("\x1b[2J"), std::string::npos);
  EXPECT_NE(screen.text().find("\\x1b]0;owned\\x07"), std::string::npos);
}

TEST(LiveText, SaysWhyItEnded) {
  Screen screen;
  events::AgentShutdownT end;
  end.reason = events::ShutdownReason::no_viewers;
  screen.show(end);
  EXPECT_EQ(screen.text(), "-- agent_shutdown no_viewers last status idle\n");
}

TEST(EventSummary, SaysEveryKindOnOneLine) {
  const auto bytes = packed(text_delta("m", "a\n\"b\""));
  std::string line;
  append_summary(line, *flatbuffers::GetRoot<events::Event>(bytes.data()));
  EXPECT_EQ(line, R"(text "a\n\"b\"")");
  EXPECT_EQ(name_of(events::Payload::llm_deltas), "llm_deltas");
  EXPECT_EQ(name_of(static_cast<events::Payload>(250)), "unknown");
}

}  // namespace
}  // namespace ringside::tools
