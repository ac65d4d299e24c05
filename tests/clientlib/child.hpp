// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace ringside::test {

/// A forked child that runs `body` and exits with what it returns, 0 meaning well. Reaped with the object.
///
/// The parent may have threads. glibc survives a fork beside them, AddressSanitizer of this year does not: a child that
/// inherits a lock of its allocator, or of its list of threads, which another thread held would wait for ever. So a child
/// shows first that it can allocate and begin a thread, and where it cannot, another is born.
class Child {
 public:
  explicit Child(const std::function<int()>& body) {
    while (!give_birth(body)) {
    }
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const noexcept { return pid_; }

  /// Its exit code; 1000 and its signal if it was killed.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

 private:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool runtime_survives_fork = false;
#else
  static constexpr bool runtime_survives_fork = true;
#endif
  static constexpr int birth_ms_max = 5000;

  bool give_birth(const std::function<int()>& body) {
    std::array<int, 2> cry{};
    if (::pipe2(cry.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe for a child");
    pid_ = ::fork();
    if (pid_ == 0) {
      if (!runtime_survives_fork) {
        allocate_every_size();
        std::thread([] {}).join();
        if (::write(cry[1], "+", 1) != 1) ::_exit(1);
      }
      ::close(cry[0]);
      ::close(cry[1]);
      ::_exit(body());
    }
    ::close(cry[1]);
    pollfd heard{cry[0], POLLIN, 0};
    const bool alive = runtime_survives_fork || ::poll(&heard, 1, birth_ms_max) == 1;
    ::close(cry[0]);
    if (alive) return true;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    return false;
  }

  static void allocate_every_size() {
    for (std::size_t size = 1; size <= (std::size_t{1} << 20); size += size / 4 + 1) {
      std::vector<char> block(size);
      asm volatile("" : : "r"(block.data()) : "memory");
    }
  }

  pid_t pid_ = -1;
};

}  // namespace ringside::test
