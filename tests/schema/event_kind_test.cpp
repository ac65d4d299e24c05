// SPDX-License-Identifier: Apache-2.0
#include "schema/event_kind.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace ringside::schema {
namespace {

using events::Payload;

TEST(EventKind, NamesAreTheSpecificationsAndLeadBack) {
  EXPECT_EQ(kind_name(Payload::llm_deltas), "llm_deltas");
  EXPECT_EQ(kind_name(Payload::agent_shutdown), "agent_shutdown");
  for (const Payload kind : events::EnumValuesPayload()) {
    if (kind == Payload::NONE) continue;
    EXPECT_EQ(kind_from_name(kind_name(kind)), kind);
  }
}

TEST(EventKind, WhatIsNotAKindHasNoName) {
  EXPECT_EQ(kind_name(Payload::NONE), "");
  EXPECT_EQ(kind_name(static_cast<Payload>(200)), "");
  for (const std::string_view name : {"", "NONE", "llm_delta", "LLM_DELTAS", "llm_deltas "}) {
    EXPECT_EQ(kind_from_name(name), std::nullopt) << name;
  }
}

std::set<std::string> kinds_with(bool (*has)(Payload) noexcept) {
  std::set<std::string> names;
  for (int value = 0; value < 256; ++value) {
    const auto kind = static_cast<Payload>(value);
    if (has(kind)) names.emplace(kind_name(kind));
  }
  return names;
}

TEST(EventKind, DebugKindsAreThoseOfTheDebugTopic) {
  EXPECT_EQ(kinds_with(is_debug_kind), std::set<std::string>({"agent_state_update", "messages_appended",
                                                              "middleware_action", "llm_error", "subagent"}));
}

TEST(EventKind, WhatOnlyAgentdKnowsIsNotPublishable) {
  std::set<std::string> refused;
  for (const Payload kind : events::EnumValuesPayload()) {
    if (kind != Payload::NONE && !is_publishable(kind)) refused.emplace(kind_name(kind));
  }
  EXPECT_EQ(refused, std::set<std::string>({"status_changed", "chain_error", "agent_shutdown",
                                            "presence_diff", "message_queued", "display_message_saved",
                                            "display_message_updated", "snapshot"}));
  EXPECT_FALSE(is_publishable(Payload::NONE));
  EXPECT_FALSE(is_publishable(static_cast<Payload>(200)));
}

}  // namespace
}  // namespace ringside::schema
