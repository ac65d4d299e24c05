// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/event_lines.hpp"

#include <simdjson.h>

#include <gtest/gtest.h>

namespace ringside::tests {

EventLine read_event_line(std::string_view line) {
  EventLine read;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(simdjson::padded_string(line)).get(object) != simdjson::SUCCESS) {
    ADD_FAILURE() << "not a JSON object: " << line;
    return read;
  }
  if (simdjson::dom::element gap; object["gap"].get(gap) == simdjson::SUCCESS) {
    EXPECT_EQ(object.size(), 1U) << line;
    EXPECT_EQ(gap["first"].get(read.gap_first), simdjson::SUCCESS) << line;
    EXPECT_EQ(gap["count"].get(read.gap_count), simdjson::SUCCESS) << line;
    return read;
  }
  std::string_view topic;
  std::string_view kind;
  simdjson::dom::element event;
  EXPECT_EQ(object["seq"].get(read.seq), simdjson::SUCCESS) << line;
  EXPECT_EQ(object["time_ns"].get(read.time_ns), simdjson::SUCCESS) << line;
  EXPECT_EQ(object["topic"].get(topic), simdjson::SUCCESS) << line;
  EXPECT_EQ(object["kind"].get(kind), simdjson::SUCCESS) << line;
  EXPECT_EQ(object["event"].get(event), simdjson::SUCCESS) << line;
  read.topic = topic;
  read.kind = kind;
  read.event = simdjson::to_string(event);
  return read;
}

std::vector<EventLine> read_event_lines(std::string_view text) {
  std::vector<EventLine> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(read_event_line(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::optional<std::string> string_at(const EventLine& line, std::string_view pointer) {
  simdjson::dom::parser parser;
  simdjson::dom::element payload;
  std::string_view found;
  if (parser.parse(simdjson::padded_string(line.event)).get(payload) != simdjson::SUCCESS)
    return std::nullopt;
  if (payload.at_pointer(pointer).get(found) != simdjson::SUCCESS) return std::nullopt;
  return std::string(found);
}

}  // namespace ringside::tests
