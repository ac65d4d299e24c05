// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/chat_chunks.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runners/viewed_stream.hpp"

namespace ringside::agentd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A chunk of message "m" with this choice's inside.
std::string chunk(std::string_view inside, std::string_view id = "m") {
  return "{\"id\":\"" + std::string(id) + "\",\"model\":\"x\",\"choices\":[{\"index\":0," +
         std::string(inside) + "}]}";
}

std::string content(std::string_view text) {
  return chunk("\"delta\":{\"content\":\"" + std::string(text) + "\"}");
}

class Stream {
 public:
  Stream& line(std::string_view text) {
    const auto done = chunks_.line(text, events_);
    EXPECT_TRUE(done) << text << ": " << done.error().message;
    return *this;
  }

  LineFault refused(std::string_view text) {
    const std::size_t before = events_.size();
    const auto done = chunks_.line(text, events_);
    EXPECT_FALSE(done) << "accepted: " << text;
    EXPECT_EQ(events_.size(), before) << "a refused line said something";
    return done ? LineFault{} : done.error();
  }

  ViewedStream finish() {
    chunks_.finish(events_);
    return view();
  }

  ViewedStream view() const {
    ViewedStream viewed;
    for (const schema::EventBuffer& event : events_)
      viewed.see(event.event());
    return viewed;
  }

  const ChatChunks& chunks() const { return chunks_; }
  const std::vector<schema::EventBuffer>& events() const { return events_; }

 private:
  ChatChunks chunks_;
  std::vector<schema::EventBuffer> events_;
};

TEST(ChatChunks, TurnsEachChunkIntoOneDeltaAndTheWholeIntoOneMessage) {
  const ViewedStream seen = Stream()
                                .line(chunk("\"delta\":{\"role\":\"assistant\",\"content\":\"\"}"))
                                .line(content("Hel"))
                                .line(content("lo"))
                                .line(chunk("\"delta\":{},\"finish_reason\":\"stop\""))
                                .finish();
  EXPECT_THAT(seen.kinds, ElementsAre("llm_deltas", "llm_deltas", "llm_message"));
  EXPECT_EQ(seen.complete.at("m").text, "Hello");
  EXPECT_EQ(seen.folded, seen.complete);
  EXPECT_EQ(seen.status.at("m"), events::MessageStatus::complete);
}

TEST(ChatChunks, KeepsThinkingInAPartOfItsOwnEvenWithinOneChunk) {
  Stream stream;
  stream.line(chunk(R"("delta":{"reasoning_content":"hm","content":"yes"})"))
      .line(chunk(R"("delta":{"reasoning":" so"})"))
      .line(content("!"))
      .line(chunk(R"("delta":{},"finish_reason":"stop")"));
  const ViewedStream seen = stream.finish();
  EXPECT_EQ(seen.folded.at("m").thinking, "hm so");
  EXPECT_EQ(seen.folded.at("m").text, "yes!");
  EXPECT_EQ(seen.folded, seen.complete);
  const auto* first = stream.events().front().event().payload_as_llm_deltas()->deltas();
  ASSERT_EQ(first->size(), 2U);
  EXPECT_EQ(first->Get(0)->part_index(), 0U);
  EXPECT_EQ(first->Get(0)->text(), nullptr);
  EXPECT_EQ(first->Get(1)->part_index(), 1U);
  EXPECT_EQ(stream.events().at(2).event().payload_as_llm_deltas()->deltas()->Get(0)->part_index(), 1U);
}

TEST(ChatChunks, TakesThinkingOnceWhereAProviderGivesItTwice) {
  const ViewedStream seen =
      Stream().line(chunk(R"("delta":{"reasoning_content":"hm","reasoning":"hm"})")).finish();
  EXPECT_EQ(seen.folded.at("m").thinking, "hm");
}

TEST(ChatChunks, PutsToolCallsTogetherFromTheirFragments) {
  Stream stream;
  stream
      .line(chunk(
          R"("delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]})"))
      .line(chunk(R"("delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]})"))
      .line(chunk(
          R"("delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"g","arguments":""}},{"index":0,"function":{"arguments":":1}"}}]})"))
      .line(chunk(R"("delta":{},"finish_reason":"tool_calls")"));
  const ViewedStream seen = stream.finish();
  EXPECT_THAT(seen.kinds, ElementsAre("llm_deltas", "tool_call_identified", "llm_deltas", "llm_deltas",
                                      "tool_call_identified", "llm_message"));
  EXPECT_THAT(seen.identified, ElementsAre("f", "g"));
  EXPECT_EQ(seen.complete.at("m").calls.at(0), (ViewedCall{"c1", "f", "{\"a\":1}"}));
  EXPECT_EQ(seen.complete.at("m").calls.at(1), (ViewedCall{"c2", "g", "{}"}));
  const auto* calls = stream.events().back().event().payload_as_llm_message()->message()->tool_calls();
  for (const events::ToolCall* call : *calls)
    EXPECT_EQ(call->status(), events::ToolCallStatus::complete);
}

