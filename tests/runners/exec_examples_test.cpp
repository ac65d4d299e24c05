// SPDX-License-Identifier: Apache-2.0
//
// The agents in examples/exec do what they show.
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "tests/runners/exec_fixture.hpp"

namespace ringside::agentd {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class ExecExamples : public ExecRunner {
 protected:
  ExecExamples() { bound_ = std::chrono::seconds(5); }

  void run_example(const std::string& interpreter, const std::string& name) {
    auto made = make({interpreter, std::string(RINGSIDE_SOURCE_DIR) + "/examples/exec/" + name});
    ASSERT_TRUE(made) << made.error().message;
    runner_ = std::move(*made);
  }

  template <class Data>
  void answer(std::uint64_t run, const std::string& interrupt, Data data) {
    auto said = std::make_shared<events::AnswerT>();
    said->data.Set(std::move(data));
    runner_->execute({9, run, std::nullopt, InterruptAnswer{interrupt, std::move(said)}});
  }

  void decide(std::uint64_t run, const std::string& interrupt, events::Decision decision) {
    events::ApprovalAnswerT approval;
    approval.decisions.push_back(std::make_unique<events::ActionDecisionT>());
    approval.decisions[0]->decision = decision;
    answer(run, interrupt, std::move(approval));
  }

  /// How it was told to stop, and that nothing it said was refused.
  void expect_a_good_end() {
    runner_->stop();
    const auto ended = sink_->wait_for_end();
    EXPECT_EQ(ended.exit, RunnerExit::finished);
    EXPECT_THAT(ended.detail, HasSubstr("exited with status 0"));
    EXPECT_THAT(log(), Not(HasSubstr("refused")));
  }
};

TEST_F(ExecExamples, PythonStreamsPlansAndAsksBeforeItUsesATool) {
  run_example("python3", "agent.py");
  execute(1, UserMessage{"u", "tidy \"up\""});
  const RunOutcome asked = sink_->wait_for_run(1).outcome;
  ASSERT_EQ(asked.end, RunEnd::interrupted);
  EXPECT_EQ(asked.interrupt->data.Asapproval()->requests.at(0)->tool_name, "delete");
  const ViewedStream plan = sink_->view();
  EXPECT_EQ(plan.complete.at("plan-9-1").text, R"(You said 'tidy "up"'. I would delete all of it.)");
  EXPECT_EQ(plan.folded, plan.complete);
  EXPECT_THAT(plan.kinds, Contains("conversation_title_generated"));
  EXPECT_THAT(plan.kinds, Contains("todos_updated"));
  EXPECT_EQ(plan.kinds.back(), "tool_execution_interrupted");

  decide(2, asked.interrupt->id, events::Decision::approve);
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::idle);
  EXPECT_THAT(sink_->view().kinds, Contains("tool_execution_completed"));
  EXPECT_EQ(sink_->view().complete.at("done-9-2").text, "It is gone.");
  expect_a_good_end();
}

TEST_F(ExecExamples, PythonTakesNoForAnAnswer) {
  run_example("python3", "agent.py");
  execute(1);
  const RunOutcome asked = sink_->wait_for_run(1).outcome;
  ASSERT_EQ(asked.end, RunEnd::interrupted);
  decide(2, asked.interrupt->id, events::Decision::reject);
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::idle);
  EXPECT_THAT(sink_->view().kinds, Contains("tool_execution_failed"));
  EXPECT_EQ(sink_->view().complete.at("done-9-2").text, "Then it stays.");
  expect_a_good_end();
}

TEST_F(ExecExamples, PythonObeysACancelAndGoesOnWithTheNextMessage) {
  run_example("python3", "agent.py");
  execute(1, UserMessage{"u", "never mind"});
  sink_->wait_for_events(3);
  runner_->cancel(1);
  EXPECT_EQ(sink_->wait_for_run(1).outcome.end, RunEnd::cancelled);
  execute(2, UserMessage{"v", "again"});
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::interrupted);
  expect_a_good_end();
}

TEST_F(ExecExamples, ShellAsksForANameAndGreetsIt) {
  run_example("sh", "agent.sh");
  execute(1, UserMessage{"u", "hello"});
  const RunOutcome asked = sink_->wait_for_run(1).outcome;
  ASSERT_EQ(asked.end, RunEnd::interrupted);
  EXPECT_EQ(asked.interrupt->data.Asquestion()->type, events::QuestionType::free_text);
  events::QuestionAnswerT name;
  name.text = R"(Ada "the \first\")";
  answer(2, asked.interrupt->id, name);
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::idle);
  EXPECT_EQ(sink_->view().complete.at("greeting-9-2").text, R"(Hello, Ada "the \first\".)");
  EXPECT_EQ(sink_->view().folded, sink_->view().complete);

  execute(3);
  events::QuestionAnswerT nothing;
  nothing.cancelled = true;
  answer(4, sink_->wait_for_run(3).outcome.interrupt->id, nothing);
  sink_->wait_for_run(4);
  EXPECT_EQ(sink_->view().complete.at("greeting-9-4").text, "Hello, stranger.");
  expect_a_good_end();
}

}  // namespace
}  // namespace ringside::agentd
