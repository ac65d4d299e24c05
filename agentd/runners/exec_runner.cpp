// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/exec_runner.hpp"

#include <utility>

#include <signal.h>
#include <unistd.h>

#include "agentd/runners/child_environment.hpp"
#include "agentd/runners/exec_child.hpp"

namespace ringside::agentd {
namespace {

class ExecRunner final : public Runner {
 public:
  explicit ExecRunner(std::shared_ptr<ExecChild> child) : child_(std::move(child)) {}
  ExecRunner(const ExecRunner&) = delete;
  ExecRunner& operator=(const ExecRunner&) = delete;
  ~ExecRunner() override { child_->abandon(); }

  void start() override {
    child_->on_strand([](ExecChild& child) { child.start(); });
  }

  void execute(RunRequest request) override {
    child_->on_strand([request = std::move(request)](ExecChild& child) { child.execute(request); });
  }

  void cancel(std::uint64_t run) override {
    child_->on_strand([run](ExecChild& child) { child.cancel(run); });
  }

  void stop() override {
    child_->on_strand([](ExecChild& child) { child.stop(); });
  }

 private:
  std::shared_ptr<ExecChild> child_;
};

/// A process may end between our look at it and our write to it: that is an error code, never our end.
void ignore_sigpipe() noexcept {
  struct sigaction action {};
  if (::sigaction(SIGPIPE, nullptr, &action) == 0 && action.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

expected<std::unique_ptr<Runner>, RunnerError> make_exec_runner(const ExecOptions& exec,
                                                                const RunnerOptions& options,
                                                                boost::asio::any_io_executor pool,
                                                                std::shared_ptr<RunnerSink> sink) {
  ignore_sigpipe();
  auto process = ChildProcess::spawn(
      {exec.argv, child_environment(environ, options.agent_id, options.incarnation), exec.working_directory});
  if (!process) return unexpected<RunnerError>(std::move(process.error()));
  auto child = std::make_shared<ExecChild>(boost::asio::make_strand(std::move(pool)), std::move(*process),
                                           options, std::move(sink));
  return std::make_unique<ExecRunner>(std::move(child));
}

}  // namespace ringside::agentd
