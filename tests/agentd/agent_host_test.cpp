// SPDX-License-Identifier: Apache-2.0
//
// An agent with a topic, a runner and clients that all act at once.
#include "agentd/agent_host.hpp"

#include <array>
#include <barrier>
#include <future>
#include <semaphore>
#include <thread>

#include <gtest/gtest.h>

#include "schema/event_builder.hpp"
#include "tests/agentd/hosted_agent.hpp"
#include "tests/agentd/interrupt_samples.hpp"

namespace ringside::agentd::testing {
namespace {

using control::ErrorCode;
using events::AgentStatus;
using Told = std::vector<std::string>;

schema::EventBuffer event_of(std::uint64_t run, auto payload) {
  events::EventT event;
  event.incarnation = HostedAgent::incarnation;
  event.run = run;
  event.payload.Set(std::move(payload));
  return schema::pack(event);
}

schema::EventBuffer started(std::uint64_t run, const std::string& call) {
  events::ToolExecutionStartedT payload;
  payload.tool = std::make_unique<events::ToolCallT>();
  payload.tool->call_id = call;
  payload.tool->name = "rm";
  return event_of(run, std::move(payload));
}

schema::EventBuffer interrupted(std::uint64_t run, const std::string& call) {
  events::ToolExecutionInterruptedT payload;
  payload.call_id = call;
  return event_of(run, std::move(payload));
}

RunOutcome waiting_with(events::InterruptT raised) {
  RunOutcome outcome{.end = RunEnd::interrupted};
  outcome.interrupt = std::make_shared<const events::InterruptT>(std::move(raised));
  return outcome;
}

/// A moment that the conductor comes to.
class Reached {
 public:
  void tell() { promise_.set_value(); }
  void wait() { promise_.get_future().get(); }

