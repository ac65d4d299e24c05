// SPDX-License-Identifier: Apache-2.0
#include "tests/runners/stream_oracle.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <simdjson.h>

#include <gtest/gtest.h>

namespace ringside::agentd {
namespace {

using simdjson::dom::element;

std::string text_at(element value, const char* key) {
  std::string_view text;
  return value[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string{};
}

}  // namespace

ViewedMessage read_plainly(const std::filesystem::path& file) {
  ViewedMessage message;
  simdjson::dom::parser parser;
  std::istringstream lines(read_file(file));
  for (std::string line; std::getline(lines, line);) {
    element delta;
    if (parser.parse(line).at_pointer("/choices/0/delta").get(delta) != simdjson::SUCCESS) continue;
    message.text += text_at(delta, "content");
    message.thinking += text_at(delta, "reasoning_content") + text_at(delta, "reasoning");
    simdjson::dom::array calls;
    if (delta["tool_calls"].get(calls) != simdjson::SUCCESS) continue;
    for (const element call : calls) {
      ViewedCall& seen = message.calls[static_cast<unsigned>(std::uint64_t(call["index"]))];
      seen.id += text_at(call, "id");
      seen.name += text_at(call["function"], "name");
      seen.arguments += text_at(call["function"], "arguments");
    }
  }
  return message;
}

std::vector<std::filesystem::path> provider_recordings() {
  const std::filesystem::path folder =
      std::filesystem::path(RINGSIDE_SOURCE_DIR) / "../shared/streams/providers";
  std::vector<std::filesystem::path> found;
  if (!std::filesystem::exists(folder)) return found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool other_api = name.starts_with("anthropic-") || name.starts_with("openai-mcp-");
    if (name.ends_with(".chunks.txt") && !other_api) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in.is_open()) << "cannot read " << file;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::filesystem::path sample(const std::string& name) {
  return std::filesystem::path(RINGSIDE_SOURCE_DIR) / "examples/samples" / name;
}

}  // namespace ringside::agentd
