// SPDX-License-Identifier: Apache-2.0
#include "agentd/agent_host.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agentd/clock.hpp"
#include "schema/event_builder.hpp"
#include "schema/event_kind.hpp"

namespace ringside::agentd {

AgentHost::AgentHost(boost::asio::io_context& conductor, AgentOwner& owner, Parts parts)
    : owner_(owner),
      presence_topic_(std::move(parts.presence_topic)),
      main_hold_(std::move(parts.main_topic)),
      topics_(std::move(parts.topics)),
      runner_(std::move(parts.runner)),
      deadline_(conductor),
      telling_(conductor),
      agent_(std::move(parts.options), *this) {}

void AgentHost::begin(std::uint32_t viewers, bool stay_idle) {
  topics_->begin_life();
  agent_.start(viewers, read_clocks());
  // execute() starts the runner too, and then nothing that it says comes before its run.
  const bool executes = !stay_idle && agent_.execute(read_clocks()).has_value();
  if (!executes) runner_->start();
  news_.told(facts(), read_clocks().steady_ns);  // by the entry that its owner makes
}

expected<std::uint64_t, Refusal> AgentHost::execute() {
  auto run = agent_.execute(read_clocks());
  tell_change();
  return run;
}

expected<SentMessage, Refusal> AgentHost::send(std::string_view text) {
  auto sent = agent_.send(text, read_clocks());
  tell_change();
  return sent;
}

expected<std::uint64_t, Refusal> AgentHost::resume(std::string_view interrupt_id, events::AnswerT answer) {
  auto run = agent_.resume(interrupt_id, std::move(answer), read_clocks());
  tell_change();
  return run;
}

expected<void, Refusal> AgentHost::dismiss(std::string_view interrupt_id) {
  auto dismissed = agent_.dismiss(interrupt_id, read_clocks());
  tell_change();
  return dismissed;
}

expected<void, Refusal> AgentHost::cancel() {
  auto cancelled = agent_.cancel(read_clocks());
  tell_change();
  return cancelled;
}

expected<void, Refusal> AgentHost::touch() {
  auto touched = agent_.touch(read_clocks());
  tell_change();
  return touched;
}

expected<void, Refusal> AgentHost::stop(std::optional<std::uint64_t> timeout_ms) {
  auto stopped = agent_.stop(read_clocks(), timeout_ms);
  tell_change();
  return stopped;
}

void AgentHost::viewers_changed(std::uint32_t count) {
  agent_.viewers_changed(count, read_clocks());
  tell_change();
}

void AgentHost::run_finished(std::uint64_t run, RunOutcome outcome) {
  agent_.run_finished(run, std::move(outcome), read_clocks());
  tell_change();
}

void AgentHost::runner_ended(RunnerExit exit, std::string_view detail) {
  runner_ended_ = true;
  const bool was_over = agent_.phase() == Agent::Phase::closed;
  agent_.runner_ended(exit, detail, read_clocks());
  tell_change();
  if (was_over) owner_.agent_done(*this);
}

void AgentHost::open_debug(const std::shared_ptr<Topic>& debug) {
  if (topics_->debug_topic() != debug) topics_->open_debug(debug);
}

void AgentHost::begin_run(std::uint64_t run) {
  topics_->begin_run(run);
}

namespace {

/// Messages can be refused, and are of any size; all else has happened, and is told of sooner or later.
bool is_message(events::Payload kind) noexcept {
  return kind == events::Payload::llm_message || kind == events::Payload::message_queued;
}

}  // namespace

expected<void, Refusal> AgentHost::publish(schema::EventBuffer event) {
  const events::Payload kind = event.kind();
  const std::size_t size = event.bytes().size();
  const auto published = is_message(kind) ? topics_->publish(event) : topics_->publish_anyway(event);
  if (published) return {};
  Refusal refusal;
  if (published.error() == PublishError::too_large) {
    refusal.code = control::ErrorCode::event_too_large;
    refusal.message = fmt::format("the event has {} bytes, the ring of {} takes {}", size,
                                  topics_->main_topic()->name(), topics_->main_topic()->event_size_max());
  } else {
    refusal.code = control::ErrorCode::no_space;
    refusal.message =
        fmt::format("the ring of {} cannot grow: shared memory is short", topics_->main_topic()->name());
  }
  spdlog::error("agent {}: {} was not published: {}", agent_.agent_id(), schema::kind_name(kind),
                refusal.message);
  return unexpected<Refusal>(std::move(refusal));
}

void AgentHost::close_calls(const events::ErrorT* error) {
  const schema::Stamp stamp{agent_.incarnation(), agent_.run()};
  schema::EventBuilder builder;
  for (const std::string& id : topics_->open_calls()) {
    (void)publish(
        error == nullptr
            ? builder.tool_execution_cancelled(stamp, id)
            : builder.tool_execution_failed(
                  stamp, id, {.message = error->message, .type = error->type, .detail = error->detail}));
  }
}

void AgentHost::start_run(RunRequest request) {
  runner_->execute(std::move(request));
}

void AgentHost::cancel_run(std::uint64_t run) {
  runner_->cancel(run);
}

void AgentHost::set_deadline(std::optional<std::int64_t> steady_ns) {
  deadline_.cancel();
  if (!steady_ns) return;
  deadline_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(*steady_ns)));
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    self->agent_.deadline_reached(read_clocks());
    self->tell_change();
  });
}

void AgentHost::close(events::ShutdownReason reason) {
  deadline_.cancel();
  telling_.cancel();
  owner_.agent_closed(*this, reason);
  topics_->end_life();
  if (!runner_ended_) runner_->stop();
  main_hold_.let_go();
}

void AgentHost::tell_change() {
  if (agent_.phase() == Agent::Phase::closed) return;
  const std::int64_t due_ns = news_.due_ns(facts());
  const std::int64_t now_ns = read_clocks().steady_ns;
  if (due_ns > now_ns) return tell_change_later(due_ns);
  news_.told(facts(), now_ns);
  owner_.agent_changed(*this);
}

void AgentHost::tell_change_later(std::int64_t steady_ns) {
  if (steady_ns == never_ns || std::exchange(telling_later_, true)) return;
  telling_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(steady_ns)));
  telling_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->telling_later_ = false;
    if (!error) self->tell_change();
  });
}

}  // namespace ringside::agentd
