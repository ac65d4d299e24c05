// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/exec_child.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <signal.h>
#include <unistd.h>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agentd/runners/printable.hpp"
#include "agentd/runners/status_outcome.hpp"
#include "schema/event_kind.hpp"

namespace ringside::agentd {
namespace {

constexpr std::size_t error_tail_max = 4096;
constexpr std::size_t refusals_logged_max = 20;

/// What is left in a pipe when its writer is dead is at most what a pipe holds, unless a survivor goes on.
constexpr int final_reads_max = 64;

/// Making a parser is dear and it serves one thread at a time.
schema::EventJson& event_json() {
  thread_local schema::EventJson json;
  return json;
}

events::ErrorT make_error(std::string type, std::string message) {
  events::ErrorT error;
  error.type = std::move(type);
  error.message = std::move(message);
  return error;
}

}  // namespace

ExecChild::ExecChild(const RunnerStrand& strand, ChildProcess process, const RunnerOptions& options,
                     std::shared_ptr<RunnerSink> sink)
    : strand_(strand),
      process_(std::move(process)),
      agent_id_(options.agent_id),
      incarnation_(options.incarnation),
      event_size_max_(options.event_size_max),
      bound_(options.stop_bound),
      output_(std::make_shared<RunOutput>(strand, std::move(sink), options)),
      commands_(std::make_shared<CommandPipe>(strand, process_.take_input())),
      stdout_(strand, process_.take_output()),
      stderr_(strand, process_.take_errors()),
      exit_(strand),
      deadline_(strand),
      lines_(schema::json_line_size_max) {
  if (!exit_.open(shm::Descriptor(process_.take_exit_descriptor())))
    throw std::system_error(ENOMEM, std::generic_category(), "watching the process");
}

void ExecChild::start() {
  if (std::exchange(started_, true)) return;
  output_->on_drained([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->read_output();
  });
  output_->on_failed([weak = weak_from_this()](std::uint64_t run) {
    if (const auto self = weak.lock()) self->give_up(run, {.end = RunEnd::error});
  });
  read_output();
  read_errors();
  watch_exit();
}

void ExecChild::execute(const RunRequest& request) {
  if (ended_ || stopping_ || run_) {
    spdlog::error("agent {}: run {} was asked for while {}", agent_id_, request.run,
                  run_ ? "another was going on" : "its process was ending");
    return;
  }
  run_ = schema::Stamp{request.incarnation, request.run};
  last_run_ = request.run;
  output_->begin(request);
  start();
  if (owed_ != 0 && !terminating_) {
    terminate(bound_, fmt::format("it did not end the run before run {}, which was cancelled", request.run));
    overdue_ = true;
  }
  send(request.answer ? resume_command(request, event_json()) : execute_command(request));
}

void ExecChild::cancel(std::uint64_t run) {
  if (!run_ || run_->run != run) return;
  start();
  give_up(run, {.end = RunEnd::cancelled});
}

/// The run is over for everybody but the process, which is told to end it too.
void ExecChild::give_up(std::uint64_t run, RunOutcome outcome) {
  if (!run_ || run_->run != run) return;
  send(cancel_command(run));
  ++owed_;
  finish_run(std::move(outcome), {});
}

void ExecChild::stop() {
  if (ended_ || std::exchange(stopping_, true)) return;
  start();
  if (run_) cancel(run_->run);
  send(stop_command());
  commands_->close_after_all();
  terminate(bound_, "it was stopped");
}

void ExecChild::abandon() {
  output_->abandon();
  // Even a process that was never watched is reaped: by its end here, or by the end of `process_`.
  boost::asio::post(strand_, [self = shared_from_this()] { self->process_.signal_group(SIGKILL); });
}

void ExecChild::send(std::string command) {
  switch (commands_->send(std::move(command))) {
    case CommandPipe::Sent::yes:
      return;
    case CommandPipe::Sent::closed:
      spdlog::info("agent {}: its process has closed its standard input and is told nothing", agent_id_);
      return;
    case CommandPipe::Sent::full:
      if (!terminating_ || overdue_) terminate(std::chrono::milliseconds(0), "it does not read its commands");
      return;
  }
}

void ExecChild::finish_run(RunOutcome outcome, std::string_view why) {
  const schema::Stamp stamp = *run_;
  run_.reset();
  if (outcome.end == RunEnd::cancelled) output_->drop_waiting();
  output_->finish(stamp, std::move(outcome), why);
}

void ExecChild::read_output() {
  // While something waits for space nothing more is read: the pipe fills, and the process waits.
  if (reading_ || ended_ || !stdout_.is_open() || output_->waiting()) return;
  reading_ = true;
  stdout_.async_wait(Descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       self->reading_ = false;
                       if (error || self->ended_ || self->output_->abandoned() || !self->stdout_.is_open())
                         return;
                       self->take_output();
                       self->read_output();
                     });
}

void ExecChild::read_errors() {
  if (ended_ || !stderr_.is_open()) return;
  stderr_.async_wait(Descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (error || self->ended_ || self->output_->abandoned()) return;
                       self->take_errors();
                       self->read_errors();
                     });
}

bool ExecChild::take_output() {
  const ssize_t count = ::read(stdout_.native_handle(), buffer_.data(), buffer_.size());
  if (count < 0) return errno == EINTR;
  if (count == 0) {
    output_ended();
    return false;
  }
  lines_.feed(
      {buffer_.data(), static_cast<std::size_t>(count)},
      [this](std::string_view line, std::size_t number) { take_line(line, number); },
      [this](std::size_t number) {
        refuse_line(number, 0, fmt::format("longer than {} bytes", schema::json_line_size_max));
      });
  return true;
}

