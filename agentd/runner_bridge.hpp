// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "agentd/life_topics.hpp"
#include "agentd/runners/runner.hpp"

namespace ringside::agentd {

class AgentHost;

/// Carries what a runner says from the runner's strand: events straight into the topics, ends of runs to the conductor.
/// Ordering: an event is in its topic's order before the end of its run can be told to anybody.
class RunnerBridge final : public RunnerSink {
 public:
  explicit RunnerBridge(boost::asio::io_context& conductor) : conductor_(conductor) {}

  /// Where events go, and to whom the ends of runs are told. Called once, before the runner is started.
  void bind(std::shared_ptr<LifeTopics> topics, std::weak_ptr<AgentHost> host) {
    topics_ = std::move(topics);
    host_ = std::move(host);
  }

  expected<void, PublishError> publish(const schema::EventBuffer& event) override {
    return topics_->publish(event);
  }
  expected<void, PublishError> publish(const schema::TokenDelta& delta) override {
    return topics_->publish(delta);
  }
  expected<void, PublishError> publish_debug(const schema::EventBuffer& event) override {
    return topics_->publish_debug(event);
  }
  [[nodiscard]] bool debug_is_read() const override { return topics_->debug_topic() != nullptr; }
  void run_finished(std::uint64_t run, RunOutcome outcome) override;
  void runner_ended(RunnerExit exit, std::string detail) override;

 private:
  boost::asio::io_context& conductor_;
  std::shared_ptr<LifeTopics> topics_;
  std::weak_ptr<AgentHost> host_;
};

}  // namespace ringside::agentd
