// SPDX-License-Identifier: Apache-2.0
#include "tools/output.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string_view>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ringside::tools {
namespace {

bool is_pipe_or_socket(int fd) {
  struct stat about {};
  return fstat(fd, &about) == 0 && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode));
}

}  // namespace

Output::Output(const Interrupts& interrupts, const Deadline& deadline)
    : interrupts_(interrupts),
      deadline_(deadline),
      is_terminal_(isatty(STDOUT_FILENO) == 1),
      has_reader_(is_pipe_or_socket(STDOUT_FILENO)) {}

Flushed Output::flush() {
  std::string_view left = batch_;
  Flushed result = Flushed::all;
  while (!left.empty()) {
    std::array<pollfd, 2> wait = {pollfd{STDOUT_FILENO, POLLOUT, 0}, pollfd{interrupts_.fd(), POLLIN, 0}};
    if (poll(wait.data(), wait.size(), deadline_.poll_timeout_ms()) < 0 && errno != EINTR) break;
    if ((wait[0].revents & POLLOUT) != 0) {
      // poll promises room for PIPE_BUF bytes, so this write does not block.
      const ssize_t written = write(STDOUT_FILENO, left.data(), std::min<std::size_t>(left.size(), PIPE_BUF));
      if (written >= 0) {
        left.remove_prefix(static_cast<std::size_t>(written));
        continue;
      }
      if (errno == EINTR || errno == EAGAIN) continue;
      result = Flushed::reader_gone;
      break;
    }
    if ((wait[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
      result = Flushed::reader_gone;
      break;
    }
    if ((wait[1].revents & POLLIN) != 0) {
      result = Flushed::interrupted;
      break;
    }
    if (deadline_.passed()) {
      result = Flushed::timed_out;
      break;
    }
  }
  batch_.clear();
  return result;
}

bool print(const std::string& text) {
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t written = write(STDOUT_FILENO, left.data(), left.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) left.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace ringside::tools
