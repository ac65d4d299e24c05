// SPDX-License-Identifier: Apache-2.0
#include "schema/event_json.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "schema/event_builder.hpp"
#include "schema/event_check.hpp"

namespace ringside::schema {
namespace {

using namespace std::string_view_literals;

JsonError refused(EventJson& json, std::string_view line) {
  const auto read = json.parse_line(line);
  EXPECT_FALSE(read) << line;
  return read ? JsonError{} : read.error();
}

std::string printed(const EventBuffer& event, std::string_view topic = "t") {
  EventJson json;
  std::string line;
  json.print_line(line, 1, 2, topic, event.event());
  return line;
}

TEST(EventJson, PrintsALineWithEveryKeyAndEveryScalar) {
  EXPECT_EQ(printed(EventBuilder().text_delta({3, 4}, "m", 0, "Hi")),
            R"({"seq":1,"time_ns":2,"topic":"t","kind":"llm_deltas","incarnation":3,"run":4,"event":)"
            R"({"deltas": [{"message_id": "m","role": "assistant","part_index": 0,"text": "Hi",)"
            R"("status": "incomplete"}]}})");
}

TEST(EventJson, PrintsADefaultThatMeansSomething) {
  EXPECT_NE(
      printed(EventBuilder().status_changed({1, 1}, events::AgentStatus::idle)).find(R"("status": "idle")"),
      std::string::npos);
}

TEST(EventJson, AppendsToWhatIsThere) {
  EventJson json;
  std::string out = "> ";
  json.print_gap(out, 5, 7);
  EXPECT_EQ(out, R"(> {"gap":{"first":5,"count":7}})");
  json.print_line(out, 1, 2, "t", EventBuilder().status_changed({1, 1}, events::AgentStatus::idle).event());
  EXPECT_TRUE(out.starts_with("> {\"gap\""));
  EXPECT_TRUE(out.ends_with("}}"));
}

TEST(EventJson, PrintsIntegersOf64BitsInFull) {
  events::AgentShutdownT shutdown;
  shutdown.last_activity_at = std::numeric_limits<std::int64_t>::min();
  const EventBuffer event =
      EventBuilder().agent_shutdown({std::numeric_limits<std::uint64_t>::max(), 1}, shutdown);
  EventJson json;
  std::string line;
  json.print_line(line, std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::int64_t>::min(),
                  "t", event.event());
  EXPECT_TRUE(line.starts_with(R"({"seq":18446744073709551615,"time_ns":-9223372036854775808,)")) << line;
  EXPECT_NE(line.find(R"("incarnation":18446744073709551615)"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("last_activity_at": -9223372036854775808)"), std::string::npos) << line;
  const auto read = json.parse_line(line);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->event.event().payload_as_agent_shutdown()->last_activity_at(),
            std::numeric_limits<std::int64_t>::min());
}

TEST(EventJson, EscapesControlCharactersAndNothingElse) {
  const std::string_view text = "a\0\x01\x1b\x7f\n\"\\/\u009b\u00a0\u00e9\u2028\U0001f600"sv;
  EventJson json;
  const std::string line = printed(EventBuilder().text_delta({1, 1}, "m", 0, text), "t\x1b");
  EXPECT_NE(line.find("\"a\\u0000\\u0001\\u001b\\u007f\\n\\\"\\\\/\\u009b\u00a0\u00e9\u2028\U0001f600\""),
            std::string::npos)
      << line;
  EXPECT_NE(line.find(R"("topic":"t\u001b")"), std::string::npos) << line;
  const auto read = json.parse_line(line);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->event.event().payload_as_llm_deltas()->deltas()->Get(0)->text()->string_view(), text);
  EXPECT_EQ(read->topic, "t\x1b");
}

TEST(EventJson, PrintsAbsentNumbersAsNull) {
  events::EventT event;
  events::LlmTokenUsageT usage;
  usage.output = 0;
  event.payload.Set(usage);
  const std::string line = printed(pack(event));
  EXPECT_NE(line.find(R"({"input": null,"output": 0})"), std::string::npos) << line;
  EventJson json;
  const auto read = json.parse_line(line);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->event.event().payload_as_llm_token_usage()->input().has_value());
  EXPECT_EQ(read->event.event().payload_as_llm_token_usage()->output(), 0u);
}

TEST(EventJson, PrintsBytesAsNumbers) {
  events::EventT event;
  events::CustomT custom;
  custom.name = "blob";
  custom.data = {0, 127, 255};
  event.payload.Set(custom);
  EXPECT_NE(printed(pack(event)).find(R"("data": [0,127,255])"), std::string::npos);
}

TEST(EventJson, PrintsAKindOfALaterVersionByItsNumber) {
  flatbuffers::FlatBufferBuilder builder;
  const auto payload = builder.EndTable(builder.StartTable());
  events::FinishEventBuffer(builder, events::CreateEvent(builder, 1, 2, static_cast<events::Payload>(200),
                                                         flatbuffers::Offset<void>(payload)));
  const EventBuffer event = EventBuffer::copy_of(std::as_bytes(builder.GetBufferSpan()));
  EXPECT_EQ(printed(event),
            R"({"seq":1,"time_ns":2,"topic":"t","kind":200,"incarnation":1,"run":2,"event":null})");
}

TEST(EventJson, ReadsALineWithOnlyKindAndEvent) {
  EventJson json;
  const auto read =
      json.parse_line(R"({"kind":"llm_deltas","event":{"deltas":[{"message_id":"m","text":"Hi"}]}})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->seq, std::nullopt);
  EXPECT_EQ(read->time_ns, std::nullopt);
  EXPECT_EQ(read->topic, std::nullopt);
  EXPECT_EQ(read->incarnation, 0u);
  EXPECT_EQ(read->run, 0u);
  EXPECT_EQ(read->event.kind(), events::Payload::llm_deltas);
  EXPECT_TRUE(check_event(read->event.bytes()));
}

TEST(EventJson, ReadsEveryKeyInAnyOrderAndStampsTheEvent) {
  EventJson json;
  const auto read = json.parse_line(
      " { \"event\": {\"status\": \"running\"}, \"run\": 4, \"topic\": \"t\\u00e9\", \"kind\": "
      "\"status_changed\","
      " \"incarnation\": 3, \"time_ns\": -2, \"seq\": 1 } \r\n");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->seq, 1u);
  EXPECT_EQ(read->time_ns, -2);
  EXPECT_EQ(read->topic, "t\u00e9");
  EXPECT_EQ(read->incarnation, 3u);
  EXPECT_EQ(read->run, 4u);
  EXPECT_EQ(read->event.stamp(), (Stamp{3, 4}));
}

TEST(EventJson, KeepsTheOrderOfKeysAndValues) {
  EventJson json;
  const auto read = json.parse_line(
      R"({"kind":"llm_token_usage","event":{"extras":[{"key":"z"},{"key":"a","value":""}]}})");
  ASSERT_TRUE(read) << read.error().message;
  const auto* extras = read->event.event().payload_as_llm_token_usage()->extras();
  EXPECT_EQ(extras->Get(0)->key()->str(), "z");
  EXPECT_EQ(extras->Get(1)->key()->str(), "a");
}

struct Example {
  std::string_view line;
  std::size_t column;
  std::string_view message;
};

TEST(EventJson, SaysWhatIsWrongWithALine) {
  EventJson json;
  const std::vector<Example> examples = {
      {"", 1, "the text is empty"},
      {"[]", 1, "not a JSON object"},
      {"{}", 0, "\"kind\" is missing"},
      {R"({"event":{}})", 0, "\"kind\" is missing"},
      {R"({"kind":"custom"})", 0, "\"event\" is missing"},
      {R"({"kind":"llm_delta","event":{}})", 9, "unknown kind \"llm_delta\""},
      {R"({"kind":"NONE","event":{}})", 9, "unknown kind \"NONE\""},
      {R"({"kind":3,"event":{}})", 9, "\"kind\" must be a string"},
      {R"({"kind":"custom","event":[]})", 26, "\"event\" must be an object"},
      {R"({"kind":"custom","event":null})", 26, "\"event\" must be an object"},
      {R"({"kind":"custom","kind":"custom","event":{}})", 25, "\"kind\" is given twice"},
      {R"({"kind":"custom","evnt":{}})", 25, "unknown key \"evnt\""},
      {R"({"\u001b[31m":1})", 15, R"(unknown key "\u001b[31m")"},
      {R"({"gap":{"first":1,"count":2}})", 8, "a gap is not an event"},
      {R"({"seq":-1})", 8, "\"seq\" must be a whole number of 64 bits"},
      {R"({"seq":1.0})", 8, "\"seq\" must be a whole number of 64 bits"},
      {R"({"seq":"1"})", 8, "\"seq\" must be a whole number of 64 bits"},
      {R"({"seq":18446744073709551616})", 8, "\"seq\" must be a whole number of 64 bits"},
      {R"({"time_ns":9223372036854775808})", 12, "\"time_ns\" must be a whole number of 64 bits"},
      {R"({"incarnation":null})", 16, "\"incarnation\" must be a whole number of 64 bits"},
      {R"({"topic":""})", 10, "\"topic\" must be a string of 1 to 200 bytes without NUL"},
      {R"({"topic":"a\u0000"})", 10, "\"topic\" must be a string of 1 to 200 bytes without NUL"},
      {"{\"kind\":\"\xff\"}", 10, "not valid UTF-8"},
      {"{\"kind\":\"custom\",\"event\":{\"name\":\"a\0b\"}}"sv, 36,
       "a control character in a string must be escaped"},
      {R"({"kind":"custom","event":{"name":NaN}})", 34, "not valid JSON"},
      {R"({"kind":"custom","event":{"name":"a",}})", 38, "not valid JSON"},
      {R"({"kind":"custom","event":{"name":"a"})", 38, "an object or an array is not closed"},
      {R"({"kind":"custom","event":{"name":"a"}}{})", 39, "something follows the object"},
  };
  for (const auto& [line, column, message] : examples) {
    const JsonError error = refused(json, line);
    EXPECT_EQ(error.message, message) << line;
    EXPECT_EQ(error.column, column) << line;
  }
}

/// What FlatBuffers' parser says is passed on; its columns lie behind the fault.
TEST(EventJson, SaysWhatIsWrongWithTheEvent) {
  EventJson json;
  const std::vector<std::pair<std::string_view, std::string_view>> examples = {
      {R"({"kind":"status_changed","event":{"status":"running","bogus":3}})", "unknown field: bogus"},
      {R"({"kind":"status_changed","event":{"\u001b[31m":3}})", R"(unknown field: \u001b[31m)"},
      {R"({"kind":"status_changed","event":{"status":"runing"}})", "unknown enum value: runing"},
      {R"({"kind":"status_changed","event":{"status":99}})",
       "status_changed.status has the unknown value 99"},
      {R"({"kind":"status_changed","event":{"status":"idle","status":"idle"}})",
       "field set more than once: status"},
      {R"({"kind":"custom","event":{"data":[1]}})", "required field is missing: name in Custom"},
      {R"({"kind":"custom","event":{"name":null}})", "required field is missing: name in Custom"},
      {R"({"kind":"custom","event":{"name":3}})", "expecting: string constant instead got: integer constant"},
      {R"({"kind":"custom","event":{"name":"a","data":"AAEC"}})",
       "expecting: [ instead got: string constant"},
      {R"({"kind":"custom","event":{"name":"a","data":[256]}})",
       R"(invalid number: "256", constant does not fit [0; 255])"},
      {R"({"kind":"llm_token_usage","event":{"input":-1}})",
       R"(invalid number: "-1", constant does not fit [0; 18446744073709551615])"},
      {R"({"kind":"custom","event":{"name":""}})", "custom.name must not be empty"},
  };
  for (const auto& [line, message] : examples) {
    const JsonError error = refused(json, line);
    EXPECT_EQ(error.message, message) << line;
    EXPECT_GT(error.column, std::string_view(R"({"kind":"custom",)").size()) << line;
    EXPECT_LE(error.column, line.size()) << line;
  }
}

TEST(EventJson, TakesOneMebibyteAndNoMore) {
  EventJson json;
  const std::string_view head = R"({"kind":"conversation_title_generated","event":{"title":")";
  const std::string_view tail = R"("}})";
  const std::size_t room = json_line_size_max - head.size() - tail.size();
  std::string line = std::string(head) + std::string(room, 'x') + std::string(tail);
  EXPECT_TRUE(json.parse_line(line));
  line.insert(head.size(), 1, 'x');
  const JsonError error = refused(json, line);
  EXPECT_EQ(error.message, "the line has 1048577 bytes; at most 1048576 are allowed");
  EXPECT_EQ(error.column, 0u);
}

