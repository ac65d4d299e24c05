// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agentd/runners/runner.hpp"
#include "tests/runners/viewed_stream.hpp"

namespace ringside::agentd {

/// A sink that keeps what it is told, in order, and lets a test wait for it. Any thread.
class RecordingSink final : public RunnerSink {
 public:
  struct FinishedRun {
    std::uint64_t run = 0;
    RunOutcome outcome;
    std::size_t events_before = 0;
  };
  struct Ended {
    RunnerExit exit = RunnerExit::finished;
    std::string detail;
  };

  expected<void, PublishError> publish(const schema::EventBuffer& event) override;
  expected<void, PublishError> publish(const schema::TokenDelta& delta) override;
  expected<void, PublishError> publish_debug(const schema::EventBuffer& event) override;
  [[nodiscard]] bool debug_is_read() const override;
  void run_finished(std::uint64_t run, RunOutcome outcome) override;
  void runner_ended(RunnerExit exit, std::string detail) override;

  /// What publish answers before it keeps anything; none is "take it". Called under the lock.
  void on_publish(std::function<std::optional<PublishError>(const schema::EventBuffer&)> answer);

  /// Each waits until it is so; ctest's watchdog ends one that never comes true.
  void wait_for_events(std::size_t count);
  FinishedRun wait_for_run(std::size_t nth = 1);
  Ended wait_for_end();

  /// From here on somebody reads the debug topic; before, nobody does.
  void read_debug();

  std::vector<schema::EventBuffer> events() const;
  /// Those that were said to be for the debug topic, whatever their kind.
  std::vector<schema::EventBuffer> debug_events() const;
  ViewedStream view() const;
  std::size_t offers() const;
  std::size_t finished_runs() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::function<std::optional<PublishError>(const schema::EventBuffer&)> answer_;
  std::vector<schema::EventBuffer> events_;
  std::vector<FinishedRun> runs_;
  std::optional<Ended> ended_;
  std::size_t offers_ = 0;
  std::vector<schema::EventBuffer> debug_events_;
  bool debug_is_read_ = false;
};

}  // namespace ringside::agentd
