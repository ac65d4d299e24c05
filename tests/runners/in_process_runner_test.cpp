// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/in_process_runner.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>

#include <gmock/gmock.h>

#include "tests/runners/in_process_fixture.hpp"

namespace ringside::agentd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using InProcessRunner = InProcess;

TEST_F(InProcessRunner, PublishesWhatItsAgentSaysAndEndsAsItSays) {
  script([](const RunRequest& request, AgentRun& run) {
    run.publish_token("m", "hello");
    run.publish_token("m", " world");
    run.publish(whole("m", "hello world"));
    return request.run == 1 ? RunOutcome{} : RunOutcome{.end = RunEnd::paused};
  });
  EXPECT_EQ(run(1).end, RunEnd::idle);
  EXPECT_EQ(sink_->view().folded.at("m").text, "hello world");
  EXPECT_EQ(sink_->view().folded, sink_->view().complete);
  for (const schema::EventBuffer& event : sink_->events())
    EXPECT_EQ(event.stamp(), (schema::Stamp{9, 1}));
  EXPECT_EQ(run(2).end, RunEnd::paused);
  runner_->stop();
  EXPECT_EQ(sink_->wait_for_end().exit, RunnerExit::finished);
}

TEST_F(InProcessRunner, CancelsAtOnceAndRunsAgainWhenTheRunHasReturned) {
  script([](const RunRequest& request, AgentRun& run) {
    while (request.run == 1)
      run.publish_token("m", "x");
    run.publish(title("second"));
    return RunOutcome{};
  });
  runner_->execute({9, 1});
  sink_->wait_for_events(3);
  runner_->cancel(1);
  EXPECT_EQ(sink_->wait_for_run(1).outcome.end, RunEnd::cancelled);
  EXPECT_EQ(sink_->view().status.at("m"), events::MessageStatus::cancelled);
  const std::size_t before = sink_->events().size();
  EXPECT_EQ(run(2).end, RunEnd::idle);
  EXPECT_EQ(sink_->events().size(), before + 1) << "nothing of the cancelled run comes late";
}

TEST_F(InProcessRunner, FailsARunWithWhatItsAgentThrows) {
  script([](const RunRequest& request, AgentRun& run) -> RunOutcome {
    if (request.run == 1) throw std::runtime_error("no credit");
    if (request.run == 2) run.publish(title(""));  // may be empty
    events::CustomT nameless;
    run.publish(payload(std::move(nameless)));
    return {};
  });
  EXPECT_EQ(run(1).error->message, "no credit");
  EXPECT_THAT(run(2).error->message, HasSubstr("custom.name must not be empty"));
}

TEST_F(InProcessRunner, RefusesWhatOnlyAgentdMaySay) {
  script([](const RunRequest&, AgentRun& run) -> RunOutcome {
    run.publish(payload(events::AgentShutdownT{}));
    return {};
  });
  EXPECT_THAT(run(1).error->message, HasSubstr("agent_shutdown is for agentd alone to say"));
}

TEST_F(InProcessRunner, GetsTheAnswerToTheInterruptThatItRaised) {
  script([](const RunRequest& request, AgentRun& run) -> RunOutcome {
    if (request.answer) {
      run.publish(title(request.answer->answer->data.Asquestion()->text));
      return {};
    }
    auto interrupt = std::make_shared<events::InterruptT>();
    interrupt->id = "i";
    events::QuestionT question;
    question.text = "?";
    interrupt->data.Set(std::move(question));
    return {.end = RunEnd::interrupted, .interrupt = std::move(interrupt)};
  });
  EXPECT_EQ(run(1).interrupt->id, "i");
  auto answer = std::make_shared<events::AnswerT>();
  events::QuestionAnswerT said;
  said.text = "because";
  answer->data.Set(std::move(said));
  runner_->execute({9, 2, std::nullopt, InterruptAnswer{"i", std::move(answer)}});
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::idle);
  EXPECT_EQ(sink_->events().back().event().payload_as_conversation_title_generated()->title()->str(),
            "because");
}

TEST_F(InProcessRunner, HoldsItsAgentBackWhileThereIsNoSpace) {
  std::atomic<int> said = 0;
  sink_->on_publish([](const schema::EventBuffer&) { return std::optional(PublishError::no_space); });
  script([&](const RunRequest&, AgentRun& run) {
    for (int i = 0; i < 1000; ++i) {
      run.publish_token("m", "x");
      // relaxed: a count for the test to look at
      said.fetch_add(1, std::memory_order::relaxed);
    }
    return RunOutcome{};
  });
  runner_->execute({9, 1});
  while (sink_->offers() < 5) {
  }
  // relaxed: as above
  EXPECT_LE(said.load(std::memory_order::relaxed), in_process_events_max);
  sink_->on_publish([](const schema::EventBuffer&) -> std::optional<PublishError> { return std::nullopt; });
  EXPECT_EQ(sink_->wait_for_run(1).outcome.end, RunEnd::idle);
  EXPECT_EQ(sink_->view().folded.at("m").text.size(), 1000U);
}

TEST_F(InProcessRunner, ClosesWhatItsAgentLeavesOpen) {
  script([](const RunRequest&, AgentRun& run) {
    events::ToolExecutionStartedT started;
    started.tool = std::make_unique<events::ToolCallT>();
    started.tool->call_id = "c";
    started.tool->name = "f";
    run.publish(payload(std::move(started)));
    run.publish_token("m", "half");
    return RunOutcome{};
  });
  run(1);
  EXPECT_THAT(sink_->view().kinds,
              ElementsAre("tool_execution_started", "llm_deltas", "tool_execution_failed", "llm_message"));
}

TEST_F(InProcessRunner, WaitsForARunThatItIsDestroyedIn) {
  std::promise<void> left;
  script([&left](const RunRequest&, AgentRun& run) {
    try {
      for (;;)
        run.publish_token("m", "x");
    } catch (const RunCancelled&) {
      left.set_value();
      throw;
    }
    return RunOutcome{};
  });
  runner_->execute({9, 1});
  sink_->wait_for_events(1);
  runner_.reset();
  EXPECT_EQ(left.get_future().wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_EQ(sink_->finished_runs(), 0U);
}

TEST_F(InProcessRunner, IsRefusedWhereNoAgentIsMade) {
  const auto refusal = [&](std::function<std::unique_ptr<InProcessAgent>()> make) {
    const auto made =
        make_runner({.agent_id = "a", .incarnation = 1, .kind = InProcessOptions{std::move(make)}},
                    pool_.get_executor(), sink_);
    return made ? std::string() : made.error().message;
  };
  EXPECT_THAT(refusal({}), HasSubstr("nothing makes one"));
  EXPECT_THAT(refusal([]() -> std::unique_ptr<InProcessAgent> { throw std::runtime_error("no key"); }),
              HasSubstr("no key"));
  EXPECT_THAT(refusal([]() -> std::unique_ptr<InProcessAgent> { throw 7; }), HasSubstr("could not be made"));
}

}  // namespace
}  // namespace ringside::agentd
