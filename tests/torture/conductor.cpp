// SPDX-License-Identifier: Apache-2.0
#include "tests/torture/conductor.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "shm/session_page.hpp"
#include "tests/torture/process_census.hpp"

namespace ringside::torture {
namespace {

constexpr auto watchdog = std::chrono::seconds(60);

/// True when something is to be read there, or has ended; false when only the watchdog has come.
bool wait_readable(int descriptor) {
  pollfd waited{descriptor, POLLIN, 0};
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(watchdog);
  int ready = 0;
  do {
    ready = ::poll(&waited, 1, static_cast<int>(limit.count()));
  } while (ready < 0 && errno == EINTR);
  return ready == 1;
}

}  // namespace

Conductor::Conductor(shm::Channel writer, ::pid_t writer_pid, Board& board, std::uint64_t seed,
                     RunReader run_reader)
    : writer_(std::move(writer)),
      writer_pid_(writer_pid),
      board_(board),
      random_(seed),
      run_reader_(std::move(run_reader)) {}

Conductor::~Conductor() {
  for (const Sitter& sitter : sitters_) {
    if (sitter.pid <= 0) continue;
    ::kill(sitter.pid, SIGKILL);
    ::waitpid(sitter.pid, nullptr, 0);
  }
  ::kill(writer_pid_, SIGKILL);
  ::waitpid(writer_pid_, nullptr, 0);
}

std::string Conductor::torture(std::uint64_t seconds) {
  const Census before = take_census();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (std::uint32_t seat = 0; seat < seat_count && fault_.empty(); ++seat)
    attach(seat);
  while (fault_.empty() && std::chrono::steady_clock::now() < end) {
    wait_for_events(1 + random_() % 4000);
    look_after_dead();
    if (fault_.empty()) act();
  }
  if (fault_.empty()) finish();
  const Census after = take_census();
  if (fault_.empty() && (after.descriptors != before.descriptors || after.mappings != before.mappings))
    fail("the conductor has kept something of its readers");
  return fault_;
}

void Conductor::act() {
  const auto seat = static_cast<std::uint32_t>(random_() % seat_count);
  const Sitter& sitter = sitters_[seat];
  const std::uint64_t lot = random_() % 100;
  if (lot == 0) return stop_everybody();
  if (sitter.pid < 0) return attach(seat);
  if (sitter.stopped && lot < 50) return let_go_on(seat);
  if (lot < 20) return kill(seat);
  if (lot < 35) return leave(seat);
  if (!sitter.stopped) return stop(seat);
}

void Conductor::attach(std::uint32_t seat) {
  Sitter& sitter = sitters_[seat];
  const auto page = shm::SessionPage::create(++sessions_, seat).value();
  sitter.bell.emplace(shm::Doorbell::create().value());
  board_.seats[seat].leave.store(0, std::memory_order::seq_cst);
  auto arrived =
      order({Order::What::attach, seat, seat < pinning_seats ? 1U : 0U},
            {page.descriptor().get(), sitter.bell->ringing_end().get(), sitter.bell->waiting_end().get()});
  if (!arrived.frame) return;
  const std::uint64_t seed = random_();
  sitter.pid = ::fork();
  if (sitter.pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(run_reader_({seat, seed, arrived.frame->cursor, std::move(arrived.descriptors[0]),
                         page.descriptor().duplicate(), sitter.bell->waiting_end().get()}));
  }
  if (sitter.pid < 0) fail("fork");
  sitter.stopped = sitter.killed = false;
}

void Conductor::leave(std::uint32_t seat) {
  if (sitters_[seat].stopped) let_go_on(seat);
  board_.seats[seat].leave.store(1, std::memory_order::seq_cst);
  // It may sleep; a ring too many is allowed.
  shm::ring_doorbell(sitters_[seat].bell->ringing_end().get());
  wait_for_end(seat);
  ++leaves_;
}

void Conductor::kill(std::uint32_t seat) {
  sitters_[seat].killed = true;
  ::kill(sitters_[seat].pid, SIGKILL);
  wait_for_end(seat);
  ++kills_;
}

void Conductor::stop(std::uint32_t seat) {
  ::kill(sitters_[seat].pid, SIGSTOP);
  sitters_[seat].stopped = true;
  ++stops_;
}

void Conductor::let_go_on(std::uint32_t seat) {
  ::kill(sitters_[seat].pid, SIGCONT);
  sitters_[seat].stopped = false;
}

/// The writer goes round the ring several times while nobody reads.
void Conductor::stop_everybody() {
  for (std::uint32_t seat = 0; seat < seat_count; ++seat) {
    if (sitters_[seat].pid > 0 && !sitters_[seat].stopped) stop(seat);
  }
  wait_for_events(5'000);
  for (std::uint32_t seat = 0; seat < seat_count; ++seat) {
    if (sitters_[seat].pid > 0 && random_() % 4 != 0) let_go_on(seat);
  }
}

/// Whatever has been done to readers, the writer publishes on.
void Conductor::wait_for_events(std::uint64_t count) {
  // relaxed: a count that only has to grow.
  const std::uint64_t until = board_.published.load(std::memory_order::relaxed) + count;
  const auto end = std::chrono::steady_clock::now() + watchdog;
  while (board_.published.load(std::memory_order::relaxed) < until) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    int status = 0;
    if (::waitpid(writer_pid_, &status, WNOHANG) != 0)
      return fail(fmt::format("the writer has ended, status {}", status));
    if (std::chrono::steady_clock::now() > end) return fail("the writer is held up");
  }
}

void Conductor::look_after_dead() {
  for (std::uint32_t seat = 0; seat < seat_count; ++seat) {
    int status = 0;
    if (sitters_[seat].pid > 0 && ::waitpid(sitters_[seat].pid, &status, WNOHANG) > 0) bury(seat, status);
  }
}

void Conductor::wait_for_end(std::uint32_t seat) {
  const shm::Descriptor death(static_cast<int>(::syscall(SYS_pidfd_open, sitters_[seat].pid, 0)));
  if (!wait_readable(death.get())) return fail(fmt::format("reader {}: left asleep, or behind", seat));
  int status = 0;
  ::waitpid(sitters_[seat].pid, &status, 0);
  bury(seat, status);
}

/// Its death is proven: only now its pins may be forgotten.
void Conductor::bury(std::uint32_t seat, int status) {
  Sitter& sitter = sitters_[seat];
  sitter.pid = -1;
  sitter.bell.reset();
  const Seat& line = board_.seats[seat];
  const Fault fault = line.fault.load(std::memory_order::acquire);
  if (fault != Fault::none) {
    fail(fmt::format("reader {}: {}, sequence {}", seat, name_of(fault),
                     line.fault_sequence.load(std::memory_order::relaxed)));
  } else if (sitter.killed ? !WIFSIGNALED(status) && status != 0 : status != 0) {
    fail(fmt::format("reader {}: ended by itself, status {}", seat, status));
  }
  (void)order({Order::What::remove, seat, 0});
}

void Conductor::finish() {
  for (std::uint32_t seat = 0; seat < seat_count; ++seat) {
    if (sitters_[seat].pid > 0 && sitters_[seat].stopped) let_go_on(seat);
  }
  if (!order({Order::What::finish, 0, 0}).frame) return;
  for (std::uint32_t seat = 0; seat < seat_count && fault_.empty(); ++seat) {
    if (sitters_[seat].pid > 0) wait_for_end(seat);
  }
  const auto arrived = order({Order::What::report, 0, 0});
  if (arrived.frame) check(*arrived.frame);
}

void Conductor::check(const Answer& answer) {
  if (answer.no_space != 0) fail("the writer has refused an event");
  if (answer.subscribers != 0) fail("a slot has leaked");
  if (answer.set_aside != 0) fail("a segment has leaked");
  if (answer.backed_bytes > answer.object_bytes || answer.resident_bytes != answer.backed_bytes)
    fail("the object has more pages than its geometry says");
  if (answer.descriptors != answer.descriptors_first)
    fail(fmt::format("descriptors: {} at first, {} now", answer.descriptors_first, answer.descriptors));
  if (answer.mappings != answer.mappings_first)
    fail(fmt::format("mappings: {} at first, {} now", answer.mappings_first, answer.mappings));
}

Arrived<Answer> Conductor::order(const Order& order, std::initializer_list<int> descriptors) {
  if (!send_frame(writer_, order, {descriptors.begin(), descriptors.size()}) ||
      !wait_readable(writer_.descriptor().get())) {
    fail("the writer does not answer");
    return {};
  }
  auto arrived = receive_frame<Answer>(writer_);
  if (!arrived.frame) {
    fail("the writer has ended");
  } else {
    last_ = *arrived.frame;
  }
  return arrived;
}

void Conductor::print_counts() const {
  std::uint64_t events = 0;
  std::uint64_t gaps = 0;
  std::uint64_t held_looks = 0;
  std::uint64_t sleeps = 0;
  for (const Seat& seat : board_.seats) {
    // relaxed: counts, of processes that are dead.
    events += seat.events.load(std::memory_order::relaxed);
    gaps += seat.gaps.load(std::memory_order::relaxed);
    held_looks += seat.held_looks.load(std::memory_order::relaxed);
    sleeps += seat.sleeps.load(std::memory_order::relaxed);
  }
  fmt::print("published {}, {} rolls, up to {} segments set aside, {} of {} KiB backed\n",
             board_.published.load(std::memory_order::relaxed), last_.rolls, last_.set_aside_max,
             last_.backed_bytes / 1024, last_.object_bytes / 1024);
  fmt::print("{} large events, {} reliable readers evicted\n", last_.large_events, last_.evicted);
  fmt::print("read {}, {} gaps, {} looks at held events, {} sleeps\n", events, gaps, held_looks, sleeps);
  fmt::print("{} readers, {} killed, {} left, {} stops\n", sessions_, kills_, leaves_, stops_);
}

}  // namespace ringside::torture
