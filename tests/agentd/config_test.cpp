// SPDX-License-Identifier: Apache-2.0
#include "agentd/config.hpp"

#include <string>

#include <gtest/gtest.h>

namespace ringside::agentd {
namespace {

std::string complaint(std::string_view text) {
  const auto config = parse_config(text, "agentd.toml");
  return config ? "accepted" : config.error().message;
}

TEST(Config, HoldsTheDefaultsWhereTheFileIsSilent) {
  const auto config = parse_config("", "agentd.toml");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->namespace_name, "default");
  EXPECT_FALSE(config->socket);
  EXPECT_EQ(config->ring, shm::RingGeometry{});
  EXPECT_EQ(config->agent.grace_period_ms, 5'000U);
  EXPECT_EQ(config->agent.inactivity_ms, 300'000U);
  EXPECT_EQ(config->agent.stop_timeout_ms, 25'000U);
  EXPECT_TRUE(config->start_uids.empty());
}

TEST(Config, TakesEveryKey) {
  const auto config = parse_config(R"(
namespace = "lab"
socket = "/run/lab/control.sock"
log_level = "debug"
[ring]
segment_size = 4096
window_segments = 4
subscription_max = 8
pins_per_subscription = 2
[agent]
grace_period_ms = 1
inactivity_ms = 0
stop_timeout_ms = 3
[limits]
sessions_per_uid = 4
subscriptions_per_session = 5
presences_per_session = 6
agents = 7
topics = 8
[policy]
start_uids = [1000, 1001]
)",
                                   "agentd.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->namespace_name, "lab");
  EXPECT_EQ(config->socket, "/run/lab/control.sock");
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->ring, (shm::RingGeometry{4096, 4, 8, 2}));
  EXPECT_EQ(config->agent.grace_period_ms, 1U);
  EXPECT_EQ(config->agent.inactivity_ms, 0U);
  EXPECT_EQ(config->agent.stop_timeout_ms, 3U);
  EXPECT_EQ(config->limits.sessions_per_uid, 4U);
  EXPECT_EQ(config->limits.subscriptions_per_session, 5U);
  EXPECT_EQ(config->limits.presences_per_session, 6U);
  EXPECT_EQ(config->limits.agents, 7U);
  EXPECT_EQ(config->limits.topics, 8U);
  EXPECT_EQ(config->start_uids, (std::vector<uid_t>{1000, 1001}));
}

TEST(Config, NamesAnUnknownKeyItsLineAndTheKeysThereAre) {
  EXPECT_EQ(complaint("[agent]\n\ngrace = 5\n"),
            "agentd.toml:3: unknown key 'agent.grace'; [agent] has: grace_period_ms, inactivity_ms, "
            "stop_timeout_ms");
  EXPECT_EQ(
      complaint("namespace = 'x'\nsokcet = '/x'\n"),
      "agentd.toml:2: unknown key 'sokcet'; a configuration has: namespace, socket, log_level, ring, agent, "
      "limits, policy");
}

TEST(Config, NamesTheFirstOfSeveralErrors) {
  EXPECT_EQ(complaint("[policy]\nstart_uids = 3\n[agent]\ngrace_period_ms = 'x'\n"),
            "agentd.toml:2: 'policy.start_uids' is a list of user ids, such as [1000, 1001]");
}

TEST(Config, NamesTheRangeOfANumber) {
  EXPECT_EQ(complaint("[limits]\nagents = 0\n"),
            "agentd.toml:2: 'limits.agents' is a whole number from 1 to 1048576");
  EXPECT_EQ(complaint("[agent]\ngrace_period_ms = -1\n"),
            "agentd.toml:2: 'agent.grace_period_ms' is a whole number from 0 to 86400000");
  EXPECT_EQ(complaint("[agent]\ngrace_period_ms = 1.5\n"),
            "agentd.toml:2: 'agent.grace_period_ms' is a whole number from 0 to 86400000");
  EXPECT_EQ(complaint("[ring]\nsegment_size = 5000\n"),
            "agentd.toml:1: 'ring.segment_size' is a power of two from 4096 to 16777216");
  EXPECT_EQ(complaint("[ring]\npins_per_subscription = 1\n"),
            "agentd.toml:2: 'ring.pins_per_subscription' is a whole number from 2 to 4");
}

TEST(Config, RefusesWhatIsOfAnotherType) {
  EXPECT_EQ(complaint("ring = 3\n"), "agentd.toml:1: 'ring' is a table: [ring]");
  EXPECT_EQ(complaint("namespace = 3\n"), "agentd.toml:1: 'namespace' is a string");
  EXPECT_EQ(complaint("socket = 'control.sock'\n"), "agentd.toml:1: 'socket' is an absolute path");
  EXPECT_EQ(complaint("log_level = 'loud'\n"),
            "agentd.toml:1: 'log_level' is one of: trace, debug, info, warning, error, off");
}

TEST(Config, RefusesANamespaceThatIsNoFolderName) {
  for (const std::string_view name : {"", ".", "..", "a/b", ".x", "a b"})
    EXPECT_FALSE(valid_namespace_name(name)) << name;
  for (const std::string_view name : {"default", "a", "A-1_b.c"})
    EXPECT_TRUE(valid_namespace_name(name)) << name;
  EXPECT_FALSE(valid_namespace_name(std::string(65, 'a')));
  EXPECT_EQ(complaint("namespace = '../x'\n").find("agentd.toml:1: '../x' is no namespace"), 0U);
}

TEST(Config, NamesTheLineThatIsNotToml) {
  EXPECT_EQ(complaint("namespace = 'x'\nring = \n").find("agentd.toml:2: not TOML: "), 0U)
      << complaint("a = 'x'\nring = \n");
}

TEST(Config, SaysWhyAFileCannotBeRead) {
  const auto missing = load_config("/nonexistent/agentd.toml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "/nonexistent/agentd.toml: cannot be read: No such file or directory");
  const auto folder = load_config("/tmp");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().message, "/tmp: cannot be read: it is a folder");
}

}  // namespace
}  // namespace ringside::agentd