TEST(ChatChunks, LeavesAToolCallIncompleteWhoseArgumentsAreNoObject) {
  Stream stream;
  stream
      .line(chunk(
          R"("delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\":"}}]})"))
      .line(chunk(R"("delta":{},"finish_reason":"length")"));
  const ViewedStream seen = stream.finish();
  EXPECT_EQ(seen.status.at("m"), events::MessageStatus::length);
  const auto* call = stream.events().back().event().payload_as_llm_message()->message()->tool_calls()->Get(0);
  EXPECT_EQ(call->status(), events::ToolCallStatus::incomplete);
  EXPECT_EQ(call->arguments()->str(), "{\"a\":");
}

TEST(ChatChunks, NamesTheStatusByTheFinishReason) {
  const auto status = [](std::string_view reason) {
    Stream stream;
    stream.line(content("x")).line(chunk("\"delta\":{},\"finish_reason\":\"" + std::string(reason) + "\""));
    return stream.finish().status.at("m");
  };
  EXPECT_EQ(status("stop"), events::MessageStatus::complete);
  EXPECT_EQ(status("tool_calls"), events::MessageStatus::complete);
  EXPECT_EQ(status("length"), events::MessageStatus::length);
  EXPECT_EQ(status("content_filter"), events::MessageStatus::content_filtered);
  EXPECT_EQ(status("insufficient_system_resource"), events::MessageStatus::stream_error);
  EXPECT_EQ(status("eos"), events::MessageStatus::complete);
}

TEST(ChatChunks, SaysTheUsageOnceAfterTheMessageWhereverItStood) {
  const std::string early = R"({"id":"m","choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":1}})";
  const std::string late =
      R"({"id":"m","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"time":0.25,"d":{"cached":0,"n":null}}})";
  const ViewedStream seen =
      Stream().line(early).line(chunk(R"("delta":{},"finish_reason":"stop")")).line(late).finish();
  EXPECT_THAT(seen.kinds, ElementsAre("llm_deltas", "llm_message", "llm_token_usage"));
  EXPECT_EQ(seen.usage, (std::map<std::string, std::string>{
                            {"input", "7"}, {"output", "2"}, {"time", "0.25"}, {"d.cached", "0"}}));
}

TEST(ChatChunks, FindsTheUsageThatGroqKeepsApart) {
  const ViewedStream seen =
      Stream().line(R"({"id":"m","choices":[],"x_groq":{"id":"r","usage":{"prompt_tokens":3}}})").finish();
  EXPECT_EQ(seen.usage.at("input"), "3");
}

TEST(ChatChunks, ReadsServerSentEvents) {
  const ViewedStream seen = Stream()
                                .line(": keep-alive")
                                .line("event: message")
                                .line("data: " + content("a") + "\r")
                                .line("")
                                .line("data:" + content("b"))
                                .line("data: " + chunk(R"("delta":{},"finish_reason":"stop")"))
                                .line("data: [DONE]")
                                .view();
  EXPECT_EQ(seen.complete.at("m").text, "ab");
}

TEST(ChatChunks, EndsAMessageWhereAnotherBegins) {
  const ViewedStream seen = Stream()
                                .line(content("a"))
                                .line(chunk(R"("delta":{},"finish_reason":"stop")"))
                                .line(chunk(R"("delta":{"content":"b"},"finish_reason":"stop")", "n"))
                                .finish();
  EXPECT_EQ(seen.complete.at("m").text, "a");
  EXPECT_EQ(seen.complete.at("n").text, "b");
}

TEST(ChatChunks, KeepsOneMessageTogetherWhereTheIdComesLateOrNever) {
  const ViewedStream late =
      Stream().line(R"({"id":"","choices":[],"prompt_filter_results":[]})").line(content("a")).finish();
  EXPECT_EQ(late.folded.at("m").text, "a");
  const ViewedStream never = Stream()
                                 .line(R"({"choices":[{"delta":{"content":"a"}}]})")
                                 .line(R"({"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]})")
                                 .finish();
  EXPECT_EQ(never.complete.size(), 1U);
  EXPECT_EQ(never.complete.begin()->second.text, "ab");
}

