// SPDX-License-Identifier: Apache-2.0
//
// An agent's debug topic, as clients see it.
#include <memory>
#include <string>
#include <vector>

#include <ringside/topic.hpp>

#include "tests/clientlib/daemon_host.hpp"

namespace ringside {
namespace {

using test::DaemonTest;

template <class Payload>
events::EventT event_of(Payload payload) {
  events::EventT event;
  event.payload.Set(std::move(payload));
  return event;
}

/// One of every kind that the debug topic carries.
std::vector<events::EventT> every_debug_event() {
  std::vector<events::EventT> all;
  events::AgentStateUpdateT state;
  state.state = R"({"messages":[]})";
  all.push_back(event_of(state));
  events::MessagesAppendedT appended;
  appended.messages.push_back(std::make_unique<events::MessageT>());
  appended.messages.back()->id = "m1";
  all.push_back(event_of(appended));
  for (const char* action :
       {"summarization_started", "summarization_completed", "dangling_tool_calls_patched",
        "title_generation_started", "title_generation_completed", "title_generation_failed",
        "interrupt_generated", "something_of_its_own"}) {
    events::MiddlewareActionT taken;
    taken.middleware = "summary";
    taken.action = action;
    taken.data = "{}";
    all.push_back(event_of(taken));
  }
  events::LlmErrorT failed;
  failed.error = std::make_unique<events::ErrorT>();
  failed.error->message = "overloaded";
  failed.attempt = 1;
  failed.will_retry = true;
  all.push_back(event_of(failed));
  using Phase = events::SubagentPhase;
  for (const Phase phase : events::EnumValuesSubagentPhase()) {
    events::SubagentT subagent;
    subagent.id = "s1";
    subagent.phase = phase;
    if (phase == Phase::message) {
      subagent.message = std::make_unique<events::MessageT>();
      subagent.message->id = "m2";
    }
    if (phase == Phase::failed) {
      subagent.error = std::make_unique<events::ErrorT>();
      subagent.error->message = "no";
    }
    all.push_back(event_of(subagent));
  }
  events::CustomT custom;
  custom.name = "trace";
  all.push_back(event_of(custom));
  return all;
}

TEST_F(DaemonTest, EveryDebugEventIsDeliveredInOrderAndNoneOnTheMainTopic) {
  ASSERT_TRUE(client_.start("ada", {.runner = test::sample(), .stay_idle = true}));
  Subscription debug = client_.subscribe(agent_debug_topic("ada"), {.from = From::latest}).value();
  Subscription main = client_.subscribe_agent("ada", {.from = From::latest}).value();
  const auto published = every_debug_event();
  for (std::size_t i = 0; i < published.size(); ++i) {
    const auto done = client_.publish_debug("ada", published[i]);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->first_sequence, i + 1);
  }
  std::size_t seen = 0;
  ASSERT_TRUE(read_until(debug, [&](const Event& event) {
    EXPECT_EQ(event.sequence(), seen + 1);
    EXPECT_EQ(event.kind(), published[seen].payload.type);
    if (const auto* action = event.as<events::MiddlewareAction>()) {
      EXPECT_EQ(action->action()->str(), published[seen].payload.Asmiddleware_action()->action);
    }
    if (const auto* subagent = event.as<events::Subagent>()) {
      EXPECT_EQ(subagent->phase(), published[seen].payload.Assubagent()->phase);
    }
    return ++seen == published.size();
  }));
  EXPECT_EQ(main.next(), nullptr);
}

TEST_F(DaemonTest, DebugEventsEndWithTheirReaderAlsoWhenItIsGoneWithoutAWord) {
  ASSERT_TRUE(client_.start("ada", {.runner = test::sample(), .stay_idle = true}));
  const auto event = every_debug_event().front();
  EXPECT_EQ(client_.publish("ada", event)->first_sequence, 0U);
  {
    Client other = connect();
    Subscription debug = other.subscribe(agent_debug_topic("ada"), {.from = From::latest}).value();
    EXPECT_EQ(client_.publish("ada", event)->first_sequence, 1U);
  }
  // The handle's destructor waits for no answer, and no event tells of it.
  while (client_.publish("ada", event)->first_sequence != 0) {
  }
}

TEST_F(DaemonTest, MegabytesOfStateOnTheDebugTopicTakeNothingFromTheMainTopic) {
  constexpr int states = 5;  // of 900,000 bytes: a line has at most a MiB
  const std::string script =
      R"(read -r line
         i=0
         while [ $i -lt 100 ]; do
           echo '{"kind":"custom","event":{"name":"token"}}'
           i=$((i+1))
           [ $((i%20)) = 0 ] || continue
           printf '{"kind":"agent_state_update","event":{"state":"'
           head -c 900000 /dev/zero | tr '\0' x
           printf '"}}\n'
         done
         echo '{"kind":"status_changed","event":{"status":"idle"}}'
         read -r line)";
  Subscription debug = client_.subscribe(agent_debug_topic("ada"), {.from = From::latest}).value();
  const auto started = client_.start("ada", {.runner = ExecRunner{.argv = {"/bin/sh", "-c", script}}});
  ASSERT_TRUE(started) << started.error().message;
  int seen = 0;
  ASSERT_TRUE(read_until(debug, [&seen](const Event& event) {
    const auto* update = event.as<events::AgentStateUpdate>();
    EXPECT_TRUE(update != nullptr && update->state()->size() == 900'000);
    return ++seen == states;
  }));
  Subscription main = client_.subscribe_agent("ada", {.from = From::oldest}).value();
  int tokens = 0;
  std::uint64_t expected = 1;
  ASSERT_TRUE(read_until(main, [&](const Event& event) {
    EXPECT_EQ(event.sequence(), expected++);
    tokens += event.kind() == events::Payload::custom ? 1 : 0;
    const auto* status = event.as<events::StatusChanged>();
    return tokens > 0 && status != nullptr && status->status() == events::AgentStatus::idle;
  }));
  EXPECT_EQ(tokens, 100);
  EXPECT_EQ(main.lost().events, 0U);
}

}  // namespace
}  // namespace ringside
