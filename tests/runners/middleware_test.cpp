// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/middleware.hpp"

#include <future>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>

#include "agentd/runners/run_output.hpp"
#include "examples/middleware/summarizer.hpp"
#include "examples/middleware/title_maker.hpp"
#include "schema/event_kind.hpp"
#include "tests/runners/in_process_fixture.hpp"
#include "tests/runners/stream_oracle.hpp"

namespace ringside::agentd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Hooks that are functions; the test asks them of nothing once the runner is gone.
class Scripted final : public Middleware {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "Scripted"; }
  void before_model(ModelRequest& request, EventPublisher& agent) override {
    if (before) before(request, agent);
  }
  void after_model(const events::Message& message, EventPublisher& agent) override {
    if (after) after(message, agent);
  }
  void on_event(const events::Event& event, EventPublisher& agent) override {
    seen.emplace_back(schema::kind_name(event.payload_type()));
    if (each) each(event, agent);
  }

  std::function<void(ModelRequest&, EventPublisher&)> before;
  std::function<void(const events::Message&, EventPublisher&)> after;
  std::function<void(const events::Event&, EventPublisher&)> each;
  std::vector<std::string> seen;
};

class MiddlewareTest : public InProcess {
 protected:
  std::shared_ptr<Scripted> add() {
    auto made = std::make_shared<Scripted>();
    middleware_.push_back(made);
    return made;
  }

  void replay() {
    start({.agent_id = "a", .incarnation = 9, .kind = ReplayOptions{sample("weather.chunks.txt"), 0}});
  }

  void process(const std::string& shell_script) {
    start({.agent_id = "a", .incarnation = 9, .kind = ExecOptions{{"sh", "-c", shell_script}, ""}});
  }

  std::vector<std::string> debug_actions() const {
    std::vector<std::string> actions;
    for (const schema::EventBuffer& event : sink_->debug_events())
      actions.push_back(event.event().payload_as_middleware_action()->action()->str());
    return actions;
  }
};

TEST_F(MiddlewareTest, SeesEachEventOnceAlsoWhereThereIsNoSpaceForIt) {
  int offered = 0;
  sink_->on_publish([&](const schema::EventBuffer&) -> std::optional<PublishError> {
    if (++offered % 3 == 0) return std::nullopt;
    return PublishError::no_space;
  });
  const auto first = add();
  const auto second = add();
  replay();
  EXPECT_EQ(run(1).end, RunEnd::idle);
  EXPECT_EQ(first->seen, sink_->view().kinds);
  EXPECT_EQ(second->seen, first->seen);
  EXPECT_EQ(sink_->view().folded.begin()->second, read_plainly(sample("weather.chunks.txt")));
}

TEST_F(MiddlewareTest, SeesAWholeMessageOfAnyRunnerAndPublishesRightBehindIt) {
  const auto middleware = add();
  std::string text;
  middleware->after = [&text](const events::Message& message, EventPublisher& agent) {
    text = message.content()->Get(0)->content()->str();
    agent.publish_event(title("after " + text));
  };
  process(R"(read a
echo '{"kind":"llm_message","event":{"message":{"id":"m","content":[{"content":"Hi"}]}}}'
echo '{"kind":"llm_message","event":{"message":{"id":"n","status":"stream_error","content":[{"content":"cut"}]}}}'
echo '{"kind":"status_changed","event":{"status":"idle"}}'; read b)");
  EXPECT_EQ(run(1).end, RunEnd::idle);
  EXPECT_EQ(text, "Hi");
  EXPECT_THAT(sink_->view().kinds, ElementsAre("llm_message", "conversation_title_generated", "llm_message"));
  EXPECT_THAT(middleware->seen, ElementsAre("llm_message", "llm_message")) << "not what it said itself";
  EXPECT_EQ(sink_->events()[1].stamp(), (schema::Stamp{9, 1}));
}

