// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/in_process_runner.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agentd/runners/publishable.hpp"
#include "agentd/runners/run_output.hpp"

namespace ringside::agentd {
namespace {

RunOutcome failed(std::string message) {
  RunOutcome outcome{.end = RunEnd::error, .error = events::ErrorT{}};
  outcome.error->type = "agent_failed";
  outcome.error->message = std::move(message);
  return outcome;
}

/// One run, between the agent's thread and the strand.
struct Job {
  explicit Job(RunRequest asked) : request(std::move(asked)) {}

  [[nodiscard]] schema::Stamp stamp() const noexcept { return {request.incarnation, request.run}; }
  [[nodiscard]] bool is_cancelled() const noexcept {
    // relaxed: a flag on which nothing else depends; who waits for it is woken under the mutex
    return cancelled.load(std::memory_order::relaxed);
  }

  const RunRequest request;
  std::atomic<bool> cancelled{false};
};

/// The agent's thread and what it shares with the strand.
class InProcess : public std::enable_shared_from_this<InProcess> {
 public:
  InProcess(const RunnerStrand& strand, const RunnerOptions& options, std::unique_ptr<InProcessAgent> agent,
            std::shared_ptr<RunnerSink> sink)
      : strand_(strand),
        agent_id_(options.agent_id),
        agent_(std::move(agent)),
        output_(std::make_shared<RunOutput>(strand, std::move(sink), options)) {}

  void prepare() {
    output_->on_drained([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->let_go(std::exchange(self->held_, 0));
    });
    output_->on_failed([weak = weak_from_this()](std::uint64_t run) {
      if (const auto self = weak.lock()) self->cut_off(run, {.end = RunEnd::error});
    });
  }

  template <class Action>
  void on_strand(Action action) {
    boost::asio::post(strand_, [self = shared_from_this(), action = std::move(action)]() mutable {
      if (!self->output_->abandoned()) action(*self);
    });
  }

  // On the strand.
  void execute(RunRequest request) {
    if (current_ || stopping_) {
      spdlog::error("agent {}: run {} was asked for while {}", agent_id_, request.run,
                    current_ ? "another was going on" : "it was ending");
      return;
    }
    output_->begin(request);
    current_ = std::make_shared<Job>(std::move(request));
    const std::lock_guard lock(mutex_);
    jobs_.push_back(current_);
    changed_.notify_all();
  }

  void cancel(std::uint64_t run) { cut_off(run, {.end = RunEnd::cancelled}); }

  void stop() {
    if (std::exchange(stopping_, true)) return;
    if (current_) cancel(current_->request.run);
    quit();
  }

  /// Any thread.
  void abandon() {
    output_->abandon();
    quit();
  }

  /// The agent's own thread: one run after another, until it is told to quit.
  void work() {
    while (const std::shared_ptr<Job> job = next()) {
      RunOutcome outcome = run(job);
      on_strand([job, outcome = std::move(outcome)](InProcess& self) mutable {
        self.finished(*job, std::move(outcome));
      });
    }
    on_strand([](InProcess& self) { self.output_->end(RunnerExit::finished, "the agent was stopped"); });
  }

 private:
  class Voice;

  std::shared_ptr<Job> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return quit_ || !jobs_.empty(); });
    if (quit_) return nullptr;
    running_ = std::move(jobs_.front());
    jobs_.pop_front();
    return running_;
  }

  RunOutcome run(const std::shared_ptr<Job>& job);

  void quit() {
    const std::lock_guard lock(mutex_);
    quit_ = true;
    // relaxed: as where it is read
    if (running_) running_->cancelled.store(true, std::memory_order::relaxed);
    changed_.notify_all();
  }

  /// The run is over for everybody but the thread that is in it.
  void cut_off(std::uint64_t run, RunOutcome outcome) {
    if (!current_ || current_->request.run != run) return;
    {
      const std::lock_guard lock(mutex_);
      // relaxed: as where it is read
      current_->cancelled.store(true, std::memory_order::relaxed);
      changed_.notify_all();
    }
    output_->drop_waiting();
    finish(std::move(outcome));
  }

  void finished(const Job& job, RunOutcome outcome) {
    if (current_.get() != &job) return;
    finish(std::move(outcome));
  }

  void finish(RunOutcome outcome) {
    const schema::Stamp stamp = std::exchange(current_, nullptr)->stamp();
    output_->finish(stamp, std::move(outcome), "the run ended before this call did");
  }

  /// Takes what the agent's thread has handed over: `said(RunOutput&)` unless its run is over.
  template <class Said>
  void take(const Job& job, Said said) {
    if (current_.get() == &job) said(*output_);
    if (output_->waiting())
      ++held_;
    else
      let_go(1 + std::exchange(held_, 0));
  }

  void let_go(int count) {
    const std::lock_guard lock(mutex_);
    on_their_way_ -= count;
    changed_.notify_all();
  }

  RunnerStrand strand_;
  std::string agent_id_;
  std::unique_ptr<InProcessAgent> agent_;
  std::shared_ptr<RunOutput> output_;
  std::shared_ptr<Job> current_;  ///< the run that is not over yet
  bool stopping_ = false;
  int held_ = 0;  ///< events that were taken while there was no space

  std::mutex mutex_;  // over what follows
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Job>> jobs_;
  std::shared_ptr<Job> running_;
  int on_their_way_ = 0;
  bool quit_ = false;
};

