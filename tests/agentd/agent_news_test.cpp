// SPDX-License-Identifier: Apache-2.0
#include "agentd/agent_news.hpp"

#include <gtest/gtest.h>

namespace ringside::agentd {
namespace {

constexpr std::int64_t agent_ms = 1'000'000;
constexpr std::int64_t activity_interval_ns =
    static_cast<std::int64_t>(AgentNews::activity_interval_ms) * agent_ms;

constexpr AgentNews::Facts idle_since(std::int64_t wall_ns) {
  return {events::AgentStatus::idle, wall_ns};
}

TEST(AgentNews, HasNothingToTellWhileNothingHappens) {
  AgentNews news;
  news.told(idle_since(1), 1'000 * agent_ms);
  EXPECT_EQ(news.due_ns(idle_since(1)), never_ns);
}

TEST(AgentNews, TellsAStatusAtOnceAlsoRightAfterAnother) {
  AgentNews news;
  news.told(idle_since(1), 1'000 * agent_ms);
  EXPECT_LE(news.due_ns({events::AgentStatus::running, 1}), 1'000 * agent_ms);
  news.told({events::AgentStatus::running, 1}, 1'000 * agent_ms);
  EXPECT_LE(news.due_ns({events::AgentStatus::error, 2}), 1'000 * agent_ms);
}

TEST(AgentNews, TellsActivityAtMostOnceAnInterval) {
  AgentNews news;
  std::int64_t now_ns = 77 * agent_ms;
  news.told(idle_since(0), now_ns);
  int told = 0;
  for (std::int64_t touch = 1; touch <= 1'000; ++touch) {  // one each 100 ms
    now_ns += 100 * agent_ms;
    if (news.due_ns(idle_since(touch)) > now_ns) continue;
    news.told(idle_since(touch), now_ns);
    ++told;
  }
  EXPECT_EQ(told, 1'000 * 100 * agent_ms / activity_interval_ns);
}

TEST(AgentNews, DoesNotOweWhatAStatusHasToldAlready) {
  AgentNews news;
  news.told(idle_since(1), 0);
  ASSERT_EQ(news.due_ns(idle_since(2)), activity_interval_ns);
  news.told({events::AgentStatus::running, 2}, 10 * agent_ms);
  EXPECT_EQ(news.due_ns({events::AgentStatus::running, 2}), never_ns);
  EXPECT_EQ(news.due_ns({events::AgentStatus::running, 3}), 10 * agent_ms + activity_interval_ns);
}

}  // namespace
}  // namespace ringside::agentd