TEST_F(MiddlewareTest, ThatThrowsFailsTheRunOfAProcessByItsNameAndTellsTheProcess) {
  const auto middleware = add();
  middleware->each = [](const events::Event& event, EventPublisher&) {
    if (event.payload_as_conversation_title_generated() != nullptr) throw std::runtime_error("not this");
  };
  process(R"(read a
echo '{"kind":"tool_execution_started","event":{"tool":{"call_id":"c","name":"f"}}}'
echo '{"kind":"conversation_title_generated","event":{"title":"x"}}'
read cancel; echo '{"kind":"status_changed","event":{"status":"cancelled"}}'
read b; echo '{"kind":"todos_updated","event":{"todos":[]}}'; echo '{"kind":"status_changed","event":{"status":"idle"}}'; read c)");
  const RunOutcome outcome = run(1);
  EXPECT_EQ(outcome.end, RunEnd::error);
  EXPECT_EQ(outcome.error->type, "middleware_failed");
  EXPECT_EQ(outcome.error->message, "middleware Scripted: on_event: not this");
  EXPECT_THAT(sink_->view().kinds, ElementsAre("tool_execution_started", "tool_execution_failed"));
  EXPECT_EQ(run(2).end, RunEnd::idle);
  EXPECT_EQ(middleware->seen.back(), "todos_updated") << "the next run asks again";
}

TEST_F(MiddlewareTest, ThatThrowsFailsTheRunOfAReplayAndOfAnAgentHere) {
  add()->after = [](const events::Message&, EventPublisher&) { throw std::runtime_error("no"); };
  replay();
  EXPECT_EQ(run(1).error->message, "middleware Scripted: after_model: no");
  EXPECT_EQ(sink_->view().status.begin()->second, events::MessageStatus::complete)
      << "it was published before";

  sink_ = std::make_shared<RecordingSink>();
  script([](const RunRequest&, AgentRun& run) {
    run.publish(whole("m", "text"));
    for (;;)
      run.publish_token("n", "more");
    return RunOutcome{};
  });
  EXPECT_EQ(run(1).error->message, "middleware Scripted: after_model: no");
}

TEST_F(MiddlewareTest, MayNotSayWhatOnlyAgentdMaySay) {
  add()->each = [](const events::Event&, EventPublisher& agent) {
    agent.publish_event(payload(events::AgentShutdownT{}));
  };
  script([](const RunRequest&, AgentRun& run) {
    run.publish(title("x"));
    return RunOutcome{};
  });
  EXPECT_THAT(run(1).error->message, HasSubstr("Scripted: on_event: agent_shutdown is for agentd alone"));
}

TEST_F(MiddlewareTest, MakesADebugEventOnlyWhereSomebodyReadsIt) {
  int made = 0;
  add()->each = [&made](const events::Event&, EventPublisher& agent) {
    agent.publish_debug_event([&made] {
      ++made;
      events::CustomT custom;
      custom.name = "step";
      return payload(std::move(custom));
    });
  };
  script([](const RunRequest&, AgentRun& run) {
    run.publish(title("x"));
    return RunOutcome{};
  });
  run(1);
  EXPECT_EQ(made, 0);
  sink_->read_debug();
  run(2);
  EXPECT_EQ(made, 1);
  ASSERT_EQ(sink_->debug_events().size(), 1U) << "on the debug topic, although custom is no debug kind";
  EXPECT_EQ(sink_->debug_events()[0].stamp(), (schema::Stamp{9, 2}));
  EXPECT_THAT(sink_->view().kinds,
              ElementsAre("conversation_title_generated", "conversation_title_generated"));
}

TEST_F(MiddlewareTest, PublishesLaterFromAnyThread) {
  std::thread later;
  std::promise<void> asked;
  add()->each = [&](const events::Event&, EventPublisher& agent) {
    later = std::thread([kept = agent.shared_from_this()] { kept->publish_event(title("late")); });
    asked.set_value();
  };
  script([](const RunRequest&, AgentRun& run) {
    run.publish(whole("m", "x"));
    return RunOutcome{};
  });
  run(1);
  asked.get_future().wait();
  later.join();
  sink_->wait_for_events(2);
  EXPECT_THAT(sink_->view().kinds, ElementsAre("llm_message", "conversation_title_generated"));
}

