// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/run_output.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <spdlog/spdlog.h>

#include "agentd/runners/publishable.hpp"
#include "agentd/runners/status_outcome.hpp"
#include "schema/event_kind.hpp"

namespace ringside::agentd {
namespace {

constexpr std::chrono::milliseconds retry_interval{5};

}  // namespace

/// From any thread to the line of what is said.
class RunOutput::Publisher final : public EventPublisher {
 public:
  Publisher(const std::shared_ptr<RunOutput>& output, std::string middleware)
      : output_(output), agent_id_(output->agent_id_), middleware_(std::move(middleware)) {}

  [[nodiscard]] const std::string& agent_id() const noexcept override { return agent_id_; }
  void publish_event(events::PayloadUnion payload) override { say(std::move(payload), false); }

 private:
  [[nodiscard]] const std::string& middleware() const noexcept override { return middleware_; }
  [[nodiscard]] bool debug_is_read() const override {
    const auto output = in_use();
    return output != nullptr && output->sink_->debug_is_read();
  }
  void publish_debug(events::PayloadUnion payload) override { say(std::move(payload), true); }

  void say(events::PayloadUnion payload, bool debug) {
    auto event = std::make_shared<schema::EventBuffer>(publishable({}, std::move(payload)));
    const auto output = in_use();
    if (output == nullptr) return;
    boost::asio::dispatch(output->strand_, [weak = output_, event = std::move(event), debug] {
      if (const auto self = weak.lock(); self && !self->abandoned()) self->say(std::move(*event), debug);
    });
  }

  /// nullptr: the life is over, and the pool may be too.
  [[nodiscard]] std::shared_ptr<RunOutput> in_use() const {
    auto output = output_.lock();
    return output != nullptr && output->abandoned() ? nullptr : output;
  }

  std::weak_ptr<RunOutput> output_;  ///< weakly all of it: we may be kept for longer than the daemon is
  std::string agent_id_;
  std::string middleware_;
};

RunOutput::RunOutput(RunnerStrand strand, std::shared_ptr<RunnerSink> sink, const RunnerOptions& options)
    : strand_(std::move(strand)),
      sink_(std::move(sink)),
      agent_id_(options.agent_id),
      middleware_(options.middleware),
      current_{options.incarnation, 0},
      retry_(strand_) {}

void RunOutput::publish(schema::EventBuffer event) {
  give(Saying{std::move(event)});
}

void RunOutput::publish(const schema::TokenDelta& delta) {
  const bool waits = !line_.empty() || draining_ || short_of_space_ || abandoned();
  if (!waits && middleware_.empty() && sink_->publish(delta))
    messages_.see(delta);
  else
    give(Saying{schema::pack(delta)});
}

void RunOutput::begin(const RunRequest& request) {
  give(Word([this, run = request.run, answers = request.answer.has_value()] {
    current_.run = run;
    if (std::exchange(interrupted_, false) && !answers) calls_.take_begun();
  }));
}

void RunOutput::finish(schema::Stamp stamp, RunOutcome outcome, std::string_view why) {
  // What is open is known only when all before this has been published.
  give(Word([this, stamp, outcome = std::move(outcome), why = std::string(why)]() mutable {
    if (failure_) {
      outcome = {.end = RunEnd::error, .error = failure_};
      why = failure_->message;
    }
    std::deque<Item> closing;
    for (const std::string& id : waits(outcome.end) ? calls_.take_executing() : calls_.take_begun())
      closing.emplace_back(Saying{closed_call(stamp, id, outcome.end, why), Hooks::none});
    const bool cancelled = outcome.end == RunEnd::cancelled;
    const auto status = cancelled ? events::MessageStatus::cancelled : events::MessageStatus::stream_error;
    for (events::MessageT& message : messages_.take(status))
      closing.emplace_back(Saying{closed_message(stamp, std::move(message)), Hooks::none});
    closing.emplace_back(Word([this, run = stamp.run, outcome = std::move(outcome)]() mutable {
      told_of_space_ = false;
      told_of_loss_ = false;
      failure_.reset();
      current_.run = 0;
      interrupted_ = outcome.end == RunEnd::interrupted;
      sink_->run_finished(run, std::move(outcome));
    }));
    put_first(std::move(closing));
  }));
}

void RunOutput::before_model(std::shared_ptr<ModelRequest> request) {
  give(Word([this, request = std::move(request)] {
    if (failure_ || middleware_.empty()) return;
    auto error = ask([&] { return chain_.before_model(*request); });
    put_first(std::exchange(said_, {}));
    if (error) fail(std::move(*error));
  }));
}

schema::EventBuffer RunOutput::closed_call(schema::Stamp stamp, const std::string& id, RunEnd end,
                                           std::string_view why) {
  if (end == RunEnd::cancelled) return builder_.tool_execution_cancelled(stamp, id);
  return builder_.tool_execution_failed(stamp, id, {why, "run_ended", {}});
}

schema::EventBuffer RunOutput::closed_message(schema::Stamp stamp, events::MessageT message) {
  events::LlmMessageT whole;
  whole.message = std::make_unique<events::MessageT>(std::move(message));
  events::EventT event;
  event.incarnation = stamp.incarnation;
  event.run = stamp.run;
  event.payload.Set(std::move(whole));
  return schema::pack(event);
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
  std::erase_if(line_, [](const Item& item) { return std::holds_alternative<Saying>(item); });
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
    } else if (!offer(std::get<Saying>(item))) {
      line_.push_front(std::move(item));
      break;
    }
  }
  draining_ = false;
  if (abandoned()) line_.clear();
  if (!line_.empty()) wait_for_space();
}

