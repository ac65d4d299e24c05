// SPDX-License-Identifier: Apache-2.0
//
// One agent as agentd has it, on a conductor of its own, with a runner that does what the test says.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agentd/agent_host.hpp"
#include "agentd/incarnation_clock.hpp"
#include "agentd/namespace_objects.hpp"
#include "agentd/runner_bridge.hpp"
#include "agentd/topic_table.hpp"
#include "schema/event_kind.hpp"
#include "shm/attached_ring.hpp"
#include "shm/copying_reader.hpp"
#include "tests/agentd/temporary_folder.hpp"

namespace ringside::agentd::testing {

/// Does in each run what the script says, on the conductor; winds nothing up by itself.
class ScriptedRunner final : public Runner {
 public:
  using Script = std::function<void(const RunRequest&, RunnerSink&)>;

  ScriptedRunner(boost::asio::io_context& conductor, std::shared_ptr<RunnerSink> sink, Script script)
      : conductor_(conductor), sink_(std::move(sink)), script_(std::move(script)) {}

  void start() override {}
  void execute(RunRequest request) override {
    boost::asio::post(conductor_, [sink = sink_, script = script_, request = std::move(request)] {
      script(request, *sink);
    });
  }
  void cancel(std::uint64_t) override {}
  void stop() override {
    boost::asio::post(conductor_, [sink = sink_] { sink->runner_ended(RunnerExit::finished, ""); });
  }

 private:
  boost::asio::io_context& conductor_;
  std::shared_ptr<RunnerSink> sink_;
  Script script_;
};

class HostedAgent final : public AgentOwner {
 public:
  static constexpr std::uint64_t incarnation = 7;

  explicit HostedAgent(ScriptedRunner::Script script, AgentOptions options = {}) {
    options.agent_id = "ada";
    options.incarnation = incarnation;
    auto bridge = std::make_shared<RunnerBridge>(conductor_);
    AgentHost::Parts parts;
    parts.options = std::move(options);
    parts.main_topic = table_.open("agent_server:ada").value();
    parts.topics = std::make_shared<LifeTopics>(parts.main_topic.topic(), incarnation, [] {});
    parts.runner = std::make_unique<ScriptedRunner>(conductor_, bridge, std::move(script));
    topic_ = parts.main_topic.topic();
    find_the_beginning();
    auto topics = parts.topics;
    host_ = std::make_shared<AgentHost>(conductor_, *this, std::move(parts));
    sink_ = bridge;
    bridge->bind(std::move(topics), host_);
    host_->begin(0, true);
    thread_ = std::thread([this] { conductor_.run(); });
  }

  ~HostedAgent() {
    boost::asio::post(conductor_, [this] {
      static_cast<void>(host_->stop(0));
      conductor_.stop();
    });
    thread_.join();
    host_.reset();
  }

  /// `act(AgentHost&)` on the conductor, as a request does; any thread.
  template <class Act>
  auto ask(Act act) {
    std::promise<decltype(act(*host_))> answer;
    boost::asio::post(conductor_, [&] { answer.set_value(act(*host_)); });
    return answer.get_future().get();
  }

  /// Called on the conductor with each status that the agent comes to.
  void on_status(std::function<void(events::AgentStatus)> told) {
    ask([&](AgentHost&) { return told_ = std::move(told), true; });
  }

  /// What the runner says by itself.
  [[nodiscard]] RunnerSink& sink() noexcept { return *sink_; }

  /// What the topic has told from its beginning on, in words: kind, and what names the subject.
  [[nodiscard]] std::vector<std::string> told() const {
    static_cast<void>(topic_->flush());
    const auto ring = shm::AttachedRing::attach(topic_->open_read_only(), ::geteuid()).value();
    shm::BasicCopyingReader<> reader(ring.view(), beginning_);
    std::vector<std::string> words;
    reader.poll(
        [&](const shm::Record& record) { words.push_back(in_words(*events::GetEvent(record.payload))); },
        [](const shm::Gap&) { ADD_FAILURE() << "there is a gap"; }, 100'000);
    return words;
  }

 private:
  static std::string in_words(const events::Event& event) {
    const std::string kind(schema::kind_name(event.payload_type()));
    if (const auto* changed = event.payload_as_status_changed())
      return fmt::format("status {}", events::EnumNameAgentStatus(changed->status()));
    if (const auto* started = event.payload_as_tool_execution_started())
      return fmt::format("{} {}", kind, started->tool()->call_id()->string_view());
    if (const auto* interrupted = event.payload_as_tool_execution_interrupted())
      return fmt::format("{} {}", kind, interrupted->call_id()->string_view());
    if (const auto* cancelled = event.payload_as_tool_execution_cancelled())
      return fmt::format("{} {}", kind, cancelled->call_id()->string_view());
    if (const auto* failed = event.payload_as_tool_execution_failed())
      return fmt::format("{} {}: {} ({})", kind, failed->call_id()->string_view(),
                         failed->error()->message()->string_view(), detail_of(*failed->error()));
    return kind;
  }

  static std::string_view detail_of(const events::Error& error) {
    return error.detail() == nullptr ? "no detail" : error.detail()->string_view();
  }

  void find_the_beginning() {
    topic_->subscribe({.from = SubscribeFrom::oldest},
                      [this](const auto& granted) { beginning_ = granted.value().cursor; });
    static_cast<void>(topic_->flush());
  }

  void agent_changed(AgentHost& host) override {
    if (told_) told_(host.agent().status());
  }
  void agent_closed(AgentHost&, events::ShutdownReason) override {}
  void agent_done(AgentHost&) override {}

  TemporaryFolder folder_;
  NamespaceObjects objects_{folder_.path()};
  boost::asio::io_context conductor_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{conductor_.get_executor()};
  IncarnationClock incarnations_;
  TopicTable table_{conductor_, objects_, incarnations_, {}};
  std::shared_ptr<Topic> topic_;
  shm::Cursor beginning_;
  std::shared_ptr<AgentHost> host_;
  std::shared_ptr<RunnerSink> sink_;
  std::function<void(events::AgentStatus)> told_;
  std::thread thread_;
};

}  // namespace ringside::agentd::testing