TEST(EventJson, TakesThirtyTwoLevelsAndNoMore) {
  EventJson json;
  const auto nested = [](std::size_t levels) {
    return R"({"kind":"custom","event":{"name":"a","data":)" + std::string(levels - 2, '[') +
           std::string(levels - 2, ']') + "}}";
  };
  EXPECT_EQ(refused(json, nested(json_depth_max + 1)).message, "nested deeper than 32 levels");
  EXPECT_NE(refused(json, nested(json_depth_max)).message, "nested deeper than 32 levels");
}

TEST(EventJson, ReadsOnAfterAnyNumberOfBadLines) {
  EventJson json;
  const std::string good = R"({"kind":"custom","event":{"name":"a"}})";
  const std::string bad = R"({"kind":"custom","event":{"name":"a","data":[1,2,3,"x"]}})";
  for (int i = 0; i < 3000; ++i)
    EXPECT_FALSE(json.parse_line(bad));
  const auto read = json.parse_line(good);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->event.event().payload_as_custom()->name()->str(), "a");
}

TEST(EventJson, PrintsAnAnswerByTheNamesOfItsKind) {
  EventJson json;
  events::QuestionAnswerT question;
  question.selected = {"a\x01", "\"b\""};
  events::SeveralAnswersT several;
  several.answers.push_back(std::make_unique<events::AnswerT>());
  several.answers.push_back(std::make_unique<events::AnswerT>());
  several.answers[1]->data.Set(question);
  events::AnswerT answer;
  answer.data.Set(several);
  std::string out = ">";
  json.print_answer(out, answer);
  EXPECT_EQ(
      out,
      R"(>{"data_type": "several","data": {"answers": [{"data_type": "NONE"},{"data_type": "question","data": {"selected": ["a\u0001","\"b\""],"cancelled": false}}]}})");
}

TEST(EventJson, TellsWhereTheKindIsNamed) {
  EventJson json;
  EXPECT_EQ(json.parse_line(R"({"event":{"name":"a"}, "kind":"custom"})")->kind_column, 31u);
}

TEST(EventJson, MovesWithItsParser) {
  EventJson first;
  EventJson second = std::move(first);
  EXPECT_TRUE(second.parse_line(R"({"kind":"custom","event":{"name":"a"}})"));
}

}  // namespace
}  // namespace ringside::schema
