// SPDX-License-Identifier: Apache-2.0
#include "bench/agentd_process.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <sched.h>
#include <unistd.h>

#include <fmt/format.h>

namespace ringside::bench {

AgentdProcess::AgentdProcess(const BenchOptions& options, const std::string& config)
    : socket_(folder_.path() / "control.sock"), config_(folder_.path() / "agentd.toml"), process_(-1, [&] {
        std::ofstream(config_) << "log_level = \"warning\"\n" << config;
        execl(options.agentd_path.c_str(), "agentd", "--config", config_.c_str(), "--socket", socket_.c_str(),
              nullptr);
        throw std::runtime_error("cannot run " + options.agentd_path);
      }) {}

Client AgentdProcess::connect() {
  for (;;) {
    if (process_.ended()) throw std::runtime_error("agentd ended before it listened");
    auto client = Client::connect({.socket = socket_, .namespace_name = {}, .name = "bench"});
    if (client) return std::move(*client);
    const ConnectFault fault = client.error().fault;
    if (fault != ConnectFault::unreachable && fault != ConnectFault::no_socket)
      throw std::runtime_error(client.error().message);
    sched_yield();
  }
}

void AgentdProcess::stop() {
  kill(process_.pid(), SIGTERM);
  process_.join();
}

std::uint64_t AgentdProcess::resident_private() const {
  std::ifstream status(fmt::format("/proc/{}/status", process_.pid()));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stoull(line.substr(8)) * 1024;
  }
  throw std::runtime_error("agentd's memory is not told in /proc: has it ended?");
}

std::uint64_t AgentdProcess::cpu_ns() const {
  std::uint64_t sum = 0;
  for (const auto& thread :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process_.pid()))) {
    std::uint64_t ran = 0;
    if (!(std::ifstream(thread.path() / "schedstat") >> ran))
      throw std::runtime_error("agentd's CPU time is not told in /proc/PID/task/TID/schedstat");
    sum += ran;
  }
  return sum;
}

StartOptions AgentdProcess::idle_agent() const {
  // It never runs it: one event is enough, and needs nothing of the source tree.
  const std::string recording = folder_.path() / "recording.jsonl";
  std::ofstream(recording) << R"({"kind":"custom","event":{"name":"bench"}})" << '\n';
  StartOptions start;
  start.inactivity = std::chrono::milliseconds(0);
  start.stay_idle = true;
  start.runner = ReplayRunner{.source = recording, .speed = 1};
  return start;
}

}  // namespace ringside::bench
