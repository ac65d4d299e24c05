// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/replay_runner.hpp"

#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agentd/runners/runner.hpp"
#include "schema/event_check.hpp"
#include "tests/runners/recording_sink.hpp"
#include "tests/runners/stream_oracle.hpp"
#include "tests/runners/temporary_folder.hpp"

namespace ringside::agentd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ReplayRunner : public testing::Test {
 protected:
  expected<std::unique_ptr<Runner>, RunnerError> make(const std::filesystem::path& source, double speed = 0,
                                                      std::size_t event_size_max = 0) {
    RunnerOptions options{.agent_id = "a",
                          .incarnation = 5,
                          .kind = ReplayOptions{source, speed},
                          .event_size_max = event_size_max};
    return make_replay_runner(std::get<ReplayOptions>(options.kind), options, pool_.get_executor(), sink_);
  }

  std::unique_ptr<Runner> must_make(const std::filesystem::path& source, double speed = 0) {
    auto made = make(source, speed);
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(*made) : nullptr;
  }

  std::string refusal(const std::filesystem::path& source, double speed = 0) {
    auto made = make(source, speed);
    EXPECT_FALSE(made) << "accepted " << source;
    return made ? "" : made.error().message;
  }

  TemporaryFolder folder_;
  std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
  boost::asio::thread_pool pool_{2};
};

RunRequest run(std::uint64_t number) {
  return {5, number, std::nullopt};
}

constexpr std::string_view tool_started =
    R"({"time_ns":1000,"topic":"agent_server:x","kind":"tool_execution_started","incarnation":1,"run":1,"event":{"tool":{"call_id":"c","name":"f"}}})"
    "\n";
constexpr std::string_view half_message =
    R"({"time_ns":1000,"topic":"agent_server:x","kind":"llm_deltas","event":{"deltas":[{"message_id":"m","text":"half"}]}})"
    "\n";
constexpr std::string_view an_hour_later =
    R"({"time_ns":3600000001000,"topic":"agent_server:x","kind":"llm_deltas","event":{"deltas":[{"message_id":"m","text":" more"}]}})"
    "\n";

TEST_F(ReplayRunner, SaysAWholeRecordingStampedWithItsRun) {
  const auto runner = must_make(sample("lighthouse.chunks.txt"));
  runner->execute(run(1));
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::idle);
  const ViewedStream seen = sink_->view();
  ASSERT_EQ(seen.complete.size(), 1U);
  EXPECT_EQ(seen.complete.begin()->second, read_plainly(sample("lighthouse.chunks.txt")));
  EXPECT_EQ(seen.folded, seen.complete);
  for (const schema::EventBuffer& event : sink_->events()) {
    EXPECT_EQ(event.stamp(), (schema::Stamp{5, 1}));
    EXPECT_TRUE(schema::check_event(event.bytes()));
  }
}

TEST_F(ReplayRunner, NamesMessagesAnewInEachRunSoThatTwoDoNotFold) {
  const auto runner = must_make(sample("weather.chunks.txt"));
  runner->execute(run(1));
  sink_->wait_for_run(1);
  runner->execute(run(2));
  sink_->wait_for_run(2);
  const ViewedStream seen = sink_->view();
  ASSERT_EQ(seen.complete.size(), 2U);
  const ViewedMessage& first = seen.complete.at("sample-weather~5.1");
  EXPECT_EQ(first, read_plainly(sample("weather.chunks.txt")));
  const ViewedMessage& second = seen.complete.at("sample-weather~5.2");
  EXPECT_EQ(second.text, first.text);
  EXPECT_EQ(first.calls.at(0).id, "call_sample_1");
  EXPECT_EQ(second.calls.at(0).id, "call_sample_1~5.2");
}

TEST_F(ReplayRunner, KeepsToTheRecordedPace) {
  const auto started = std::chrono::steady_clock::now();
  const auto runner = must_make(sample("weather.chunks.txt"), 10);
  runner->execute(run(1));
  sink_->wait_for_run();
  // 58 chunks that say something, 20 ms apart, ten times as fast: no event may come before its time.
  EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(57 * 2));
}

