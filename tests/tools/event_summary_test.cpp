// SPDX-License-Identifier: Apache-2.0
#include "tools/event_summary.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "schema/event_buffer.hpp"

namespace ringside::tools {
namespace {

struct Window {
  std::uint64_t ref = 0;
  std::uint64_t previous_ref = 0;
};

std::unique_ptr<events::PresenceEntryT> entry(const std::string& key, const std::vector<Window>& windows) {
  auto made = std::make_unique<events::PresenceEntryT>();
  made->key = key;
  for (const Window& window : windows) {
    auto meta = std::make_unique<events::PresenceMetaT>();
    meta->ref = window.ref;
    meta->previous_ref = window.previous_ref;
    made->metas.push_back(std::move(meta));
  }
  return made;
}

std::string summary_of(events::PresenceDiffT diff) {
  events::EventT event;
  event.payload.Set(std::move(diff));
  std::string line;
  append_summary(line, schema::pack(event).event());
  return line;
}

TEST(EventSummary, SignsWhoComesWhoLeavesAndWhoSaysSomethingAnew) {
  events::PresenceDiffT diff;
  diff.joins.push_back(entry("ada", {{.ref = 5, .previous_ref = 3}}));
  diff.joins.push_back(entry("bob", {{.ref = 6}}));
  diff.leaves.push_back(entry("ada", {{.ref = 3}}));
  diff.leaves.push_back(entry("eve", {{.ref = 4}}));
  EXPECT_EQ(summary_of(std::move(diff)), "+bob (1) -eve (1) ~ada (1)");
}

TEST(EventSummary, TellsTheWindowsOfAViewerApartByTheirRefs) {
  events::PresenceDiffT diff;
  diff.joins.push_back(entry("ada", {{.ref = 5, .previous_ref = 3}, {.ref = 6}}));
  diff.leaves.push_back(entry("ada", {{.ref = 2}, {.ref = 3}}));
  EXPECT_EQ(summary_of(std::move(diff)), "+ada (1) -ada (1) ~ada (1)");
}

}  // namespace
}  // namespace ringside::tools
