// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/replay_runner.hpp"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agentd/runners/recording.hpp"
#include "agentd/runners/run_copy.hpp"
#include "agentd/runners/run_output.hpp"
#include "schema/event_kind.hpp"

namespace ringside::agentd {
namespace {

namespace asio = boost::asio;

using Clock = std::chrono::steady_clock;

constexpr std::size_t slice_max = 32;

/// The ids of a run are longer than the recorded ones.
constexpr std::size_t tag_size_max = 64;

/// When a step is due, after the start of its run; a pace that is hardly a pace waits for a century at most.
std::chrono::nanoseconds due_after(std::int64_t at_ns, double speed) {
  constexpr double century_ns = 3.2e18;
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(std::min(static_cast<double>(at_ns) / speed, century_ns)));
}

/// Everything of a replay; on its strand.
class Replay : public std::enable_shared_from_this<Replay> {
 public:
  Replay(RunnerStrand strand, std::shared_ptr<const Recording> recording, double speed,
         const RunnerOptions& options, std::shared_ptr<RunnerSink> sink)
      : strand_(strand),
        recording_(std::move(recording)),
        speed_(speed),
        agent_id_(options.agent_id),
        output_(std::make_shared<RunOutput>(strand, std::move(sink), options)),
        timer_(strand) {}

  void prepare() {
    output_->on_drained([weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && self->run_) self->play(self->run_->stamp.run);
    });
    output_->on_too_large([weak = weak_from_this()](const schema::EventBuffer& event) {
      if (const auto self = weak.lock()) self->take_refusal(event);
    });
    output_->on_failed([weak = weak_from_this()](std::uint64_t run) {
      const auto self = weak.lock();
      if (self && self->run_ && self->run_->stamp.run == run) self->run_->refusal.emplace();
    });
  }

  template <class Action>
  void on_strand(Action action) {
    asio::post(strand_, [self = shared_from_this(), action = std::move(action)]() mutable {
      if (!self->output_->abandoned()) action(*self);
    });
  }

  void execute(const RunRequest& request) {
    if (ended_ || run_) {
      spdlog::error("agent {}: run {} was asked for while {}", agent_id_, request.run,
                    ended_ ? "its runner had ended" : "another was going on");
      return;
    }
    if (next_wait_ == 0) pass_ = request.run;
    output_->begin(request);
    const std::size_t first = next_wait_ == 0 ? 0 : recording_->waits[next_wait_ - 1].before_step;
    const schema::Stamp stamp{request.incarnation, request.run};
    run_.emplace(Run{stamp, RunCopy(stamp, pass_), started_at(first), first, std::nullopt});
    play(request.run);
  }

  void cancel(std::uint64_t run) {
    if (run_ && run_->stamp.run == run) finish({RunEnd::cancelled, std::nullopt});
  }

  void stop() {
    if (std::exchange(ended_, true)) return;
    if (run_) finish({RunEnd::cancelled, std::nullopt});
    output_->end(RunnerExit::finished, "the replay was stopped");
  }

  /// Any thread. The timer goes on the strand, where it is used.
  void abandon() {
    output_->abandon();
    asio::post(strand_, [self = shared_from_this()] { self->timer_.cancel(); });
  }

 private:
  struct Run {
    schema::Stamp stamp;
    RunCopy copy;
    Clock::time_point started;
    std::size_t next = 0;
    std::optional<events::ErrorT> refusal;
  };

  /// Says what is due. One chain of calls a run: the next comes from the timer, from the pool, or
  /// when there is space again.
  void play(std::uint64_t run) {
    for (std::size_t said = 0; said < slice_max; ++said) {
      if (!run_ || run_->stamp.run != run || output_->waiting() || output_->abandoned()) return;
      if (run_->refusal) return finish({RunEnd::error, run_->refusal});
      if (run_->next == end_of_run()) return finish_as_recorded();
      const RecordedStep& step = recording_->steps[run_->next];
      if (speed_ > 0) {
        const auto due = run_->started + due_after(step.at_ns, speed_);
        if (due > Clock::now()) return play_at(due, run);
      }
      ++run_->next;
      run_->copy.publish(step.event.event(), *output_);
    }
    on_strand([run](Replay& self) { self.play(run); });
  }

  void play_at(Clock::time_point due, std::uint64_t run) {
    timer_.expires_at(due);
    timer_.async_wait([weak = weak_from_this(), run](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (self && !error) self->play(run);
    });
  }

