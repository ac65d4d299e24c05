// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/run_output.hpp"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "schema/event_kind.hpp"

namespace ringside::agentd {
namespace {

constexpr std::chrono::milliseconds retry_interval{5};

}  // namespace

RunOutput::RunOutput(RunnerStrand strand, std::shared_ptr<RunnerSink> sink, std::string agent_id)
    : strand_(std::move(strand)), sink_(std::move(sink)), agent_id_(std::move(agent_id)), retry_(strand_) {}

void RunOutput::publish(schema::EventBuffer event) {
  give(std::move(event));
}

void RunOutput::publish(const schema::TokenDelta& delta) {
  const bool waits = !line_.empty() || draining_ || short_of_space_ || abandoned();
  if (!waits && sink_->publish(delta)) {
    messages_.see(delta);
  } else {
    give(schema::pack(delta));
  }
}

void RunOutput::finish(schema::Stamp stamp, RunOutcome outcome, OpenEnd open_end, std::string_view why) {
  // What is open is known only when all before this has been published.
  give(Word([this, stamp, outcome = std::move(outcome), open_end, why = std::string(why)]() mutable {
    std::deque<Item> closing;
    const bool waits = open_end == OpenEnd::waits;
    for (const std::string& id : waits ? calls_.take_executing() : calls_.take_all())
      closing.emplace_back(closed_call(stamp, id, open_end, why));
    const bool cancelled = open_end == OpenEnd::cancelled;
    const auto status = cancelled ? events::MessageStatus::cancelled : events::MessageStatus::stream_error;
    for (events::MessageT& message : messages_.take(status)) {
      events::LlmMessageT whole;
      whole.message = std::make_unique<events::MessageT>(std::move(message));
      events::EventT event;
      event.incarnation = stamp.incarnation;
      event.run = stamp.run;
      event.payload.Set(std::move(whole));
      closing.emplace_back(schema::pack(event));
    }
    closing.emplace_back(Word([this, run = stamp.run, outcome = std::move(outcome)]() mutable {
      told_of_space_ = false;
      sink_->run_finished(run, std::move(outcome));
    }));
    put_first(std::move(closing));
  }));
}

void RunOutput::close_waiting(schema::Stamp stamp, OpenEnd open_end, std::string_view why) {
  give(Word([this, stamp, open_end, why = std::string(why)] {
    std::deque<Item> closing;
    for (const std::string& id : calls_.take_all())
      closing.emplace_back(closed_call(stamp, id, open_end, why));
    put_first(std::move(closing));
  }));
}

void RunOutput::forget_calls() {
  give(Word([this] { calls_.take_all(); }));
}

schema::EventBuffer RunOutput::closed_call(schema::Stamp stamp, const std::string& id, OpenEnd open_end,
                                           std::string_view why) {
  if (open_end == OpenEnd::cancelled) return builder_.tool_execution_cancelled(stamp, id);
  return builder_.tool_execution_failed(stamp, id, {why, "run_ended", {}});
}

void RunOutput::put_first(std::deque<Item> items) {
  for (auto item = items.rbegin(); item != items.rend(); ++item)
    line_.push_front(std::move(*item));
}

void RunOutput::end(RunnerExit exit, std::string detail) {
  give(Word(
      [this, exit, detail = std::move(detail)]() mutable { sink_->runner_ended(exit, std::move(detail)); }));
}

void RunOutput::drop_waiting() {
  std::erase_if(line_, [](const Item& item) { return std::holds_alternative<schema::EventBuffer>(item); });
}

void RunOutput::abandon() noexcept {
  // relaxed: a flag on which nothing else depends
  abandoned_.store(true, std::memory_order::relaxed);
}

bool RunOutput::abandoned() const noexcept {
  // relaxed: a flag on which nothing else depends
  return abandoned_.load(std::memory_order::relaxed);
}

void RunOutput::give(Item item) {
  line_.push_back(std::move(item));
  if (!draining_ && !short_of_space_) drain();
}

void RunOutput::drain() {
  draining_ = true;
  while (!line_.empty() && !abandoned()) {
    Item item = std::move(line_.front());
    line_.pop_front();
    if (auto* word = std::get_if<Word>(&item)) {
      (*word)();
    } else if (!offer(std::get<schema::EventBuffer>(item))) {
      line_.push_front(std::move(item));
      break;
    }
  }
  draining_ = false;
  if (abandoned()) line_.clear();
  if (!line_.empty()) wait_for_space();
}

bool RunOutput::offer(const schema::EventBuffer& event) {
  const auto published = sink_->publish(event);
  if (published) {
    calls_.see(event.event());
    messages_.see(event.event());
    return true;
  }
  if (published.error() == PublishError::no_space) return false;
  if (on_too_large_)
    on_too_large_(event);
  else
    spdlog::warn("agent {}: a {} event of {} bytes is larger than its topic takes, and is lost", agent_id_,
                 schema::kind_name(event.kind()), event.bytes().size());
  return true;
}

void RunOutput::wait_for_space() {
  short_of_space_ = true;
  if (!std::exchange(told_of_space_, true))
    spdlog::warn("agent {}: its topic has no space; the runner waits and nothing is lost", agent_id_);
  retry_.expires_after(retry_interval);
  retry_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error) return;
    self->drain();
    if (self->waiting() || !std::exchange(self->short_of_space_, false)) return;
    if (!self->abandoned() && self->on_drained_) self->on_drained_();
  });
}

}  // namespace ringside::agentd
