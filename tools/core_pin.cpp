// SPDX-License-Identifier: Apache-2.0
#include "tools/core_pin.hpp"

#include <algorithm>

#include <pthread.h>
#include <sched.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ringside::tools {

std::vector<unsigned> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<unsigned> cores;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

std::string fault_of_cores(const std::vector<unsigned>& cores) {
  const std::vector<unsigned> allowed = allowed_cores();
  for (const unsigned core : cores) {
    if (std::ranges::find(allowed, core) == allowed.end())
      return fmt::format("--core {}: this process may run on {}", core, fmt::join(allowed, ", "));
    if (std::ranges::count(cores, core) > 1) return fmt::format("--core {} is named twice", core);
  }
  return "";
}

void pin_to_core(unsigned core) noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

}  // namespace ringside::tools
