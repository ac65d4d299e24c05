// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/wait.h>

#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "agentd/runners/runner.hpp"
#include "tests/runners/recording_sink.hpp"
#include "tests/runners/temporary_folder.hpp"

namespace ringside::agentd {

/// What the fixtures say; each a function of the shell.
inline constexpr std::string_view exec_words = R"(
delta() { printf '{"kind":"llm_deltas","event":{"deltas":[{"message_id":"m","text":"%s"}]}}\n' "$1"; }
title() { printf '{"kind":"conversation_title_generated","event":{"title":"%s"}}\n' "$1"; }
status() { printf '{"kind":"status_changed","event":{"status":"%s"}}\n' "$1"; }
tool() { printf '{"kind":"tool_execution_started","event":{"tool":{"call_id":"%s","name":"f"}}}\n' "${1:-c}"; }
waiting() { printf '{"kind":"tool_execution_interrupted","event":{"call_id":"%s"}}\n' "$1"; }
raise() { printf '{"kind":"status_changed","event":{"status":"interrupted","interrupt":{"id":"%s",'"$2"'}}}\n' "$1"; }
)";

/// A real process as an agent, whose every word is kept.
class ExecRunner : public testing::Test {
 protected:
  ExecRunner() {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
  }

  ~ExecRunner() override {
    runner_.reset();
    pool_.join();
    siginfo_t info{};
    EXPECT_NE(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), 0) << "a child was left behind";
  }

  expected<std::unique_ptr<Runner>, RunnerError> make(std::vector<std::string> argv,
                                                      std::size_t event_size_max = 0,
                                                      std::string folder = {}) {
    RunnerOptions options{.agent_id = "a",
                          .incarnation = 9,
                          .kind = ExecOptions{std::move(argv), std::move(folder)},
                          .event_size_max = event_size_max,
                          .stop_bound = bound_};
    return make_runner(std::move(options), pool_.get_executor(), sink_);
  }

  void script(std::string_view text, std::size_t event_size_max = 0) {
    auto made = make({"sh", "-c", std::string(exec_words) + std::string(text)}, event_size_max);
    ASSERT_TRUE(made) << made.error().message;
    runner_ = std::move(*made);
  }

  void execute(std::uint64_t run, std::optional<UserMessage> message = std::nullopt) {
    runner_->execute({9, run, std::move(message)});
  }

  /// Goes on with an answer to the interrupt "i".
  void resume(std::uint64_t run) {
    events::QuestionAnswerT said;
    said.text = "say \"hi\"\n\x01";
    auto answer = std::make_shared<events::AnswerT>();
    answer->data.Set(std::move(said));
    runner_->execute({9, run, std::nullopt, InterruptAnswer{"i", std::move(answer)}});
  }

  /// The log, once everything that writes it has ended.
  std::string log() {
    runner_.reset();
    pool_.join();
    return log_.str();
  }

  std::chrono::milliseconds bound_{200};
  std::ostringstream log_;
  TemporaryFolder folder_;
  std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
  boost::asio::thread_pool pool_{2};
  std::unique_ptr<Runner> runner_;
};

}  // namespace ringside::agentd
