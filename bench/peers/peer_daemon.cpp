// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/peer_daemon.hpp"

#include <cerrno>
#include <csignal>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "bench/peers/allow_cores.hpp"

namespace ringside::bench {
namespace {

[[noreturn]] void run_program(std::vector<std::string>& arguments, const std::vector<int>& cores,
                              const std::filesystem::path& log) {
  allow_cores(cores);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out >= 0) {
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
  }
  std::vector<char*> pointers;
  for (std::string& argument : arguments)
    pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execvp(pointers.front(), pointers.data());
  throw std::system_error(errno, std::generic_category(), arguments.front());
}

std::string last_line(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string last;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace

PeerDaemon::PeerDaemon(std::vector<std::string> arguments, const std::vector<int>& cores,
                       std::filesystem::path log)
    : log_(std::move(log)), program_(arguments.front()) {
  child_.emplace(-1, [&] { run_program(arguments, cores, log_); });
}

PeerDaemon::~PeerDaemon() {
  if (child_->ended()) return;
  kill(child_->pid(), SIGTERM);
  try {
    child_->join();
  } catch (const std::exception&) {  // it may end as it likes
  }
}

void PeerDaemon::must_run(std::string_view advice) {
  if (!child_->ended()) return;
  throw std::runtime_error(fmt::format("{} ended by itself; {}: {}", program_, advice, last_line(log_)));
}

bool PeerDaemon::has_said(std::string_view words) const {
  std::ifstream in(log_);
  for (std::string line; std::getline(in, line);) {
    if (line == words) return true;
  }
  return false;
}

}  // namespace ringside::bench
