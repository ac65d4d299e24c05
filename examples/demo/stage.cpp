// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/stage.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <poll.h>
#include <signal.h>

#include <fmt/format.h>

namespace demo {
namespace {

volatile sig_atomic_t interrupted = 0;

constexpr std::chrono::milliseconds frame_time{40};

std::filesystem::path make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "ringside-demo-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("cannot make " + name + ": " + std::strerror(errno));
  return name;
}

}  // namespace

void watch_for_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

Stage::Stage(std::filesystem::path programs, std::chrono::seconds limit)
    : programs_(std::move(programs)),
      folder_(make_folder()),
      // Nobody else's daemon, whatever this machine runs.
      environment_({"XDG_RUNTIME_DIR=" + folder_.string(), "RUNTIME_DIRECTORY=", "RINGSIDE_SOCKET="}),
      end_(Clock::now() + limit) {}

Stage::~Stage() {
  seats_.clear();
  if (daemon_) stop_daemon();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Answer Stage::ringside(const std::vector<std::string>& words) const {
  std::vector<std::string> argv = {(programs_ / "ringside").string(), "--namespace", "demo"};
  argv.insert(argv.end(), words.begin(), words.end());
  return run(argv, environment_);
}

bool Stage::start_daemon() {
  const std::filesystem::path config = folder_ / "agentd.toml";  // the defaults, and not this machine's
  std::ofstream(config).close();
  daemon_.emplace(std::vector<std::string>{(programs_ / "agentd").string(), "--namespace", "demo", "--config",
                                           config.string()},
                  environment_);
  while (ringside({"list"}).exit_code != 0)
    if (!pass_time(frame_time)) return false;
  return true;
}

int Stage::stop_daemon() {
  daemon_->signal(SIGTERM);
  const int code = daemon_->wait();
  daemon_.reset();
  return code;
}

Viewer& Stage::open(const std::string& name, const std::vector<std::string>& words, std::string_view caption,
                    Pace pace, int pipe_size) {
  std::vector<std::string> argv = {(programs_ / "ringside").string(), "--namespace", "demo", "tail"};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.emplace_back("--json");
  seats_.push_back({Viewer(name, Process(argv, environment_, pipe_size), pace), std::string(caption)});
  return seats_.back().viewer;
}

bool Stage::pass_time(std::chrono::milliseconds time) {
  return until([] { return false; }, time);
}

bool Stage::until(const std::function<bool()>& done, std::optional<std::chrono::milliseconds> limit) {
  const Clock::time_point begin = Clock::now();
  while (!done()) {
    const Clock::time_point now = Clock::now();
    if (interrupted != 0 || now >= end_) return false;
    if (limit && now - begin >= *limit) return true;
    read_viewers();
    show();
  }
  show();
  return true;
}

/// Waits for something to read, but no longer than a frame.
void Stage::read_viewers() {
  std::vector<pollfd> wait;
  std::vector<Viewer*> readers;
  for (Seat& seat : seats_) {
    if (seat.viewer.gone() || seat.viewer.rests(Clock::now())) continue;
    wait.push_back({seat.viewer.process().output(), POLLIN, 0});
    readers.push_back(&seat.viewer);
  }
  if (poll(wait.data(), wait.size(), static_cast<int>(frame_time.count())) <= 0) return;
  for (std::size_t i = 0; i < wait.size(); ++i)
    if (wait[i].revents != 0) readers[i]->read(Clock::now());
}

void Stage::show() {
  std::vector<Pane> panes;
  std::uint64_t newest = 0;
  for (const Seat& seat : seats_)
    newest = std::max(newest, seat.viewer.last_sequence);
  for (const Seat& seat : seats_) {
    if (seat.caption.empty()) continue;
    const Viewer& viewer = seat.viewer;
    const std::uint64_t behind = newest - viewer.last_sequence;
    std::string progress = fmt::format("event {}", viewer.last_sequence);
    if (viewer.events == 0) progress = "waiting";
    if (viewer.events > 0 && behind > 5) progress += fmt::format(", {} behind", behind);
    panes.push_back(
        {fmt::format("{}, {}", viewer.name(), seat.caption), progress, viewer.thinking, viewer.text});
  }
  while (!panes.empty() && panes.size() < 3)
    panes.push_back({});
  if (panes.size() == 3) screen_.draw(panes);
}

}  // namespace demo