TEST_F(MiddlewareTest, ChangesWhatTheModelIsAskedInOrder) {
  add()->before = [](ModelRequest& request, EventPublisher& agent) {
    request.messages.push_back(message("1", "first"));
    agent.publish_event(title("asked"));
  };
  add()->before = [](ModelRequest& request, EventPublisher&) {
    request.messages.push_back(message("2", "second"));
  };
  script([](const RunRequest&, AgentRun& run) {
    ModelRequest asked;
    run.before_model(asked);
    std::string ids;
    for (const events::MessageT& each : asked.messages)
      ids += each.id;
    run.publish(whole("m", ids));
    return RunOutcome{};
  });
  EXPECT_EQ(run(1).end, RunEnd::idle);
  EXPECT_EQ(sink_->view().complete.at("m").text, "12");
  EXPECT_THAT(sink_->view().kinds, ElementsAre("conversation_title_generated", "llm_message"));
}

TEST_F(MiddlewareTest, PublishesForTheRunThatIsGoingOnAndForNoneBetweenTwo) {
  std::shared_ptr<EventPublisher> kept;
  add()->each = [&](const events::Event&, EventPublisher& agent) { kept = agent.shared_from_this(); };
  script([&](const RunRequest& request, AgentRun& run) {
    if (request.run == 1)
      run.publish(whole("m", "x"));
    else
      kept->publish_event(title("of what run 1 said"));
    return RunOutcome{};
  });
  run(1);
  kept->publish_event(title("between"));
  run(2);
  ASSERT_EQ(sink_->events().size(), 3U);
  EXPECT_EQ(sink_->events()[1].stamp(), (schema::Stamp{9, 0}));
  EXPECT_EQ(sink_->events()[2].stamp(), (schema::Stamp{9, 2}));
}

TEST_F(MiddlewareTest, DoesNothingOnceItsAgentAndTheirPoolAreGone) {
  std::shared_ptr<EventPublisher> kept;
  const auto middleware = add();
  middleware->each = [&](const events::Event&, EventPublisher& agent) { kept = agent.shared_from_this(); };
  script([](const RunRequest&, AgentRun& run) {
    run.publish(title("x"));
    return RunOutcome{};
  });
  run(1);
  runner_.reset();
  pool_.join();
  EXPECT_EQ(sink_.use_count(), 1) << "what is kept of an agent keeps nothing of it";
  sink_->read_debug();
  kept->publish_event(title("late"));
  kept->publish_action("late", []() -> std::string { throw std::logic_error("nobody reads it"); });
  EXPECT_EQ(sink_->events().size(), 1U);
}

TEST_F(MiddlewareTest, ThatThrowsBetweenRunsLeavesNothingOfWhatItSaid) {
  add()->each = [first = true](const events::Event&, EventPublisher& agent) mutable {
    if (!std::exchange(first, false)) return;
    agent.publish_event(title("half a thought"));
    throw std::runtime_error("no");
  };
  process(R"(for i in 1 2 3; do echo '{"kind":"todos_updated","event":{"todos":[]}}'; done; read a)");
  sink_->wait_for_events(2);
  EXPECT_THAT(sink_->view().kinds, ElementsAre("todos_updated", "todos_updated"));
}

TEST_F(MiddlewareTest, IsNotHeardBeyondABoundWhileThereIsNoSpace) {
  std::shared_ptr<EventPublisher> kept;
  add()->each = [&](const events::Event&, EventPublisher& agent) { kept = agent.shared_from_this(); };
  script([&](const RunRequest& request, AgentRun& run) {
    if (request.run == 1) run.publish(whole("m", "x"));
    // Run 2 begins behind all that was said before it.
    if (request.run == 2)
      sink_->on_publish(
          [](const schema::EventBuffer&) -> std::optional<PublishError> { return std::nullopt; });
    return RunOutcome{};
  });
  run(1);
  sink_->on_publish([](const schema::EventBuffer&) { return std::optional(PublishError::no_space); });
  for (std::size_t i = 0; i < 2 * RunOutput::said_max; ++i)
    kept->publish_event(title("more"));
  run(2);
  EXPECT_EQ(sink_->events().size(), 1 + RunOutput::said_max);
}