 private:
  std::promise<void> promise_;
};

TEST(AgentHost, OfTwoClientsThatAnswerOneInterruptAtOnceExactlyOneIsAccepted) {
  constexpr unsigned rounds = 1'000;
  std::counting_semaphore<> waits(0);
  HostedAgent agent([](const RunRequest& request, RunnerSink& sink) {
    sink.run_finished(request.run, waiting_with(question("i" + std::to_string(request.run))));
  });
  agent.on_status([&](AgentStatus status) {
    if (status == AgentStatus::interrupted) waits.release();
  });
  ASSERT_TRUE(agent.ask([](AgentHost& host) { return host.execute(); }));

  std::barrier both(3);
  std::array<std::optional<ErrorCode>, 2> said;
  const auto client = [&](std::size_t which) {
    for (unsigned round = 1; round <= rounds; ++round) {
      both.arrive_and_wait();
      const auto run = agent.ask([&](AgentHost& host) {
        return host.resume("i" + std::to_string(round), selected({which == 0 ? "a" : "b"}));
      });
      said.at(which) = run ? std::nullopt : std::optional(run.error().code);
      both.arrive_and_wait();
    }
  };
  std::thread first(client, 0);
  std::thread second(client, 1);
  unsigned accepted = 0;
  unsigned told_of_the_other = 0;
  for (unsigned round = 1; round <= rounds; ++round) {
    waits.acquire();
    both.arrive_and_wait();
    both.arrive_and_wait();
    for (const auto& refusal : said) {
      accepted += refusal ? 0u : 1u;
      told_of_the_other += refusal == ErrorCode::already_answered ? 1u : 0u;
    }
  }
  first.join();
  second.join();
  EXPECT_EQ(accepted, rounds);
  EXPECT_EQ(told_of_the_other, rounds);
  EXPECT_EQ(agent.ask([](AgentHost& host) { return host.agent().run(); }), rounds + 1);
}

TEST(AgentHost, CancelsTheCallsOfASupersededInterruptOnceAndInTheTopicsOrder) {
  Reached waits;
  Reached idle;
  HostedAgent agent([](const RunRequest& request, RunnerSink& sink) {
    if (request.run != 1) return sink.run_finished(request.run, {});
    for (const char* call : {"c1", "c2"}) {
      static_cast<void>(sink.publish(started(1, call)));
      static_cast<void>(sink.publish(interrupted(1, call)));
    }
    sink.run_finished(1, waiting_with(approval("i1", 2)));
  });
  agent.on_status([&](AgentStatus status) {
    if (status == AgentStatus::interrupted) waits.tell();
    if (status == AgentStatus::idle) idle.tell();
  });
  ASSERT_TRUE(agent.ask([](AgentHost& host) { return host.execute(); }));
  waits.wait();
  ASSERT_TRUE(agent.ask([](AgentHost& host) { return host.send("never mind"); }));
  idle.wait();
  EXPECT_EQ(agent.told(), (Told{"status idle", "todos_updated", "status running", "tool_execution_started c1",
                                "tool_execution_interrupted c1", "tool_execution_started c2",
                                "tool_execution_interrupted c2", "status interrupted", "llm_message",
                                "tool_execution_cancelled c1", "tool_execution_cancelled c2", "status idle",
                                "status running", "status idle"}));
}

TEST(AgentHost, ClosesTheCallsOfARunThatWouldNotWindUpAndDropsWhatItStillSays) {
  Reached cancelled;
  AgentOptions options;
  options.cancel_timeout_ms = 1;
  HostedAgent agent([](const RunRequest& request,
                       RunnerSink& sink) { static_cast<void>(sink.publish(started(request.run, "c1"))); },
                    std::move(options));
  agent.on_status([&](AgentStatus status) {
    if (status == AgentStatus::cancelled) cancelled.tell();
  });
  ASSERT_TRUE(agent.ask([](AgentHost& host) { return host.execute(); }));
  ASSERT_TRUE(agent.ask([](AgentHost& host) { return host.cancel(); }));
  cancelled.wait();
  static_cast<void>(agent.sink().publish(started(1, "late")));
  agent.sink().run_finished(1, {.end = RunEnd::error});
  EXPECT_TRUE(agent.ask([](AgentHost& host) { return host.topics()->open_calls().empty(); }));
  EXPECT_EQ(agent.told(), (Told{"status idle", "todos_updated", "status running", "tool_execution_started c1",
                                "tool_execution_cancelled c1", "status cancelled"}));
}

TEST(AgentHost, CancelsTheCallsOfAnInterruptedAgentThatIsStopped) {
  Reached waits;
  HostedAgent agent([](const RunRequest& request, RunnerSink& sink) {
    static_cast<void>(sink.publish(interrupted(request.run, "c1")));
    sink.run_finished(request.run, waiting_with(approval("i1")));
  });
  agent.on_status([&](AgentStatus status) {
    if (status == AgentStatus::interrupted) waits.tell();
  });
  ASSERT_TRUE(agent.ask([](AgentHost& host) { return host.execute(); }));
  waits.wait();
  ASSERT_TRUE(agent.ask([](AgentHost& host) { return host.stop(); }));
  EXPECT_EQ(agent.told(),
            (Told{"status idle", "todos_updated", "status running", "tool_execution_interrupted c1",
                  "status interrupted", "tool_execution_cancelled c1", "agent_shutdown"}));
}

TEST(AgentHost, FailsTheCallsOfARunnerThatIsGone) {
  Reached begun;
  HostedAgent agent([&](const RunRequest& request, RunnerSink& sink) {
    static_cast<void>(sink.publish(started(request.run, "c1")));
    begun.tell();
  });
  ASSERT_TRUE(agent.ask([](AgentHost& host) { return host.execute(); }));
  begun.wait();
  agent.sink().runner_ended(RunnerExit::crashed, "exit status 1");
  EXPECT_TRUE(agent.ask([](AgentHost& host) { return host.agent().phase() == Agent::Phase::closed; }));
  EXPECT_EQ(agent.told(),
            (Told{"status idle", "todos_updated", "status running", "tool_execution_started c1",
                  "tool_execution_failed c1: the agent's runner ended in the middle of a run (exit status 1)",
                  "chain_error", "status error", "agent_shutdown"}));
}

TEST(AgentHost, TakesUpTheMessagesThatWaitedOneARun) {
  Reached idle;
  std::vector<std::string> texts;
  HostedAgent agent([&](const RunRequest& request, RunnerSink& sink) {
    if (request.message) texts.push_back(request.message->text);
    if (request.run != 1) sink.run_finished(request.run, {});
  });
  ASSERT_TRUE(agent.ask([](AgentHost& host) { return host.execute(); }));
  agent.on_status([&](AgentStatus status) {
    if (status == AgentStatus::idle) idle.tell();
  });
  for (const char* text : {"one", "two", "three"})
    EXPECT_TRUE(agent.ask([&](AgentHost& host) { return host.send(text); }).value().queued);
  agent.sink().run_finished(1, {});
  idle.wait();
  EXPECT_EQ(texts, (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(agent.told(),
            (Told{"status idle", "todos_updated", "status running", "message_queued", "message_queued",
                  "message_queued", "llm_message", "status running", "llm_message", "status running",
                  "llm_message", "status running", "status idle"}));
}

}  // namespace
}  // namespace ringside::agentd::testing
