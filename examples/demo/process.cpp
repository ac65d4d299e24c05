// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/process.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace demo {

Process::Process(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                 int pipe_size) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw std::runtime_error(std::string("pipe: ") + std::strerror(errno));
  if (pipe_size > 0) fcntl(ends[0], F_SETPIPE_SZ, pipe_size);
  std::vector<char*> words;
  for (const std::string& word : argv)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // A process group of its own: Ctrl-C is for the demo, which then ends its children in order.
    setpgid(0, 0);
    dup2(ends[1], STDOUT_FILENO);
    if (const int null = open("/dev/null", O_RDWR | O_CLOEXEC); null >= 0) {
      dup2(null, STDIN_FILENO);
      dup2(null, STDERR_FILENO);
    }
    for (const std::string& word : environment)
      putenv(const_cast<char*>(word.c_str()));
    execv(words.front(), words.data());
    _exit(127);
  }
  close(ends[1]);
  output_ = ends[0];
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), output_(std::exchange(other.output_, -1)) {}

Process::~Process() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    wait();
  }
  if (output_ >= 0) close(output_);
}

bool Process::read_some(std::string& text, std::size_t size) {
  if (output_ < 0) return false;
  const std::size_t before = text.size();
  text.resize(before + size);
  const ssize_t got = read(output_, text.data() + before, size);
  text.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
  if (got > 0 || (got < 0 && errno == EINTR)) return true;
  close(output_);
  output_ = -1;
  return false;
}

void Process::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

int Process::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Answer run(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
  Process process(argv, environment);
  Answer answer{0, {}};
  while (process.read_some(answer.output, 64 * 1024)) {
  }
  answer.exit_code = process.wait();
  return answer;
}

}  // namespace demo