TEST_F(MiddlewareTest, ThatIsSlowBeforeTheModelDoesNotHoldUpTheEndOfItsAgent) {
  std::promise<void> entered;
  std::promise<void> ended;
  add()->before = [&](ModelRequest& request, EventPublisher&) {
    entered.set_value();
    ended.get_future().wait();
    request.messages.push_back(message("1", "too late"));
  };
  script([](const RunRequest&, AgentRun& run) {
    ModelRequest asked;
    run.before_model(asked);
    return RunOutcome{};
  });
  runner_->execute({9, 1});
  entered.get_future().wait();
  runner_.reset();
  ended.set_value();
  pool_.join();
  EXPECT_EQ(sink_->finished_runs(), 0U);
}

TEST_F(MiddlewareTest, ThatThrowsBeforeTheModelFailsTheRun) {
  add()->before = [](ModelRequest&, EventPublisher&) { throw 7; };
  script([](const RunRequest&, AgentRun& run) {
    ModelRequest asked;
    run.before_model(asked);
    run.publish(title("asked all the same"));
    return RunOutcome{};
  });
  EXPECT_THAT(run(1).error->message, HasSubstr("Scripted: before_model: it threw what is no"));
  EXPECT_THAT(sink_->view().kinds, ElementsAre());
}

TEST_F(MiddlewareTest, TitleMakerNamesAConversationOnceAfterTheFirstMessage) {
  middleware_.push_back(std::make_shared<examples::TitleMaker>([](const std::string& text) {
    if (text == "bad") throw std::runtime_error("no title");
    return text.substr(0, text.find(' '));
  }));
  sink_->read_debug();
  script([](const RunRequest& request, AgentRun& run) {
    run.publish(whole("m" + std::to_string(request.run), "Dragons are tall"));
    return RunOutcome{};
  });
  run(1);
  run(2);
  EXPECT_THAT(sink_->view().kinds, ElementsAre("llm_message", "conversation_title_generated", "llm_message"));
  EXPECT_EQ(sink_->events()[1].event().payload_as_conversation_title_generated()->title()->str(), "Dragons");
  EXPECT_THAT(debug_actions(), ElementsAre("title_generation_started", "title_generation_completed"));
}

TEST_F(MiddlewareTest, TitleMakerWithoutATitleFailsNothing) {
  middleware_.push_back(std::make_shared<examples::TitleMaker>(
      [](const std::string&) -> std::string { throw std::runtime_error("no title"); }));
  sink_->read_debug();
  replay();
  EXPECT_EQ(run(1).end, RunEnd::idle);
  EXPECT_THAT(debug_actions(), ElementsAre("title_generation_started", "title_generation_failed"));
}

TEST_F(MiddlewareTest, SummarizerShortensALongHistoryAndLeavesAShortOne) {
  middleware_.push_back(std::make_shared<examples::Summarizer>(
      4, 2, [](const std::vector<events::MessageT>& old) { return std::to_string(old.size()) + " before"; }));
  sink_->read_debug();
  script([](const RunRequest& request, AgentRun& run) {
    ModelRequest asked;
    for (int i = 0; i < (request.run == 1 ? 4 : 6); ++i)
      asked.messages.push_back(message(std::to_string(i), "said"));
    run.before_model(asked);
    std::string ids;
    for (const events::MessageT& each : asked.messages)
      ids += each.id + ":" + each.content.at(0)->content + " ";
    run.publish(title(ids));
    return RunOutcome{};
  });
  const auto seen = [&] {
    return sink_->events().back().event().payload_as_conversation_title_generated()->title()->str();
  };
  run(1);
  EXPECT_EQ(seen(), "0:said 1:said 2:said 3:said ");
  run(2);
  EXPECT_EQ(seen(), "summary:4 before 4:said 5:said ");
  EXPECT_THAT(debug_actions(), ElementsAre("summarization_started", "summarization_completed"));
}

}  // namespace
}  // namespace ringside::agentd