TEST_F(ReplayRunner, CancelsAtOnceAndPublishesWhatThereWasOfTheMessage) {
  const auto file = folder_.write(
      "slow.jsonl", std::string(tool_started) + std::string(half_message) + std::string(an_hour_later));
  const auto runner = must_make(file, 1);
  runner->execute(run(1));
  sink_->wait_for_events(2);
  runner->cancel(7);  // not the current run
  runner->cancel(1);
  const auto finished = sink_->wait_for_run();
  EXPECT_EQ(finished.run, 1U);
  EXPECT_EQ(finished.outcome.end, RunEnd::cancelled);
  const ViewedStream seen = sink_->view();
  EXPECT_THAT(seen.kinds,
              ElementsAre("tool_execution_started", "llm_deltas", "tool_execution_cancelled", "llm_message"));
  EXPECT_EQ(seen.complete.at("m~5.1").text, "half");
  EXPECT_EQ(seen.status.at("m~5.1"), events::MessageStatus::cancelled);
  EXPECT_EQ(finished.events_before, 4U);
  runner->execute(run(2));
  sink_->wait_for_events(6);
  runner->stop();
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::cancelled);
  EXPECT_EQ(sink_->wait_for_end().exit, RunnerExit::finished);
}

TEST_F(ReplayRunner, LosesNothingWhenTheTopicHasNoSpaceForAWhile) {
  int refused = 0;
  sink_->on_publish([&](const schema::EventBuffer&) -> std::optional<PublishError> {
    if (++refused % 3 == 0) return std::nullopt;
    return PublishError::no_space;
  });
  const auto runner = must_make(sample("weather.chunks.txt"));
  runner->execute(run(1));
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::idle);
  EXPECT_EQ(sink_->view().folded.begin()->second, read_plainly(sample("weather.chunks.txt")));
  EXPECT_GT(sink_->offers(), sink_->events().size());
}

TEST_F(ReplayRunner, CanBeCancelledWhileThereIsNoSpace) {
  int taken = 0;
  sink_->on_publish([&](const schema::EventBuffer& event) -> std::optional<PublishError> {
    if (event.kind() == events::Payload::llm_message || ++taken <= 10) return std::nullopt;
    return PublishError::no_space;
  });
  const auto runner = must_make(sample("lighthouse.chunks.txt"));
  runner->execute(run(1));
  sink_->wait_for_events(10);
  runner->cancel(1);
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::cancelled);
  const ViewedStream seen = sink_->view();
  EXPECT_EQ(seen.complete, seen.folded);
}

TEST_F(ReplayRunner, EndsItsRunWithAnErrorWhenAnEventIsTooLarge) {
  sink_->on_publish([](const schema::EventBuffer& event) -> std::optional<PublishError> {
    if (event.kind() == events::Payload::tool_call_identified) return PublishError::too_large;
    return std::nullopt;
  });
  const auto runner = must_make(sample("weather.chunks.txt"));
  runner->execute(run(1));
  const auto finished = sink_->wait_for_run();
  EXPECT_EQ(finished.outcome.end, RunEnd::error);
  EXPECT_THAT(finished.outcome.error->message, HasSubstr("tool_call_identified"));
  EXPECT_EQ(sink_->view().status.begin()->second, events::MessageStatus::stream_error);
}

TEST_F(ReplayRunner, RefusesARecordingThatTheTopicCannotTake) {
  const auto made = make(sample("lighthouse.chunks.txt"), 0, 1024);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().fault, RunnerFault::bad_source);
  EXPECT_THAT(made.error().message, HasSubstr("line 343"));
  EXPECT_THAT(made.error().message, HasSubstr("1024"));
}

TEST_F(ReplayRunner, ReplaysEventLinesWithoutTheRecordedLifecycle) {
  const auto file = folder_.write(
      "life.jsonl",
      R"({"seq":1,"time_ns":1,"topic":"agent_server:x","kind":"status_changed","incarnation":1,"run":0,"event":{"status":"idle"}})"
      "\n"
      R"({"seq":2,"time_ns":2,"topic":"agent_server:x","kind":"status_changed","incarnation":1,"run":1,"event":{"status":"running"}})"
      "\n" +
          std::string(half_message) +
          R"({"kind":"llm_message","event":{"message":{"id":"m","content":[{"content":"half"}]}}})"
          "\n\n"
          R"({"kind":"agent_shutdown","event":{"reason":"manual"}})"
          "\n");
  const auto runner = must_make(file);
  runner->execute(run(1));
  EXPECT_EQ(sink_->wait_for_run().outcome.end, RunEnd::idle);
  EXPECT_THAT(sink_->view().kinds, ElementsAre("llm_deltas", "llm_message"));
  EXPECT_EQ(sink_->view().complete.at("m~5.1").text, "half");
}

