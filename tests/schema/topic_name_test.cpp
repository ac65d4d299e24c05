// SPDX-License-Identifier: Apache-2.0
#include "schema/topic_name.hpp"

#include <gtest/gtest.h>

namespace ringside::schema {
namespace {

TEST(TopicName, IsOneToTwoHundredBytes) {
  EXPECT_FALSE(valid_topic_name(""));
  EXPECT_TRUE(valid_topic_name("a"));
  EXPECT_TRUE(valid_topic_name(std::string(topic_name_size_max, 'a')));
  EXPECT_FALSE(valid_topic_name(std::string(topic_name_size_max + 1, 'a')));
}

TEST(TopicName, IsUtf8WithoutNul) {
  EXPECT_TRUE(valid_topic_name("conversation:\u00fcber"));
  EXPECT_FALSE(valid_topic_name("conversation:\xfc"));
  EXPECT_FALSE(valid_topic_name(std::string_view("a\0b", 3)));
}

TEST(TopicName, NamesTheTopicsOfAnAgentAndFindsItsWayBack) {
  EXPECT_EQ(main_topic("conversation-123"), "agent_server:conversation-123");
  EXPECT_EQ(debug_topic("conversation-123"), "agent_server:debug:conversation-123");
  EXPECT_EQ(agent_of(main_topic("a")), "a");
  EXPECT_EQ(agent_of(debug_topic("a")), "a");
  EXPECT_FALSE(is_debug_topic(main_topic("a")));
  EXPECT_TRUE(is_debug_topic(debug_topic("a")));
}

TEST(TopicName, OtherTopicsHaveNoAgent) {
  for (const std::string_view topic :
       {"", "agent_server:", "agent_server:debug:", "conversation:1", "agent_server"}) {
    EXPECT_EQ(agent_of(topic), std::nullopt) << topic;
    EXPECT_FALSE(is_debug_topic(topic)) << topic;
  }
  EXPECT_EQ(agent_of(agents_topic), std::nullopt);
}

TEST(AgentId, NeverGivesATopicThatMeansSomethingElse) {
  EXPECT_EQ(main_topic("presence"), agents_topic);
  EXPECT_FALSE(valid_agent_id("presence"));
  EXPECT_EQ(main_topic("debug:a"), debug_topic("a"));
  EXPECT_FALSE(valid_agent_id("debug:a"));
  EXPECT_TRUE(valid_agent_id("debug"));
  EXPECT_TRUE(valid_agent_id("presence-1"));
}

TEST(AgentId, LeavesRoomForTheLongerOfItsTopics) {
  const std::size_t room = topic_name_size_max - debug_topic("").size();
  EXPECT_TRUE(valid_agent_id(std::string(room, 'a')));
  EXPECT_TRUE(valid_topic_name(debug_topic(std::string(room, 'a'))));
  EXPECT_FALSE(valid_agent_id(std::string(room + 1, 'a')));
  EXPECT_FALSE(valid_agent_id(""));
}

}  // namespace
}  // namespace ringside::schema
