// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/rebuilt_message.hpp"

#include <fstream>
#include <map>
#include <ostream>
#include <string_view>

#include <simdjson.h>

#include <gtest/gtest.h>

namespace ringside::tests {
namespace {

using simdjson::dom::element;

/// The string at `key`, empty where it is absent or null.
std::string_view text_at(const element& object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::uint64_t number_at(const element& object, std::string_view key) {
  std::uint64_t number = 0;
  return object[key].get(number) == simdjson::SUCCESS ? number : 0;
}

template <class Each>
void each_of(const element& object, std::string_view key, Each each) {
  simdjson::dom::array items;
  if (object[key].get(items) != simdjson::SUCCESS) return;
  for (const element item : items)
    each(item);
}

void set_if_there(std::string& known, std::string_view told) {
  if (!told.empty()) known = told;
}

/// Ids and names are told once, arguments in pieces.
class Calls {
 public:
  void add(std::uint64_t index, std::string_view id, std::string_view name, std::string_view arguments) {
    RebuiltCall& call = calls_[index];
    set_if_there(call.id, id);
    set_if_there(call.name, name);
    call.arguments += arguments;
  }
  [[nodiscard]] std::vector<RebuiltCall> in_order() const {
    std::vector<RebuiltCall> calls;
    for (const auto& [index, call] : calls_)
      calls.push_back(call);
    return calls;
  }

 private:
  std::map<std::uint64_t, RebuiltCall> calls_;
};

/// Parts by index; each is of one type for as long as it grows.
class Parts {
 public:
  void add(std::uint64_t index, std::string_view type, std::string_view content) {
    Part& part = parts_[index];
    if (part.type.empty()) part.type = type;
    EXPECT_EQ(part.type, type) << "part " << index << " changed its type";
    part.content += content;
  }
  [[nodiscard]] std::string joined(std::string_view type) const {
    std::string text;
    for (const auto& [index, part] : parts_)
      if (part.type == type) text += part.content;
    return text;
  }

 private:
  struct Part {
    std::string type;
    std::string content;
  };
  std::map<std::uint64_t, Part> parts_;
};

void add_delta(const element& delta, Parts& parts, Calls& calls) {
  const std::uint64_t part = number_at(delta, "part_index");
  if (const std::string_view text = text_at(delta, "text"); !text.empty()) parts.add(part, "text", text);
  element content;
  if (delta["content"].get(content) == simdjson::SUCCESS && content.is_object())
    parts.add(part, text_at(content, "type"), text_at(content, "content"));
  each_of(delta, "tool_calls", [&](const element& call) {
    calls.add(number_at(call, "index"), text_at(call, "call_id"), text_at(call, "name"),
              text_at(call, "arguments"));
  });
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const RebuiltMessage& message) {
  out << message.text.size() << " bytes of text, " << message.reasoning.size() << " of reasoning";
  for (const RebuiltCall& call : message.calls)
    out << ", " << call.id << ' ' << call.name << ' ' << call.arguments;
  return out << "\n---- text\n" << message.text << "\n---- reasoning\n" << message.reasoning << '\n';
}

RebuiltMessage from_chunks(const std::filesystem::path& file) {
  RebuiltMessage message;
  Calls calls;
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in.is_open()) << file;
  simdjson::dom::parser parser;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    element chunk;
    if (parser.parse(line).get(chunk) != simdjson::SUCCESS) {
      ADD_FAILURE() << file << ": " << line;
      return message;
    }
    each_of(chunk, "choices", [&](const element& choice) {
      element delta;
      if (choice["delta"].get(delta) != simdjson::SUCCESS) return;
      message.text += text_at(delta, "content");
      message.reasoning += text_at(delta, "reasoning_content");  // DeepSeek
      message.reasoning += text_at(delta, "reasoning");          // Groq
      each_of(delta, "tool_calls", [&](const element& call) {
        element function;
        ASSERT_EQ(call["function"].get(function), simdjson::SUCCESS);
        calls.add(number_at(call, "index"), text_at(call, "id"), text_at(function, "name"),
                  text_at(function, "arguments"));
      });
    });
  }
  message.calls = calls.in_order();
  return message;
}

std::string ending_in_chunks(const std::filesystem::path& file) {
  std::string reason;
  std::ifstream in(file, std::ios::binary);
  simdjson::dom::parser parser;
  for (std::string line; std::getline(in, line);) {
    element chunk;
    if (parser.parse(line).get(chunk) != simdjson::SUCCESS) continue;
    each_of(chunk, "choices",
            [&](const element& choice) { set_if_there(reason, text_at(choice, "finish_reason")); });
  }
  if (reason == "content_filter") return "content_filtered";
  return reason == "length" ? reason : "complete";
}

std::string ending_in_message(const std::vector<EventLine>& seen) {
  for (const EventLine& line : seen) {
    if (line.kind == "llm_message" && string_at(line, "/message/role") == "assistant")
      return string_at(line, "/message/status").value_or("");
  }
  return "";
}

RebuiltMessage from_deltas(const std::vector<EventLine>& seen) {
  Parts parts;
  Calls calls;
  simdjson::dom::parser parser;
  for (const EventLine& line : seen) {
    if (line.kind != "llm_deltas") continue;
    element payload;
    EXPECT_EQ(parser.parse(line.event).get(payload), simdjson::SUCCESS);
    each_of(payload, "deltas", [&](const element& delta) { add_delta(delta, parts, calls); });
  }
  return {parts.joined("text"), parts.joined("thinking"), calls.in_order()};
}

RebuiltMessage from_message(const std::vector<EventLine>& seen) {
  Parts parts;
  Calls calls;
  simdjson::dom::parser parser;
  for (const EventLine& line : seen) {
    if (line.kind != "llm_message") continue;
    element message;
    EXPECT_EQ(parser.parse(line.event).at_key("message").get(message), simdjson::SUCCESS);
    if (text_at(message, "role") != "assistant") continue;
    std::uint64_t index = 0;
    each_of(message, "content", [&](const element& part) {
      parts.add(index++, text_at(part, "type"), text_at(part, "content"));
    });
    each_of(message, "tool_calls", [&](const element& call) {
      EXPECT_EQ(text_at(call, "status"), "complete");
      calls.add(number_at(call, "index"), text_at(call, "call_id"), text_at(call, "name"),
                text_at(call, "arguments"));
    });
  }
  return {parts.joined("text"), parts.joined("thinking"), calls.in_order()};
}

}  // namespace ringside::tests
