// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <sched.h>

namespace ringside::bench {

/// Lets this thread, and what it starts from now on, run on each of these cores.
inline void allow_cores(const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores)
    CPU_SET(static_cast<unsigned>(core), &set);
  sched_setaffinity(0, sizeof set, &set);
}

}  // namespace ringside::bench
