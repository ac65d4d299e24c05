// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include <sys/types.h>

#include "shm/channel.hpp"
#include "shm/doorbell.hpp"
#include "tests/torture/board.hpp"
#include "tests/torture/orders.hpp"
#include "tests/torture/torture_reader.hpp"

namespace ringside::torture {

/// Lets readers come and go, stops them, lets them go on and kills them at random, while the writer
/// publishes; and looks whether anybody is the worse for it. What the kernel says of a process is the only
/// proof of its death, and the writer hears of it after that only.
///
/// Time: its steps are counted in events that the writer has published meanwhile, so that a writer which is
/// held up by whatever was done to the readers is a fault.
class Conductor {
 public:
  using RunReader = std::function<int(Ticket)>;

  /// `writer` is the channel to the writer's process; `run_reader` runs in a reader's.
  Conductor(shm::Channel writer, ::pid_t writer_pid, Board& board, std::uint64_t seed, RunReader run_reader);
  Conductor(const Conductor&) = delete;
  Conductor& operator=(const Conductor&) = delete;
  ~Conductor();

  /// What was wrong first, or nothing.
  std::string torture(std::uint64_t seconds);
  void print_counts() const;

 private:
  struct Sitter {
    ::pid_t pid = -1;
    bool stopped = false;
    bool killed = false;
    std::optional<shm::Doorbell> bell;
  };

  void act();
  void attach(std::uint32_t seat);
  void leave(std::uint32_t seat);
  void kill(std::uint32_t seat);
  void stop(std::uint32_t seat);
  void let_go_on(std::uint32_t seat);
  void stop_everybody();

  void wait_for_events(std::uint64_t count);
  void look_after_dead();
  void wait_for_end(std::uint32_t seat);
  void bury(std::uint32_t seat, int status);
  void finish();
  void check(const Answer& answer);
  Arrived<Answer> order(const Order& order, std::initializer_list<int> descriptors = {});
  void fail(const std::string& fault) {
    if (fault_.empty()) fault_ = fault;
  }

  shm::Channel writer_;
  ::pid_t writer_pid_;
  Board& board_;
  std::mt19937_64 random_;
  RunReader run_reader_;
  std::array<Sitter, seat_count> sitters_;
  std::string fault_;
  std::uint64_t sessions_ = 0;
  std::uint64_t stops_ = 0;
  std::uint64_t kills_ = 0;
  std::uint64_t leaves_ = 0;
  Answer last_{};
};

}  // namespace ringside::torture
