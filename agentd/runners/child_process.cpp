// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/child_process.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agentd/runners/forking_thread.hpp"
#include "agentd/runners/printable.hpp"

namespace ringside::agentd {
namespace {

unexpected<RunnerError> refuse(RunnerFault fault, std::string message) {
  return unexpected<RunnerError>({fault, std::move(message)});
}

std::string error_text(int error) {
  return std::generic_category().message(error);
}

void close_if_open(int& descriptor) noexcept {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

/// Both ends above the three standard descriptors, so that placing one never overwrites another.
struct Pipe {
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_if_open(read);
    close_if_open(write);
  }

  bool open() noexcept {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = ::fcntl(ends[0], F_DUPFD_CLOEXEC, 3);
    write = ::fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
    const int error = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    errno = error;
    return read >= 0 && write >= 0;
  }

  int read = -1;
  int write = -1;
};

bool is_program(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

expected<std::string, RunnerError> find_program(const ChildOptions& options) {
  const std::string& name = options.argv.front();
  const std::string shown = printable(name, 256);
  if (name.find('/') != std::string::npos) {
    const std::filesystem::path path = std::filesystem::path(options.working_directory) / name;
    if (is_program(path.native())) return path.native();
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored))
      return refuse(RunnerFault::bad_source, fmt::format("cannot run {}: no such file", shown));
    return refuse(RunnerFault::bad_source,
                  fmt::format("cannot run {}: it is not a program that agentd (user id {}) may execute",
                              shown, ::geteuid()));
  }
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
  for (;;) {
    const std::size_t end = folders.find(':');
    const std::string_view folder = folders.substr(0, end);
    if (!folder.empty() && !name.empty()) {
      std::string path = fmt::format("{}/{}", folder, name);
      if (is_program(path)) return path;
    }
    if (end == std::string_view::npos) break;
    folders.remove_prefix(end + 1);
  }
  return refuse(
      RunnerFault::bad_source,
      fmt::format("cannot run \"{}\": no program of this name in agentd's PATH; give its path", shown));
}

expected<void, RunnerError> check(const ChildOptions& options) {
  if (options.argv.empty())
    return refuse(RunnerFault::bad_options, "there is no command to run; name one behind --");
  for (const std::string& argument : options.argv)
    if (argument.find('\0') != std::string::npos)
      return refuse(RunnerFault::bad_options, "an argument of the command contains a NUL byte");
  const std::string& folder = options.working_directory;
  if (!folder.empty() && !std::filesystem::path(folder).is_absolute())
    return refuse(RunnerFault::bad_options,
                  fmt::format("the working directory {} is not an absolute path", printable(folder, 256)));
  return {};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts)
    result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

/// Which step failed on the child's side, and why.
struct ChildFailure {
  enum class Step : int { setup, working_directory, exec } step;
  int error;
};

/// Everything that the child's side needs, made before the fork: behind it nothing may allocate or lock.
struct Launch {
  const char* program;
  char* const* argv;
  char* const* environment;
  const char* working_directory;  ///< nullptr: ours
  pid_t parent;
  int input;
  int output;
  int errors;
  int failure;
};

[[noreturn]] void fail(const Launch& launch, ChildFailure::Step step) noexcept {
  const ChildFailure failure{step, errno};
  [[maybe_unused]] const ssize_t ignored = ::write(launch.failure, &failure, sizeof failure);
  ::_exit(127);
}

[[noreturn]] void become(const Launch& launch) noexcept {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(launch, ChildFailure::Step::setup);
  if (::getppid() != launch.parent) ::_exit(127);  // it died before it could be told
  ::setsid();
  for (int signal = 1; signal < NSIG; ++signal)
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(launch.input, 0) < 0 || ::dup2(launch.output, 1) < 0 || ::dup2(launch.errors, 2) < 0)
    fail(launch, ChildFailure::Step::setup);
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  if (launch.working_directory != nullptr && ::chdir(launch.working_directory) != 0)
    fail(launch, ChildFailure::Step::working_directory);
  ::execve(launch.program, launch.argv, launch.environment);
  fail(launch, ChildFailure::Step::exec);
}

RunnerError explain(const ChildFailure& failure, const ChildOptions& options) {
  const std::string program = printable(options.argv.front(), 256);
  switch (failure.step) {
    case ChildFailure::Step::working_directory:
      return {RunnerFault::bad_source,
              fmt::format("cannot run {} in {}: {}", program, printable(options.working_directory, 256),
                          error_text(failure.error))};
    case ChildFailure::Step::exec:
      if (failure.error == ENOEXEC)
        return {RunnerFault::bad_source,
                fmt::format("cannot run {}: it is neither a program nor a script with a #! line", program)};
      if (failure.error == ENOENT)
        return {RunnerFault::bad_source,
                fmt::format("cannot run {}: its interpreter does not exist", program)};
      return {RunnerFault::bad_source, fmt::format("cannot run {}: {}", program, error_text(failure.error))};
    case ChildFailure::Step::setup:
      break;
  }
  return {RunnerFault::failed,
          fmt::format("cannot set up a process for {}: {}", program, error_text(failure.error))};
}

