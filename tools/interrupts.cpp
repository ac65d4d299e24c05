// SPDX-License-Identifier: Apache-2.0
#include "tools/interrupts.hpp"

#include <cerrno>
#include <system_error>

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/exit_code.hpp"

namespace ringside::tools {

Interrupts::Interrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

Interrupts::~Interrupts() {
  close(fd_);
}

bool Interrupts::pending() const noexcept {
  pollfd look{fd_, POLLIN, 0};
  return poll(&look, 1, 0) == 1;
}

void end_when_interrupted() noexcept {
  struct sigaction action {};
  action.sa_handler = [](int) { _exit(static_cast<int>(ExitCode::interrupted)); };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace ringside::tools