bool RunOutput::offer(Saying& saying) {
  // Not before: the run that was going on when it was said may be over.
  if (saying.from_middleware && saying.event.stamp() != current_)
    saying.event = schema::restamp(saying.event.event(), current_.incarnation, current_.run);
  const schema::EventBuffer& event = saying.event;
  if (failure_ || middleware_.empty()) saying.hooks = Hooks::none;
  if (saying.hooks == Hooks::due) {
    saying.hooks = Hooks::asked;
    if (auto error = ask([&] { return chain_.on_event(event.event()); })) {
      fail(std::move(*error));
      return true;
    }
  }
  const auto published = saying.debug ? sink_->publish_debug(event) : sink_->publish(event);
  if (published) {
    calls_.see(event.event());
    messages_.see(event.event());
    const events::Message* message = saying.hooks == Hooks::asked ? whole_message(event.event()) : nullptr;
    std::optional<events::ErrorT> error;
    if (message != nullptr) error = ask([&] { return chain_.after_model(*message); });
    put_first(std::exchange(said_, {}));
    if (error) fail(std::move(*error));
    return true;
  }
  if (published.error() == PublishError::no_space) return false;
  put_first(std::exchange(said_, {}));
  if (on_too_large_)
    on_too_large_(event);
  else
    spdlog::warn("agent {}: a {} event of {} bytes is larger than its topic takes, and is lost", agent_id_,
                 schema::kind_name(event.kind()), event.bytes().size());
  return true;
}

void RunOutput::say(schema::EventBuffer event, bool debug) {
  if (!has_space_for_said()) {
    if (!std::exchange(told_of_loss_, true))
      spdlog::warn(
          "agent {}: {} events of its middleware wait for space in its topic; what it says more is lost",
          agent_id_, said_max);
    return;
  }
  Item item(Saying{std::move(event), Hooks::none, debug, true});
  if (asking_)
    said_.push_back(std::move(item));
  else
    give(std::move(item));
}

bool RunOutput::has_space_for_said() const {
  if (line_.size() + said_.size() < said_max) return true;
  const auto waiting = std::ranges::count_if(line_, [](const Item& item) {
    const auto* saying = std::get_if<Saying>(&item);
    return saying != nullptr && saying->from_middleware;
  });
  return static_cast<std::size_t>(waiting) + said_.size() < said_max;
}

template <class Asked>
std::optional<events::ErrorT> RunOutput::ask(Asked asked) {
  if (chain_.empty())  // not before: a publisher holds us weakly
    chain_ = MiddlewareChain(middleware_, [this](std::string name) {
      return std::make_shared<Publisher>(shared_from_this(), std::move(name));
    });
  asking_ = true;
  auto error = asked();
  asking_ = false;
  return error;
}

/// What waits is dropped, and whoever runs the run ends it; between two runs there is nothing to end.
void RunOutput::fail(events::ErrorT error) {
  spdlog::error("agent {}: {}", agent_id_, error.message);
  said_.clear();
  if (current_.run == 0) return;
  failure_ = std::move(error);
  drop_waiting();
  if (on_failed_) on_failed_(current_.run);
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
