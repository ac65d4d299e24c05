// SPDX-License-Identifier: Apache-2.0
//
// One writer, sixteen readers that come and go, hold, dawdle, scribble, are stopped and killed: does anybody
// see anything torn, lose anything untold, sleep over anything, or leave anything behind?
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <utility>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/step/planted_atomics.hpp"
#include "tests/torture/conductor.hpp"
#include "tests/torture/torture_writer.hpp"

namespace ringside::torture {
namespace {

struct Options {
  std::uint64_t seconds = RINGSIDE_TORTURE_SECONDS;
  std::uint64_t seed = std::random_device{}();
  std::uint64_t first_sequence = 1;
  std::uint64_t first_generation = 1;
  std::uint64_t events_min = 1;
  std::string broken;  // which part, so that the harness can be seen to notice
};

template <class Atomics>
int write_until_told(shm::Channel conductor, Board& board, const Options& options, const PayloadLaw& law) {
  return TortureWriter<Atomics>(std::move(conductor), board, law, options.seed, options.first_sequence,
                                options.first_generation)
      .run();
}

[[noreturn]] void run_writer(shm::Channel conductor, Board& board, const Options& options,
                             const PayloadLaw& law) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int code = 2;
  try {
    step::planted = options.broken == "clear";
    code = step::planted ? write_until_told<step::ClearsNothing>(std::move(conductor), board, options, law)
                         : write_until_told<shm::SystemAtomics>(std::move(conductor), board, options, law);
  } catch (const std::exception& error) {
    fmt::print(stderr, "writer: {}\n", error.what());
  }
  ::_exit(code);
}

int run(const Options& options) {
  // The watchdog of watchdogs: a conductor that hangs takes everybody with it.
  ::alarm(static_cast<unsigned>(options.seconds) + 240);
  void* const memory =
      ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  Board& board = *new (memory) Board{};
  const PayloadLaw law(options.seed, geometry.payload_size_max(), geometry.large_payload_size_max());
  const PayloadLaw broken_law(options.seed + 1, geometry.payload_size_max(),
                              geometry.large_payload_size_max());

  auto [ours, writers] = std::move(shm::Channel::pair().value());
  const ::pid_t writer = ::fork();
  if (writer == 0) {
    { const shm::Channel closed = std::move(ours); }
    run_writer(std::move(writers), board, options, law);
  }
  const auto read = [&](Ticket ticket) {
    const std::uint32_t seat = ticket.seat;
    if (seat == scribbling_seat) return scribble(std::move(ticket), board);
    return read_under_torture(std::move(ticket), board,
                              options.broken == "payload" && seat == 0 ? broken_law : law);
  };
  { const shm::Channel closed = std::move(writers); }
  Conductor conductor(std::move(ours), writer, board, options.seed, read);
  std::string fault = conductor.torture(options.seconds);
  conductor.print_counts();
  if (fault.empty() && board.published.load(std::memory_order::relaxed) < options.events_min)
    fault = "the run ended before it came to where it was to go";
  if (!fault.empty()) fmt::print("fault: {}\n", fault);
  return fault.empty() ? 0 : 1;
}

}  // namespace
}  // namespace ringside::torture

int main(int argc, char** argv) {
  ringside::torture::Options options;
  CLI::App app{"Readers of one ring come, go, stop and die at random under a writer that does not care."};
  app.add_option("--seconds", options.seconds, "how long")->envname("RINGSIDE_TORTURE_SECONDS");
  app.add_option("--seed", options.seed, "of everything random, the times of signals apart");
  app.add_option("--first-sequence", options.first_sequence, "of the ring");
  app.add_option("--first-generation", options.first_generation, "of the ring, not 0");
  app.add_option("--events-min", options.events_min, "fewer are a fault: what was to be tried was not");
  app.add_option("--break", options.broken,
                 "payload: reader 0 expects others; clear: the writer clears nothing")
      ->check(CLI::IsMember({"payload", "clear"}));
  CLI11_PARSE(app, argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    fmt::print("--seed {} --seconds {} --first-sequence {} --first-generation {}\n", options.seed,
               options.seconds, options.first_sequence, options.first_generation);
    return ringside::torture::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "torture: {}\n", error.what());
    return 2;
  }
}
