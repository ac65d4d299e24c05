// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include "agentd/runners/runner.hpp"
#include "tests/runners/recording_sink.hpp"

namespace ringside::agentd {

template <class Table>
events::PayloadUnion payload(Table table) {
  events::PayloadUnion made;
  made.Set(std::move(table));
  return made;
}

inline events::PayloadUnion title(std::string_view text) {
  events::ConversationTitleGeneratedT said;
  said.title = text;
  return payload(std::move(said));
}

inline events::MessageT message(std::string_view id, std::string_view text) {
  events::MessageT made;
  made.id = id;
  made.content.push_back(std::make_unique<events::ContentPartT>());
  made.content.back()->content = text;
  return made;
}

inline events::PayloadUnion whole(std::string_view id, std::string_view text) {
  events::LlmMessageT said;
  said.message = std::make_unique<events::MessageT>(message(id, text));
  return payload(std::move(said));
}

/// Agents that are functions, in this process.
class InProcess : public testing::Test {
 protected:
  using Script = std::function<RunOutcome(const RunRequest&, AgentRun&)>;

  ~InProcess() override {
    runner_.reset();
    pool_.join();
  }

  void script(Script script) {
    RunnerOptions options{.agent_id = "a", .incarnation = 9, .kind = InProcessOptions{[script] {
                                                               return std::make_unique<ScriptedAgent>(script);
                                                             }}};
    start(std::move(options));
  }

  void start(RunnerOptions options) {
    options.middleware = middleware_;
    auto made = make_runner(std::move(options), pool_.get_executor(), sink_);
    ASSERT_TRUE(made) << made.error().message;
    runner_ = std::move(*made);
    runner_->start();
  }

  RunOutcome run(std::uint64_t number) {
    runner_->execute({9, number});
    return sink_->wait_for_run(number).outcome;
  }

  MiddlewareList middleware_;
  std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
  boost::asio::thread_pool pool_{2};
  std::unique_ptr<Runner> runner_;

 private:
  class ScriptedAgent final : public InProcessAgent {
   public:
    explicit ScriptedAgent(Script script) : script_(std::move(script)) {}
    RunOutcome run(const RunRequest& request, AgentRun& run) override { return script_(request, run); }

   private:
    Script script_;
  };
};

}  // namespace ringside::agentd