bool ExecChild::take_errors() {
  std::array<char, 4096> some;
  const ssize_t count = ::read(stderr_.native_handle(), some.data(), some.size());
  if (count < 0) return errno == EINTR;
  if (count == 0) {
    stderr_.close();
    return false;
  }
  error_tail_.append(some.data(), static_cast<std::size_t>(count));
  if (error_tail_.size() > error_tail_max) error_tail_.erase(0, error_tail_.size() - error_tail_max);
  return true;
}

void ExecChild::take_line(std::string_view line, std::size_t number) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  const auto read = event_json().parse_line(line);
  if (!read) return refuse_line(number, read.error().column, read.error().message);
  if (read->event.kind() == events::Payload::status_changed)
    take_status(*read, number);
  else
    take_event(*read, number);
}

void ExecChild::take_event(const schema::EventLine& line, std::size_t number) {
  if (!schema::is_publishable(line.event.kind()))
    return refuse_line(number, line.kind_column,
                       fmt::format("{} is for agentd alone to say", schema::kind_name(line.event.kind())));
  if (owed_ != 0) return;
  auto stamped = schema::restamp(line.event.event(), incarnation_, last_run_);
  const std::size_t size = stamped.bytes().size();
  if (event_size_max_ != 0 && size > event_size_max_)
    return refuse_line(
        number, 0, fmt::format("the event has {} bytes; its topic takes at most {}", size, event_size_max_));
  output_->publish(std::move(stamped));
}

void ExecChild::take_status(const schema::EventLine& line, std::size_t number) {
  const auto& status = *line.event.event().payload_as_status_changed();
  if (status.status() == events::AgentStatus::running) return;  // known: it was told to
  if (owed_ != 0) {
    if (--owed_ == 0 && std::exchange(overdue_, false)) {  // late, but in time
      terminating_ = false;
      end_reason_.clear();
      deadline_.cancel();
    }
    return;
  }
  if (!run_) return refuse_line(number, line.kind_column, "no run is going on that could end");
  finish_run(outcome_of(status), "the run ended before this call did");
}

void ExecChild::refuse_line(std::size_t number, std::size_t column, std::string_view why) {
  if (++refused_lines_ <= refusals_logged_max) {
    const std::string place = column == 0 ? "" : fmt::format("column {}: ", column);
    spdlog::warn("agent {}: line {} of its process is refused: {}{}", agent_id_, number, place,
                 printable(why, 300));
  }
  if (refused_lines_ == refusals_logged_max)
    spdlog::warn("agent {}: further lines that are refused are only counted", agent_id_);
}

void ExecChild::output_ended() {
  stdout_.close();
  commands_->close_after_all();
  overdue_ = false;  // it can pay no more
  if (!ended_ && !terminating_) terminate(bound_, "it closed its standard output and did not exit");
}

void ExecChild::terminate(std::chrono::milliseconds wait, std::string why) {
  terminating_ = true;
  overdue_ = false;
  end_reason_ = std::move(why);
  deadline_.expires_after(wait);
  deadline_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->ended_ || !self->terminating_) return;
    spdlog::warn("agent {}: its process gets SIGTERM: {}", self->agent_id_, self->end_reason_);
    self->signalled_ = true;
    self->overdue_ = false;
    self->process_.signal_group(SIGTERM);
    self->process_.signal_group(SIGCONT);  // a stopped one could not obey
    self->deadline_.expires_after(self->bound_);
    self->deadline_.async_wait([self](const boost::system::error_code& late) {
      if (late || self->ended_) return;
      spdlog::warn("agent {}: its process gets SIGKILL", self->agent_id_);
      self->process_.signal_group(SIGKILL);
    });
  });
}

void ExecChild::watch_exit() {
  exit_.wait([self = shared_from_this()] { self->exited(); });
}

void ExecChild::exited() {
  // Until it is reaped its id is its own: the rest of its group cannot be taken for anybody else's.
  process_.signal_group(SIGKILL);
  for (int i = 0; i < final_reads_max && stdout_.is_open() && take_output(); ++i) {
  }
  lines_.finish([this](std::string_view line, std::size_t number) { take_line(line, number); });
  for (int i = 0; i < final_reads_max && stderr_.is_open() && take_errors(); ++i) {
  }
  ended_ = true;
  deadline_.cancel();
  stdout_.close();
  stderr_.close();
  commands_->close_now();
  const ChildExit exit = process_.reap();
  std::string detail = fmt::format("the process {}", in_words(exit));
  if (signalled_) detail += fmt::format("; {}", end_reason_);
  const bool good = stopping_ || (exit.clean() && !run_ && !signalled_);
  if (run_) {
    detail += fmt::format(" in the middle of run {}", run_->run);
    finish_run({RunEnd::error, make_error("runner_crashed", detail)}, detail);
  }
  if (refused_lines_ != 0)
    spdlog::warn("agent {}: lines of its process that were refused: {}", agent_id_, refused_lines_);
  if (!error_tail_.empty())
    detail += "; the end of its standard error:\n" + printable(error_tail_, error_tail_max, true);
  output_->end(good ? RunnerExit::finished : RunnerExit::crashed, std::move(detail));
}

}  // namespace ringside::agentd
