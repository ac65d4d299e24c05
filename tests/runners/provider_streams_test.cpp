// SPDX-License-Identifier: Apache-2.0
//
// What real providers streamed, against a plain reading of the same files.
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "agentd/runners/chat_chunks.hpp"
#include "schema/event_buffer.hpp"
#include "tests/runners/stream_oracle.hpp"
#include "tests/runners/viewed_stream.hpp"

namespace ringside::agentd {
namespace {

struct Decoded {
  ViewedStream seen;
  std::optional<LineFault> fault;
  std::size_t line = 0;
};

/// Reads up to the first fault, as somebody would to whom the bytes come one by one.
Decoded decode(std::string_view text) {
  Decoded decoded;
  ChatChunks chunks;
  std::vector<schema::EventBuffer> events;
  while (!text.empty() && !decoded.fault) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    ++decoded.line;
    const auto done = chunks.line(text.substr(0, end), events);
    if (!done) decoded.fault = done.error();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  chunks.finish(events);
  for (const schema::EventBuffer& event : events)
    decoded.seen.see(event.event());
  return decoded;
}

std::vector<std::filesystem::path> all_recordings() {
  std::vector<std::filesystem::path> files = provider_recordings();
  files.push_back(sample("lighthouse.chunks.txt"));
  files.push_back(sample("weather.chunks.txt"));
  return files;
}

void expect_prefix(const std::string& part, const std::string& whole) {
  EXPECT_EQ(part, whole.substr(0, part.size()));
}

TEST(ProviderStreams, AreBesideTheRepository) {
  if (provider_recordings().empty())
    GTEST_SKIP() << "no ../shared/streams/providers: only our own samples are read";
  EXPECT_GE(provider_recordings().size(), 5U);
}

TEST(ProviderStreams, FoldToExactlyWhatAPlainReadingGives) {
  for (const auto& file : all_recordings()) {
    SCOPED_TRACE(file.filename());
    const Decoded decoded = decode(read_file(file));
    ASSERT_FALSE(decoded.fault) << decoded.line << ": " << decoded.fault->message;
    const ViewedMessage plain = read_plainly(file);
    EXPECT_FALSE(plain.text.empty() && plain.thinking.empty());
    ASSERT_EQ(decoded.seen.folded.size(), 1U);
    EXPECT_EQ(decoded.seen.folded.begin()->second, plain);
    EXPECT_EQ(decoded.seen.folded, decoded.seen.complete);
    EXPECT_EQ(decoded.seen.identified.size(), plain.calls.size());
    EXPECT_NE(decoded.seen.status.begin()->second, events::MessageStatus::stream_error);
    EXPECT_EQ(decoded.seen.kinds.back(), "llm_token_usage");
    EXPECT_TRUE(decoded.seen.usage.contains("input") && decoded.seen.usage.contains("total_tokens"));
  }
}

TEST(ProviderStreams, CutAtAnyByteAreAValidPrefixOrAnExactError) {
  for (const auto& file : all_recordings()) {
    SCOPED_TRACE(file.filename());
    const std::string text = read_file(file);
    const ViewedMessage plain = read_plainly(file);
    // In steps that meet every offset within a chunk, and at every byte of the last chunks.
    const std::size_t step = text.size() / 199 | 1;
    for (std::size_t size = 0; size < text.size(); size += size + 300 < text.size() ? step : 1) {
      const Decoded decoded = decode(std::string_view(text).substr(0, size));
      const bool between_chunks = size == 0 || text[size] == '\n' || text[size - 1] == '\n';
      EXPECT_EQ(decoded.fault.has_value(), !between_chunks) << "cut at " << size;
      if (decoded.fault) {
        EXPECT_TRUE(decoded.fault->ends_too_early) << "cut at " << size << ": " << decoded.fault->message;
        const std::size_t line_start = text.rfind('\n', size - 1) + 1;  // npos + 1 is the first line
        EXPECT_EQ(decoded.fault->column, size - line_start + 1) << "cut at " << size;
      }
      if (decoded.seen.folded.empty()) continue;
      const ViewedMessage& seen = decoded.seen.folded.begin()->second;
      expect_prefix(seen.text, plain.text);
      expect_prefix(seen.thinking, plain.thinking);
      for (const auto& [index, call] : seen.calls)
        expect_prefix(call.arguments, plain.calls.at(index).arguments);
    }
  }
}

TEST(ProviderStreams, OfOtherApisAreRefusedAtTheirFirstLine) {
  const std::filesystem::path folder =
      std::filesystem::path(RINGSIDE_SOURCE_DIR) / "../shared/streams/providers";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no ../shared/streams/providers";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("anthropic-") && !name.starts_with("openai-mcp-")) continue;
    const Decoded decoded = decode(read_file(entry.path()));
    ASSERT_TRUE(decoded.fault) << name;
    EXPECT_EQ(decoded.line, 1U);
    EXPECT_NE(decoded.fault->message.find(name.starts_with("anthropic") ? "Anthropic" : "responses"),
              std::string::npos)
        << decoded.fault->message;
  }
}

}  // namespace
}  // namespace ringside::agentd