  void take_refusal(const schema::EventBuffer& event) {
    std::string message = fmt::format("a {} event of {} bytes is larger than the topic takes",
                                      schema::kind_name(event.kind()), event.bytes().size());
    spdlog::warn("agent {}: {}", agent_id_, message);
    if (!run_) return;
    run_->refusal.emplace();
    run_->refusal->type = "event_too_large";
    run_->refusal->message = std::move(message);
  }

  /// The step behind the last one of this run.
  [[nodiscard]] std::size_t end_of_run() const {
    return waits_ahead() ? recording_->waits[next_wait_].before_step : recording_->steps.size();
  }

  [[nodiscard]] bool waits_ahead() const { return next_wait_ < recording_->waits.size(); }

  /// When the recording would have to have started for its step `first` to be due now.
  [[nodiscard]] Clock::time_point started_at(std::size_t first) const {
    const auto now = Clock::now();
    if (first == 0 || first == recording_->steps.size() || !(speed_ > 0)) return now;
    return now - due_after(recording_->steps[first].at_ns, speed_);
  }

  void finish_as_recorded() {
    if (waits_ahead()) {
      const std::size_t behind = next_wait_ + 1;
      finish(run_->copy.outcome(recording_->waits[next_wait_].outcome));
      next_wait_ = behind;
      return;
    }
    if (recording_->failure)
      finish({RunEnd::error, recording_->failure});
    else
      finish({RunEnd::idle, std::nullopt});
  }

  void finish(RunOutcome outcome) {
    const schema::Stamp stamp = run_->stamp;
    run_.reset();
    next_wait_ = 0;
    timer_.cancel();
    if (outcome.end == RunEnd::cancelled) output_->drop_waiting();
    output_->finish(stamp, std::move(outcome), "the recording ends before this call does");
  }

  RunnerStrand strand_;
  std::shared_ptr<const Recording> recording_;
  double speed_;
  std::string agent_id_;
  std::shared_ptr<RunOutput> output_;
  asio::steady_timer timer_;
  std::optional<Run> run_;
  std::size_t next_wait_ = 0;  ///< where the current run ends or the next one begins; 0 also: at the start
  std::uint64_t pass_ = 0;     ///< the first run of the current pass through the recording
  bool ended_ = false;
};

class ReplayRunner final : public Runner {
 public:
  explicit ReplayRunner(std::shared_ptr<Replay> replay) : replay_(std::move(replay)) {}
  ReplayRunner(const ReplayRunner&) = delete;
  ReplayRunner& operator=(const ReplayRunner&) = delete;

  ~ReplayRunner() override { replay_->abandon(); }

  void start() override {}

  void execute(RunRequest request) override {
    replay_->on_strand([request = std::move(request)](Replay& replay) { replay.execute(request); });
  }

  void cancel(std::uint64_t run) override {
    replay_->on_strand([run](Replay& replay) { replay.cancel(run); });
  }

  void stop() override {
    replay_->on_strand([](Replay& replay) { replay.stop(); });
  }

 private:
  std::shared_ptr<Replay> replay_;
};

}  // namespace

expected<std::unique_ptr<Runner>, RunnerError> make_replay_runner(const ReplayOptions& replay,
                                                                  const RunnerOptions& options,
                                                                  asio::any_io_executor pool,
                                                                  std::shared_ptr<RunnerSink> sink) {
  const auto refuse = [](RunnerFault fault, std::string message) {
    return unexpected<RunnerError>({fault, std::move(message)});
  };
  if (!std::isfinite(replay.speed) || replay.speed < 0)
    return refuse(
        RunnerFault::bad_options,
        fmt::format("a speed of {} cannot be replayed; give a factor above 0, or 0 for as fast as it goes",
                    replay.speed));
  auto recording = load_recording(replay.source);
  if (!recording) return refuse(RunnerFault::bad_source, std::move(recording.error()));
  const Recording& read = **recording;
  if (options.event_size_max != 0 && read.event_size_max + tag_size_max > options.event_size_max)
    return refuse(
        RunnerFault::bad_source,
        fmt::format("cannot replay {}: line {}: its event has {} bytes and the topic takes at most {}; "
                    "configure larger segments",
                    replay.source.native(), read.event_size_max_line, read.event_size_max + tag_size_max,
                    options.event_size_max));
  auto state = std::make_shared<Replay>(asio::make_strand(std::move(pool)), std::move(*recording),
                                        replay.speed, options, std::move(sink));
  state->prepare();
  return std::make_unique<ReplayRunner>(std::move(state));
}

}  // namespace ringside::agentd
