// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/child_process.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

extern char** environ;

namespace ringside::tests {
namespace {

constexpr int watchdog_ms = 120'000;

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error(std::strerror(errno));
  return {ends[0], ends[1]};
}

void close_if_open(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

std::vector<std::string> environment_with(const ChildProcess::Environment& changes) {
  std::vector<std::string> words;
  for (char** word = environ; *word; ++word) {
    const std::string_view text(*word);
    if (!changes.contains(std::string(text.substr(0, text.find('='))))) words.emplace_back(text);
  }
  for (const auto& [name, value] : changes)
    if (!value.empty()) words.push_back(name + "=" + value);
  return words;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words)
    all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& argv, const Environment& changes) {
  // A child that does not read its input must not end the test.
  [[maybe_unused]] static const auto before = ::signal(SIGPIPE, SIG_IGN);
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read_end, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write_end, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> words = argv;
  std::vector<std::string> environment = environment_with(changes);
  const int error = posix_spawnp(&pid_, words.front().c_str(), &actions, &attributes, pointers(words).data(),
                                 pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(in.read_end);
  close(out.write_end);
  close(err.write_end);
  in_ = in.write_end;
  out_ = out.read_end;
  err_ = err.read_end;
  if (error != 0) throw std::runtime_error(argv.front() + ": " + std::strerror(error));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      in_(std::exchange(other.in_, -1)),
      out_(std::exchange(other.out_, -1)),
      err_(std::exchange(other.err_, -1)),
      out_text_(std::move(other.out_text_)),
      err_text_(std::move(other.err_text_)) {}

ChildProcess::~ChildProcess() {
  close_if_open(in_);
  close_if_open(out_);
  close_if_open(err_);
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void ChildProcess::signal(int number) const {
  ASSERT_EQ(kill(pid_, number), 0) << std::strerror(errno);
}

void ChildProcess::write_input(std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = write(in_, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

void ChildProcess::close_input() {
  close_if_open(in_);
}

void ChildProcess::close_output() {
  close_if_open(out_);
}

/// Reads what there is of both outputs, waiting for some; false at the end of both.
bool ChildProcess::read_some() {
  if (out_ < 0 && err_ < 0) return false;
  std::array<pollfd, 2> wait = {pollfd{out_, POLLIN, 0}, pollfd{err_, POLLIN, 0}};
  if (poll(wait.data(), wait.size(), watchdog_ms) == 0) {
    ADD_FAILURE() << "the watchdog ended process " << pid_ << "; it had said: " << out_text_ << err_text_;
    kill(pid_, SIGKILL);
    return false;
  }
  std::array<char, 64 * 1024> chunk;
  const auto take = [&](const pollfd& from, int& fd, std::string& text) {
    if (from.revents == 0) return;
    const ssize_t size = read(fd, chunk.data(), chunk.size());
    if (size > 0) {
      text.append(chunk.data(), static_cast<std::size_t>(size));
    } else if (size == 0 || errno != EINTR) {
      close_if_open(fd);
    }
  };
  take(wait[0], out_, out_text_);
  take(wait[1], err_, err_text_);
  return true;
}

std::optional<std::string> ChildProcess::read_line() {
  for (;;) {
    if (const auto end = out_text_.find('\n'); end != std::string::npos) {
      std::string line = out_text_.substr(0, end);
      out_text_.erase(0, end + 1);
      return line;
    }
    if (out_ < 0 || !read_some()) return std::nullopt;
  }
}

Finished ChildProcess::finish() {
  close_input();
  while (read_some()) {
  }
  Finished result;
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.out = std::exchange(out_text_, {});
  result.err = std::exchange(err_text_, {});
  return result;
}

}  // namespace ringside::tests
