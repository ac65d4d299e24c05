// SPDX-License-Identifier: Apache-2.0
#include "tests/step/traced_child.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/ptrace.h>
#include <sys/reg.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/descriptor.hpp"

namespace ringside::step {
namespace {

constexpr int watchdog_ms = 60'000;
constexpr unsigned watchdog_s = 300;

// Nothing but these two instructions, so that the mark's address is that of its trap.
[[gnu::naked, gnu::noinline]] void begin_mark() {
  asm("int3; ret");
}
[[gnu::naked, gnu::noinline]] void end_mark() {
  asm("int3; ret");
}

long ask(int request, ::pid_t pid, std::uint64_t address, std::uint64_t data) {
  errno = 0;
  const long answer = ::ptrace(static_cast<__ptrace_request>(request), pid, address, data);
  if (answer == -1 && errno != 0) throw std::system_error(errno, std::generic_category(), "ptrace");
  return answer;
}

std::uint64_t text_at(::pid_t pid, std::uint64_t address) {
  return static_cast<std::uint64_t>(ask(PTRACE_PEEKTEXT, pid, address, 0));
}

std::uint64_t register_of(::pid_t pid, int which) {
  return static_cast<std::uint64_t>(ask(PTRACE_PEEKUSER, pid, static_cast<std::uint64_t>(which) * 8, 0));
}

[[noreturn]] void run(const Steps& steps) {
  ::alarm(watchdog_s);
  ask(PTRACE_TRACEME, 0, 0, 0);
  int code = 125;
  try {
    if (steps.before) steps.before();
    begin_mark();
    steps.region();
    end_mark();
    code = steps.after ? steps.after() : 0;
  } catch (const std::exception&) {
  }
  ::_exit(code);
}

}  // namespace

void Trace::add(std::uint64_t place) {
  const bool met = std::ranges::find(places_, place) != places_.end();
  first_met_.push_back(met ? first_met_.back() : places_.size());
  places_.push_back(place);
}

TracedChild::TracedChild(const Steps& steps) : pid_(::fork()) {
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) run(steps);
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) throw std::system_error(errno, std::generic_category(), "waitpid");
  if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) {
    if (!WIFSTOPPED(status)) pid_ = -1;
    kill();
    throw std::runtime_error("the child did not come to its region, status " + std::to_string(status));
  }
  ask(PTRACE_SETOPTIONS, pid_, 0, PTRACE_O_EXITKILL);
}

std::uint64_t TracedChild::place() const {
  return register_of(pid_, RIP);
}

bool TracedChild::at_end() const {
  return place() == reinterpret_cast<std::uint64_t>(&end_mark);
}

void TracedChild::resume(int request) const {
  ask(request, pid_, 0, 0);
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) throw std::system_error(errno, std::generic_category(), "waitpid");
  if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
    throw std::runtime_error("the child left its region, status " + std::to_string(status));
}

Trace TracedChild::record(const OnSystemCall& on_system_call) {
  constexpr std::uint64_t system_call = 0x050f;
  Trace trace;
  for (std::uint64_t at = place(); !at_end(); at = place()) {
    if (on_system_call && (text_at(pid_, at) & 0xffff) == system_call)
      on_system_call(trace.size(), register_of(pid_, RAX));
    trace.add(at);
    resume(PTRACE_SINGLESTEP);
  }
  return trace;
}

void TracedChild::run_to_breakpoint(std::uint64_t where) const {
  constexpr std::uint64_t int3 = 0xcc;
  if (place() == where) return;
  const std::uint64_t text = text_at(pid_, where);
  ask(PTRACE_POKETEXT, pid_, where, (text & ~std::uint64_t{0xff}) | int3);
  resume(PTRACE_CONT);
  ask(PTRACE_POKETEXT, pid_, where, text);
  if (place() == where + 1) ask(PTRACE_POKEUSER, pid_, RIP * 8, where);
}

bool TracedChild::run_to(const Trace& trace, std::size_t index) {
  const bool whole = index == trace.size();
  const std::size_t near = whole ? index : trace.first_met(index);
  const auto end = reinterpret_cast<std::uint64_t>(&end_mark);
  run_to_breakpoint(whole ? end : trace[near]);
  step(index - near);
  return place() == (whole ? end : trace[index]);
}

void TracedChild::step(std::size_t count) {
  for (; count > 0 && !at_end(); --count)
    resume(PTRACE_SINGLESTEP);
}

void TracedChild::kill() noexcept {
  const ::pid_t pid = std::exchange(pid_, -1);
  if (pid <= 0) return;
  ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
  }
}

int TracedChild::go_on() {
  // The mark behind the region is no news any more.
  run_to_breakpoint(reinterpret_cast<std::uint64_t>(&end_mark));
  ask(PTRACE_POKEUSER, pid_, RIP * 8, place() + 1);
  const shm::Descriptor death(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  ask(PTRACE_DETACH, pid_, 0, 0);
  pollfd waited{death.get(), POLLIN, 0};
  if (::poll(&waited, 1, watchdog_ms) != 1) return hangs;
  int status = 0;
  if (::waitpid(std::exchange(pid_, -1), &status, 0) < 0) return hangs;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

}  // namespace ringside::step