/// By its number: the header of glibc 2.36 declares the call for C only.
int open_exit_descriptor(pid_t process) noexcept {
  return static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
}

void unblock(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
}

}  // namespace

std::string in_words(const ChildExit& exit) {
  if (!exit.by_signal && exit.status == ChildExit::unknown) return "ended, and somebody else was told how";
  if (!exit.by_signal) return fmt::format("exited with status {}", exit.status);
  const char* name = ::sigdescr_np(exit.status);
  return fmt::format("killed by signal {} ({}){}", exit.status, name != nullptr ? name : "unknown",
                     exit.core_dumped ? ", core dumped" : "");
}

expected<ChildProcess, RunnerError> ChildProcess::spawn(const ChildOptions& options) {
  if (auto checked = check(options); !checked) return unexpected<RunnerError>(std::move(checked.error()));
  const auto program = find_program(options);
  if (!program) return unexpected<RunnerError>(program.error());
  Pipe input;
  Pipe output;
  Pipe errors;
  Pipe failure;
  if (!input.open() || !output.open() || !errors.open() || !failure.open())
    return refuse(RunnerFault::failed, fmt::format("no pipes for a process: {}", error_text(errno)));

  const auto argv = pointers(options.argv);
  const auto environment = pointers(options.environment);
  const Launch launch{
      program->c_str(),   argv.data(),
      environment.data(), options.working_directory.empty() ? nullptr : options.working_directory.c_str(),
      ::getpid(),         input.read,
      output.write,       errors.write,
      failure.write};
  ChildProcess child;
  int error = 0;
  on_forking_thread([&] {
    child.id_ = ::fork();
    if (child.id_ == 0) become(launch);
    error = errno;
    if (child.id_ > 0) child.exit_descriptor_ = open_exit_descriptor(child.id_);
    if (child.id_ > 0 && child.exit_descriptor_ < 0) error = errno;
  });
  if (child.id_ < 0) return refuse(RunnerFault::failed, fmt::format("no new process: {}", error_text(error)));
  if (child.exit_descriptor_ < 0)
    return refuse(RunnerFault::failed, fmt::format("no descriptor for a process: {}", error_text(error)));

  close_if_open(failure.write);
  ChildFailure failed{};
  ssize_t got = 0;
  do {
    got = ::read(failure.read, &failed, sizeof failed);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof failed)
    return unexpected<RunnerError>(explain(failed, options));  // child is reaped by its end

  child.input_ = std::exchange(input.write, -1);
  child.output_ = std::exchange(output.read, -1);
  child.errors_ = std::exchange(errors.read, -1);
  for (const int descriptor : {child.input_, child.output_, child.errors_})
    unblock(descriptor);
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : id_(std::exchange(other.id_, -1)),
      reaped_(other.reaped_),
      exit_descriptor_(std::exchange(other.exit_descriptor_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      errors_(std::exchange(other.errors_, -1)) {}

ChildProcess::~ChildProcess() {
  if (id_ > 0 && !reaped_) {
    signal_group(SIGKILL);
    ::kill(id_, SIGKILL);  // before setsid it was in our group
    reap();
  }
  for (int* descriptor : {&exit_descriptor_, &input_, &output_, &errors_})
    close_if_open(*descriptor);
}

int ChildProcess::take_input() noexcept {
  return std::exchange(input_, -1);
}
int ChildProcess::take_output() noexcept {
  return std::exchange(output_, -1);
}
int ChildProcess::take_errors() noexcept {
  return std::exchange(errors_, -1);
}
int ChildProcess::take_exit_descriptor() noexcept {
  return std::exchange(exit_descriptor_, -1);
}

void ChildProcess::signal_group(int signal) noexcept {
  if (id_ > 0 && !reaped_) ::kill(-id_, signal);
}

ChildExit ChildProcess::reap() noexcept {
  siginfo_t info{};
  int done = 0;
  do {
    done = ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED);
  } while (done != 0 && errno == EINTR);
  reaped_ = true;
  if (done != 0) return {ChildExit::unknown, false, false};
  return {info.si_status, info.si_code != CLD_EXITED, info.si_code == CLD_DUMPED};
}

}  // namespace ringside::agentd
