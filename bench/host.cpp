// SPDX-License-Identifier: Apache-2.0
#include "bench/host.hpp"

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include <pthread.h>
#include <sched.h>
#include <sys/utsname.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ringside::bench {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  return std::getline(in, line) ? line : "";
}

std::string cpu_model() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string cache_sizes() {
  std::string found;
  for (int index = 0; index < 5; ++index) {
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", index);
    const std::string size = first_line(folder + "size");
    if (size.empty()) break;
    found += fmt::format("{}L{}{} {}", found.empty() ? "" : ", ", first_line(folder + "level"),
                         first_line(folder + "type").substr(0, 1), size);
  }
  return found.empty() ? "unknown" : found;
}

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "re"), pclose);
  if (!pipe) return "";
  std::array<char, 128> text{};
  std::string found = fgets(text.data(), text.size(), pipe.get()) != nullptr ? text.data() : "";
  while (!found.empty() && found.back() == '\n')
    found.pop_back();
  return found;
}

}  // namespace

Host read_host() {
  Host host;
  host.commit = output_of("git -C '" RINGSIDE_SOURCE_DIR "' describe --always --dirty 2>/dev/null");
  if (host.commit.empty()) host.commit = "unknown";
  host.cpu = cpu_model();
  host.caches = cache_sizes();
  host.governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  if (host.governor.empty()) host.governor = "none";
  utsname name{};
  uname(&name);
  host.kernel = name.release;
  host.build = RINGSIDE_BUILD_TYPE ", " RINGSIDE_COMPILER;
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<unsigned>(core), &set)) host.cores.push_back(core);
  }
  return host;
}

std::string describe(const Host& host) {
  return fmt::format(
      "commit    {}\ncpu       {}\ncaches    {}\ngovernor  {}\nkernel    {}\nbuild     {}\ncores     {}\n",
      host.commit, host.cpu, host.caches, host.governor, host.kernel, host.build, fmt::join(host.cores, " "));
}

std::string unfit_to_measure() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return "this build is sanitized";
#elif !defined(__OPTIMIZE__)
  return "this build is not optimised";
#else
  return "";
#endif
}

bool pin_to_core(int core) {
  return pin_to_cores({core});
}

bool pin_to_cores(const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores)
    CPU_SET(static_cast<unsigned>(core), &set);
  return pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
}

}  // namespace ringside::bench