TEST(ChatChunks, MarksAMessageWithoutAFinishReasonAsDied) {
  Stream stream;
  const ViewedStream seen = stream.line(content("half")).finish();
  EXPECT_EQ(seen.complete.at("m").text, "half");
  EXPECT_EQ(seen.status.at("m"), events::MessageStatus::stream_error);
  ASSERT_TRUE(stream.chunks().failure());
  EXPECT_THAT(stream.chunks().failure()->message, HasSubstr("finish reason"));
}

TEST(ChatChunks, PassesOnTheErrorThatAProviderSends) {
  Stream stream;
  const ViewedStream seen = stream.line(content("half"))
                                .line(R"({"error":{"message":"overloaded","type":"server_error"}})")
                                .finish();
  EXPECT_EQ(seen.status.at("m"), events::MessageStatus::stream_error);
  ASSERT_TRUE(stream.chunks().failure());
  EXPECT_EQ(stream.chunks().failure()->message, "overloaded");
  EXPECT_EQ(stream.chunks().failure()->type, "server_error");
}

TEST(ChatChunks, SaysWhereALineStopsBeingJson) {
  Stream stream;
  EXPECT_EQ(stream.refused(R"({"id":"m",,})").column, 11U);
  EXPECT_EQ(stream.refused(R"(data: {"id":"m",,})").column, 17U);
  EXPECT_FALSE(stream.refused(R"({"id":"m",,})").ends_too_early);
  const std::string whole = content("é");
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const LineFault fault = stream.refused(whole.substr(0, size));
    EXPECT_TRUE(fault.ends_too_early) << whole.substr(0, size);
    EXPECT_EQ(fault.column, size + 1);
  }
}

TEST(ChatChunks, RefusesWhatWouldLoseOrMixContent) {
  Stream stream;
  EXPECT_THAT(
      stream.refused(R"({"id":"m","choices":[{"index":0,"delta":{}},{"index":1,"delta":{}}]})").message,
      HasSubstr("n = 1"));
  EXPECT_THAT(stream.refused(R"({"id":"m","choices":[{"index":1,"delta":{"content":"b"}}]})").message,
              HasSubstr("n = 1"));
  EXPECT_THAT(stream.refused(chunk(R"("delta":{"content":[{"type":"text","text":"a"}]})")).message,
              HasSubstr("choices[0].delta.content is an array"));
  EXPECT_THAT(stream.refused(chunk(R"("delta":{"tool_calls":[{"index":4000000000,"function":{}}]})")).message,
              HasSubstr("tool calls"));
  EXPECT_THAT(stream.refused(chunk(R"("delta":{"function_call":{"name":"f"}})")).message,
              HasSubstr("function_call"));
  EXPECT_EQ(stream.line(content("still fine")).view().folded.at("m").text, "still fine");
}

TEST(ChatChunks, RefusesOtherFormatsByName) {
  Stream stream;
  EXPECT_THAT(stream.refused(R"({"type":"message_start","message":{}})").message, HasSubstr("Anthropic"));
  EXPECT_THAT(stream.refused(R"({"type":"response.created","response":{}})").message,
              HasSubstr("responses API"));
  EXPECT_THAT(stream.refused(R"({"candidates":[{}]})").message, HasSubstr("Gemini"));
  EXPECT_THAT(stream.refused(R"({"choices":[{"index":0,"message":{"content":"a"}}]})").message,
              HasSubstr("stream"));
  const std::string other = stream.refused(R"({"foo":1,"b\u001b[2J":2})").message;
  EXPECT_THAT(other, HasSubstr(R"("foo", "b?[2J")"));
  EXPECT_THAT(stream.refused("[1,2]").message, HasSubstr("an array"));
}

TEST(ChatChunks, RefusesHostileLinesWithoutHarm) {
  Stream stream;
  stream.refused(std::string(100'000, '['));
  stream.refused("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}");
  stream.refused(std::string_view("\0\0\0", 3));
  stream.refused("{\"id\":\"\xff\xfe\",\"choices\":[]}");
  stream.refused("{\"id\":\"\xed\xa0\x80\",\"choices\":[]}");
  stream.refused(R"({"choices":[],"usage":{"n":1e999}})");
  stream.refused(R"({"choices":[],"usage":{"n":NaN}})");
  EXPECT_THAT(stream.refused(std::string(2 * 1024 * 1024, ' ') + "x").message, HasSubstr("bytes"));
}

}  // namespace
}  // namespace ringside::agentd