/// What the agent's code holds during a run.
class InProcess::Voice final : public AgentRun {
 public:
  Voice(InProcess& process, std::shared_ptr<Job> job) : process_(process), job_(std::move(job)) {}

  [[nodiscard]] bool cancelled() const noexcept override { return job_->is_cancelled(); }

  void publish(events::PayloadUnion payload) override {
    auto event = publishable(job_->stamp(), std::move(payload));
    hand_over([event = std::make_shared<schema::EventBuffer>(std::move(event))](RunOutput& output) {
      output.publish(std::move(*event));
    });
  }

  void publish_token(std::string_view message_id, std::string_view text) override {
    hand_over(
        [stamp = job_->stamp(), id = std::string(message_id), text = std::string(text)](RunOutput& output) {
          output.publish(schema::TokenDelta{.stamp = stamp, .message_id = id, .part_index = 0, .text = text});
        });
  }

  void before_model(ModelRequest& request) override {
    // The strand's as much as ours: a run that is cancelled does not wait until the hooks are through.
    const auto asked = std::make_shared<Asked>(std::move(request));
    // Told however it ends: also where nobody is asked.
    std::shared_ptr<ModelRequest> lent(&asked->request, [asked, self = process_.shared_from_this()](auto*) {
      const std::lock_guard lock(self->mutex_);
      asked->done = true;
      self->changed_.notify_all();
    });
    process_.on_strand([job = job_, lent = std::move(lent)](InProcess& self) mutable {
      if (self.current_ == job) self.output_->before_model(std::move(lent));
    });
    std::unique_lock lock(process_.mutex_);
    process_.changed_.wait(lock, [&] { return asked->done || cancelled(); });
    if (cancelled()) throw RunCancelled();
    request = std::move(asked->request);
  }

 private:
  struct Asked {
    explicit Asked(ModelRequest given) : request(std::move(given)) {}

    ModelRequest request;
    bool done = false;  // under the mutex
  };

  template <class Said>
  void hand_over(Said said) {
    {
      std::unique_lock lock(process_.mutex_);
      process_.changed_.wait(
          lock, [this] { return cancelled() || process_.on_their_way_ < in_process_events_max; });
      if (cancelled()) throw RunCancelled();
      ++process_.on_their_way_;
    }
    process_.on_strand(
        [job = job_, said = std::move(said)](InProcess& self) mutable { self.take(*job, std::move(said)); });
  }

  InProcess& process_;
  std::shared_ptr<Job> job_;
};

RunOutcome InProcess::run(const std::shared_ptr<Job>& job) {
  Voice voice(*this, job);
  try {
    if (!job->is_cancelled()) return agent_->run(job->request, voice);
  } catch (const RunCancelled&) {
    return {.end = RunEnd::cancelled};
  } catch (const std::exception& thrown) {
    return failed(thrown.what());
  } catch (...) {
    return failed("the agent threw what is no std::exception");
  }
  return {.end = RunEnd::cancelled};
}

class InProcessRunner final : public Runner {
 public:
  explicit InProcessRunner(std::shared_ptr<InProcess> process)
      : process_(std::move(process)), thread_([shared = process_] { shared->work(); }) {}
  InProcessRunner(const InProcessRunner&) = delete;
  InProcessRunner& operator=(const InProcessRunner&) = delete;
  ~InProcessRunner() override {
    process_->abandon();
    thread_.join();
  }

  void start() override {}

  void execute(RunRequest request) override {
    process_->on_strand(
        [request = std::move(request)](InProcess& process) mutable { process.execute(std::move(request)); });
  }

  void cancel(std::uint64_t run) override {
    process_->on_strand([run](InProcess& process) { process.cancel(run); });
  }

  void stop() override {
    process_->on_strand([](InProcess& process) { process.stop(); });
  }

 private:
  std::shared_ptr<InProcess> process_;
  std::thread thread_;
};

}  // namespace

expected<std::unique_ptr<Runner>, RunnerError> make_in_process_runner(const InProcessOptions& agent,
                                                                      const RunnerOptions& options,
                                                                      boost::asio::any_io_executor pool,
                                                                      std::shared_ptr<RunnerSink> sink) {
  const auto refuse = [](std::string why) {
    return unexpected<RunnerError>({RunnerFault::failed, "the agent could not be made: " + std::move(why)});
  };
  std::unique_ptr<InProcessAgent> made;
  try {
    if (agent.make) made = agent.make();
  } catch (const std::exception& thrown) {
    return refuse(thrown.what());
  } catch (...) {
    return refuse("what makes it threw what is no std::exception");
  }
  if (made == nullptr) return refuse("nothing makes one");
  auto process = std::make_shared<InProcess>(boost::asio::make_strand(std::move(pool)), options,
                                             std::move(made), std::move(sink));
  process->prepare();
  return std::make_unique<InProcessRunner>(std::move(process));
}

}  // namespace ringside::agentd