TEST_F(ReplayRunner, EndsWithTheErrorThatWasRecorded) {
  const auto file = folder_.write(
      "failed.jsonl",
      std::string(half_message) +
          R"({"kind":"status_changed","event":{"status":"error","error":{"message":"no more credit"}}})"
          "\n");
  const auto runner = must_make(file);
  runner->execute(run(1));
  const auto finished = sink_->wait_for_run();
  EXPECT_EQ(finished.outcome.end, RunEnd::error);
  EXPECT_EQ(finished.outcome.error->message, "no more credit");
  EXPECT_EQ(sink_->view().status.at("m~5.1"), events::MessageStatus::stream_error);
}

constexpr std::string_view waiting_twice =
    R"({"kind":"tool_execution_started","event":{"tool":{"call_id":"c","name":"f"}}}
{"kind":"tool_execution_interrupted","event":{"call_id":"c"}}
{"kind":"status_changed","event":{"status":"interrupted","interrupt":{"id":"i","data_type":"approval","data":{"requests":[{"tool_call_id":"c","tool_name":"f"}]}}}}
{"kind":"status_changed","event":{"status":"running"}}
{"kind":"tool_execution_completed","event":{"call_id":"c","result":{"call_id":"c"}}}
{"kind":"status_changed","event":{"status":"paused"}}
{"kind":"conversation_title_generated","event":{"title":"over"}}
{"kind":"status_changed","event":{"status":"idle"}}
)";

TEST_F(ReplayRunner, EndsARunWhereTheRecordingWaitsAndGoesOnFromThereInTheNext) {
  const auto runner = must_make(folder_.write("waits.jsonl", waiting_twice));
  runner->execute(run(1));
  const RunOutcome asked = sink_->wait_for_run(1).outcome;
  EXPECT_EQ(asked.end, RunEnd::interrupted);
  ASSERT_TRUE(asked.interrupt);
  EXPECT_EQ(asked.interrupt->id, "i~5.1");
  EXPECT_EQ(asked.interrupt->data.Asapproval()->requests.at(0)->tool_call_id, "c");
  EXPECT_THAT(sink_->view().kinds, ElementsAre("tool_execution_started", "tool_execution_interrupted"));

  runner->execute({5, 2, std::nullopt, InterruptAnswer{"i~5.1", std::make_shared<events::AnswerT>()}});
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::paused);
  const auto resumed = sink_->events();
  ASSERT_EQ(resumed.size(), 3U);
  EXPECT_EQ(resumed[2].event().payload_as_tool_execution_completed()->call_id()->str(), "c");
  EXPECT_EQ(resumed[2].stamp(), (schema::Stamp{5, 2}));

  runner->execute({5, 3, UserMessage{"id", "go on"}});
  EXPECT_EQ(sink_->wait_for_run(3).outcome.end, RunEnd::idle);
  EXPECT_EQ(sink_->view().kinds.back(), "conversation_title_generated");
}

TEST_F(ReplayRunner, BeginsAnewAfterItsEndAndAfterARunThatWasCancelled) {
  const auto runner = must_make(folder_.write("waits.jsonl", waiting_twice));
  for (std::uint64_t number = 1; number <= 3; ++number) {
    runner->execute(run(number));
    sink_->wait_for_run(number);
  }
  runner->execute(run(4));
  const RunOutcome asked = sink_->wait_for_run(4).outcome;
  EXPECT_EQ(asked.end, RunEnd::interrupted);
  EXPECT_EQ(asked.interrupt->id, "i~5.4") << "an answer to the first pass must not match the second";
  EXPECT_EQ(asked.interrupt->data.Asapproval()->requests.at(0)->tool_call_id, "c~5.4");

  const auto slow =
      must_make(folder_.write("slow.jsonl", std::string(waiting_twice) + std::string(half_message) +
                                                std::string(an_hour_later)),
                1);
  for (std::uint64_t number = 5; number <= 6; ++number) {
    slow->execute(run(number));
    sink_->wait_for_run(number);
  }
  slow->execute(run(7));
  slow->cancel(7);
  EXPECT_EQ(sink_->wait_for_run(7).outcome.end, RunEnd::cancelled);
  slow->execute(run(8));
  EXPECT_EQ(sink_->wait_for_run(8).outcome.end, RunEnd::interrupted);
}

