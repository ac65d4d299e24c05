// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "schema/control_codec.hpp"
#include "shm/ring_layout.hpp"
#include "tests/agentd/agentd_process.hpp"
#include "tests/agentd/control_client.hpp"

namespace ringside::agentd {
namespace {

control::HelloT hello() {
  control::HelloT hello;
  hello.protocol_version = schema::protocol_version;
  hello.layout_version = shm::ring_layout_version;
  hello.layout_fingerprint = shm::ring_fingerprint();
  hello.client_id_high = 7;
  return hello;
}

TEST(ControlHello, SaysTheVersionsOfBothSides) {
  AgentdProcess agentd;
  ControlClient client(agentd.socket());
  const Reply reply = client.ask(hello());
  const auto* said = reply.as<control::HelloReplyT>();
  ASSERT_NE(said, nullptr) << reply.text();
  EXPECT_EQ(said->protocol_version, schema::protocol_version);
  EXPECT_EQ(said->layout_version, shm::ring_layout_version);
  EXPECT_EQ(said->layout_fingerprint, shm::ring_fingerprint());
  EXPECT_EQ(said->namespace_name, "default");
  EXPECT_EQ(said->daemon_version, "0.1.0");
}

TEST(ControlHello, RefusesEveryOtherVersionNamingBoth) {
  AgentdProcess agentd;
  for (int which = 0; which < 3; ++which) {
    control::HelloT other = hello();
    if (which == 0) other.protocol_version = 4711;
    if (which == 1) other.layout_version = 4711;
    if (which == 2) other.layout_fingerprint = 0x4711;
    ControlClient client(agentd.socket());
    const Reply reply = client.ask(std::move(other));
    EXPECT_EQ(reply.error(), control::ErrorCode::unsupported_version);
    EXPECT_NE(reply.text().find("4711"), std::string::npos) << reply.text();
    EXPECT_NE(reply.text().find("agentd 0.1.0 speaks protocol 1"), std::string::npos) << reply.text();
    EXPECT_TRUE(client.hears_the_end());
  }
}

TEST(ControlHello, ComesFirstAndOnce) {
  AgentdProcess agentd;
  ControlClient client(agentd.socket());
  EXPECT_EQ(client.ask(control::ListT{}).error(), control::ErrorCode::bad_request);
  EXPECT_NE(client.ask(hello()).as<control::HelloReplyT>(), nullptr);
  EXPECT_EQ(client.ask(hello()).error(), control::ErrorCode::bad_request);
  EXPECT_NE(client.ask(control::ListT{}).as<control::ListReplyT>(), nullptr);
}

TEST(ControlHello, LetsNobodyTakeTheNameOfAnotherOrOfTheDaemon) {
  AgentdProcess agentd;
  ControlClient first(agentd.socket());
  EXPECT_NE(first.ask(hello()).as<control::HelloReplyT>(), nullptr);
  ControlClient second(agentd.socket());
  EXPECT_EQ(second.ask(hello()).error(), control::ErrorCode::not_allowed);
  ControlClient third(agentd.socket());
  control::HelloT nobody = hello();
  nobody.client_id_high = 0;
  EXPECT_EQ(third.ask(std::move(nobody)).error(), control::ErrorCode::bad_request);
}

TEST(ControlHello, GivesTheNameBackWhenItsClientHasHungUp) {
  AgentdProcess agentd;
  for (int i = 0; i < 50; ++i) {
    ControlClient client(agentd.socket());
    const Reply reply = client.ask(hello());
    EXPECT_NE(reply.as<control::HelloReplyT>(), nullptr) << reply.text();
  }
}

TEST(ControlHello, SendsAwayWhoIsBeyondTheLimitAndServesTheOthers) {
  AgentdProcess agentd({}, "[limits]\nsessions_per_uid = 2\n");
  ControlClient first(agentd.socket());
  ControlClient second(agentd.socket());
  first.greet();
  second.greet();
  {
    ControlClient third(agentd.socket());
    const Reply reply = third.ask(hello());
    EXPECT_EQ(reply.error(), control::ErrorCode::no_slot);
    EXPECT_NE(reply.text().find("has 2 sessions, its limit (limits.sessions_per_uid)"), std::string::npos);
    EXPECT_TRUE(third.hears_the_end());
  }
  std::vector<ControlClient> flood;
  for (int i = 0; i < 100; ++i)
    flood.emplace_back(agentd.socket());
  EXPECT_NE(first.ask(control::ListT{}).as<control::ListReplyT>(), nullptr);
  EXPECT_NE(second.ask(control::ListT{}).as<control::ListReplyT>(), nullptr);
}

TEST(ControlAttach, GivesOneSealedPageAConnection) {
  AgentdProcess agentd;
  ControlClient client(agentd.socket());
  client.greet();
  EXPECT_EQ(client.ask(control::AttachT{}).error(), control::ErrorCode::already_attached);
  ControlClient other(agentd.socket());
  other.greet();
  EXPECT_NE(client.page().session(), other.page().session());
}

}  // namespace
}  // namespace ringside::agentd
