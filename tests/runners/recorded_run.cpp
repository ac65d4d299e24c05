// SPDX-License-Identifier: Apache-2.0
#include "tests/runners/recorded_run.hpp"

#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "agentd/runners/chat_chunks.hpp"
#include "schema/event_builder.hpp"
#include "tests/runners/stream_oracle.hpp"

namespace ringside::agentd {

std::vector<schema::EventBuffer> recorded_run(const std::filesystem::path& file) {
  std::vector<schema::EventBuffer> events;
  schema::EventBuilder builder;
  events.push_back(builder.user_message(first_run, "user-1", "Say it."));
  events.push_back(builder.status_changed(first_run, events::AgentStatus::running));
  ChatChunks chunks;
  std::istringstream lines(read_file(file));
  for (std::string line; std::getline(lines, line);)
    EXPECT_TRUE(chunks.line(line, events)) << line;
  chunks.finish(events);
  events.push_back(builder.status_changed(first_run, events::AgentStatus::idle));
  return events;
}

}  // namespace ringside::agentd
