// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/recording.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <rapidcheck.h>

#include <gtest/gtest.h>

#include "schema/event_check.hpp"
#include "tests/runners/stream_oracle.hpp"
#include "tests/runners/temporary_folder.hpp"

namespace ringside::agentd {
namespace {

constexpr std::string_view event_lines =
    R"({"seq":1,"time_ns":100,"topic":"agent_server:x","kind":"llm_deltas","incarnation":1,"run":1,"event":{"deltas":[{"message_id":"m","text":"é"}]}})"
    "\n"
    R"({"seq":2,"time_ns":5000100,"topic":"agent_server:x","kind":"tool_execution_started","incarnation":1,"run":1,"event":{"tool":{"call_id":"c","name":"f"}}})"
    "\n"
    R"({"seq":3,"time_ns":90,"topic":"agent_server:x","kind":"custom","incarnation":1,"run":1,"event":{"name":"n","data":[1,2]}})"
    "\n"
    R"({"kind":"llm_message","event":{"message":{"id":"m","content":[{"content":"é"}]}}})"
    "\n";

std::size_t line_count(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
}

TEST(Recording, KeepsTheRecordedTimesAndNeverGoesBack) {
  const auto recording = read_recording(event_lines);
  ASSERT_TRUE(recording) << recording.error().fault.message;
  std::vector<std::int64_t> times;
  for (const RecordedStep& step : recording->steps)
    times.push_back(step.at_ns);
  EXPECT_EQ(times, (std::vector<std::int64_t>{0, 5'000'000, 5'000'000, 5'000'000 + untimed_step_ns}));
}

TEST(Recording, IsReadTheSameWithAByteOrderMarkAndForeignLineEnds) {
  std::string foreign = "\xEF\xBB\xBF\r\n";
  for (const char c : read_file(sample("weather.chunks.txt")))
    foreign += c == '\n' ? "\r\n" : std::string(1, c);
  const auto recording = read_recording(foreign);
  ASSERT_TRUE(recording) << recording.error().fault.message;
  EXPECT_EQ(recording->steps.size(), read_recording(read_file(sample("weather.chunks.txt")))->steps.size());
}

TEST(Recording, IsReadOnceForAllWhoReplayItAtTheSameTime) {
  const TemporaryFolder folder;
  const auto file = folder.write("stream.jsonl", event_lines);
  const auto first = load_recording(file);
  const auto second = load_recording(file);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->get(), second->get());
  folder.write("stream.jsonl", std::string(event_lines) + std::string(event_lines));
  const auto changed = load_recording(file);
  ASSERT_TRUE(changed) << changed.error();
  EXPECT_EQ((*changed)->steps.size(), 8U);
}

TEST(Recording, DamagedAnywhereIsWholeOrRefusedAtALineThatExists) {
  const std::string chunks = read_file(sample("weather.chunks.txt")).substr(0, 4000);
  const std::vector<std::string> texts = {chunks.substr(0, chunks.rfind('\n') + 1), std::string(event_lines)};
  EXPECT_TRUE(rc::check("a damaged recording is read or refused", [&] {
    std::string text = *rc::gen::elementOf(texts);
    const auto damages = *rc::gen::inRange(1, 4);
    for (int i = 0; i < damages; ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
      const auto with =
          *rc::gen::oneOf(rc::gen::arbitrary<char>(), rc::gen::elementOf(std::string("{}[]\",:\n0e")));
      if (*rc::gen::arbitrary<bool>())
        text[at] = with;
      else
        text.insert(at, 1, with);
    }
    const auto recording = read_recording(text);
    if (!recording) {
      RC_ASSERT(recording.error().line <= line_count(text));
      RC_ASSERT(!recording.error().fault.message.empty());
      return;
    }
    for (const RecordedStep& step : recording->steps)
      RC_ASSERT(schema::check_event(step.event.bytes()).has_value());
  }));
}

}  // namespace
}  // namespace ringside::agentd