TEST_F(ReplayRunner, ClosesACallThatStillWaitsWhereTheRecordingEnds) {
  const auto runner = must_make(folder_.write(
      "unanswered.jsonl",
      R"({"kind":"tool_execution_interrupted","event":{"call_id":"c"}})"
      "\n"
      R"({"kind":"status_changed","event":{"status":"interrupted","interrupt":{"id":"i","data_type":"halt","data":{"message":"no"}}}})"
      "\n"));
  runner->execute(run(1));
  EXPECT_EQ(sink_->wait_for_run(1).outcome.end, RunEnd::interrupted);
  EXPECT_THAT(sink_->view().kinds, ElementsAre("tool_execution_interrupted"));
  runner->execute({5, 2, std::nullopt, InterruptAnswer{"i~5.1", std::make_shared<events::AnswerT>()}});
  EXPECT_EQ(sink_->wait_for_run(2).outcome.end, RunEnd::idle);
  EXPECT_THAT(sink_->view().kinds, ElementsAre("tool_execution_interrupted", "tool_execution_failed"));
}

TEST_F(ReplayRunner, SaysNothingAfterItIsDestroyed) {
  auto runner = must_make(sample("lighthouse.chunks.txt"), 1);
  runner->execute(run(1));
  sink_->wait_for_events(2);
  runner.reset();
  pool_.join();  // ends only because no timer is left
  EXPECT_EQ(sink_->finished_runs(), 0U);
}

TEST_F(ReplayRunner, RefusesSourcesWithTheirPathLineColumnAndWhatToDo) {
  EXPECT_THAT(refusal(folder_.path() / "none.txt"), HasSubstr("none.txt: no such file"));
  EXPECT_THAT(refusal("none.txt"), HasSubstr("absolute path"));
  EXPECT_THAT(refusal(folder_.path()), HasSubstr("folder"));
  EXPECT_THAT(refusal("/dev/null"), HasSubstr("regular file"));
  EXPECT_THAT(refusal(folder_.write("empty", "")), HasSubstr("nothing in it"));
  EXPECT_THAT(refusal(folder_.write("prose", "Dear diary\n")), HasSubstr("line 1, column 1: not JSON"));

  const std::string text = read_file(sample("weather.chunks.txt"));
  const std::size_t third = text.find('\n', text.find('\n') + 1) + 1;
  EXPECT_THAT(
      refusal(folder_.write("cut", text.substr(0, third + 100))),
      HasSubstr("line 3, column 101: the line ends in the middle of a chunk: the file is cut off here"));
  std::string broken = text;
  broken[third + 5] = '}';
  EXPECT_THAT(refusal(folder_.write("broken", broken)), HasSubstr("line 3, column"));
  EXPECT_THAT(refusal(folder_.write("cut.jsonl",
                                    std::string(half_message) + std::string(half_message.substr(0, 60)))),
              HasSubstr("middle of an event"));
  EXPECT_THAT(
      refusal(folder_.write("gap.jsonl", std::string(half_message) + R"({"gap":{"first":3,"count":2}})")),
      HasSubstr("line 2: the recording has a gap"));
  EXPECT_THAT(
      refusal(folder_.write(
          "mixed.jsonl",
          std::string(half_message) +
              R"({"topic":"agent_server:y","kind":"llm_deltas","event":{"deltas":[{"message_id":"m"}]}})")),
      HasSubstr("line 2: a line of another topic"));
  EXPECT_THAT(refusal(sample("weather.chunks.txt"), -1), HasSubstr("speed"));
  EXPECT_THAT(refusal(sample("weather.chunks.txt"), std::nan("")), HasSubstr("speed"));
}

}  // namespace
}  // namespace ringside::agentd
