// SPDX-License-Identifier: Apache-2.0
#include "tests/runners/recording_sink.hpp"

#include <gtest/gtest.h>

namespace ringside::agentd {

expected<void, PublishError> RecordingSink::publish(const schema::EventBuffer& event) {
  const std::scoped_lock lock(mutex_);
  EXPECT_FALSE(ended_) << "an event after the end";
  ++offers_;
  if (answer_)
    if (const auto refusal = answer_(event)) return unexpected<PublishError>(*refusal);
  events_.push_back(event.copy());
  changed_.notify_all();
  return {};
}

expected<void, PublishError> RecordingSink::publish(const schema::TokenDelta& delta) {
  return publish(schema::pack(delta));
}

expected<void, PublishError> RecordingSink::publish_debug(const schema::EventBuffer& event) {
  const std::scoped_lock lock(mutex_);
  debug_events_.push_back(event.copy());
  return {};
}

bool RecordingSink::debug_is_read() const {
  const std::scoped_lock lock(mutex_);
  return debug_is_read_;
}

void RecordingSink::read_debug() {
  const std::scoped_lock lock(mutex_);
  debug_is_read_ = true;
}

std::vector<schema::EventBuffer> RecordingSink::debug_events() const {
  const std::scoped_lock lock(mutex_);
  std::vector<schema::EventBuffer> copies;
  for (const schema::EventBuffer& event : debug_events_)
    copies.push_back(event.copy());
  return copies;
}

void RecordingSink::run_finished(std::uint64_t run, RunOutcome outcome) {
  const std::scoped_lock lock(mutex_);
  EXPECT_FALSE(ended_) << "run_finished after the end";
  runs_.push_back({run, std::move(outcome), events_.size()});
  changed_.notify_all();
}

void RecordingSink::runner_ended(RunnerExit exit, std::string detail) {
  const std::scoped_lock lock(mutex_);
  EXPECT_FALSE(ended_) << "a second end";
  ended_ = Ended{exit, std::move(detail)};
  changed_.notify_all();
}

void RecordingSink::on_publish(
    std::function<std::optional<PublishError>(const schema::EventBuffer&)> answer) {
  const std::scoped_lock lock(mutex_);
  answer_ = std::move(answer);
}

void RecordingSink::wait_for_events(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return events_.size() >= count; });
}

RecordingSink::FinishedRun RecordingSink::wait_for_run(std::size_t nth) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return runs_.size() >= nth; });
  return runs_[nth - 1];
}

RecordingSink::Ended RecordingSink::wait_for_end() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ended_.has_value(); });
  return *ended_;
}

std::vector<schema::EventBuffer> RecordingSink::events() const {
  const std::scoped_lock lock(mutex_);
  std::vector<schema::EventBuffer> copies;
  for (const schema::EventBuffer& event : events_)
    copies.push_back(event.copy());
  return copies;
}

ViewedStream RecordingSink::view() const {
  ViewedStream viewed;
  for (const schema::EventBuffer& event : events())
    viewed.see(event.event());
  return viewed;
}

std::size_t RecordingSink::offers() const {
  const std::scoped_lock lock(mutex_);
  return offers_;
}

std::size_t RecordingSink::finished_runs() const {
  const std::scoped_lock lock(mutex_);
  return runs_.size();
}

}  // namespace ringside::agentd
