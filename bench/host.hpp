// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace ringside::bench {

/// What a figure depends on and a reader of it must know: printed before any number.
struct Host {
  std::string commit;    ///< of the source tree, "unknown" outside a checkout
  std::string cpu;       ///< as /proc/cpuinfo names it
  std::string caches;    ///< per core, as sysfs tells them
  std::string governor;  ///< "none" where the machine has no frequency scaling
  std::string kernel;
  std::string build;       ///< type and compiler
  std::vector<int> cores;  ///< the cores that this process may use
};

/// Reads it from /proc, /sys and git. Never fails: what cannot be read is "unknown".
Host read_host();

/// The same, as lines for a person.
std::string describe(const Host& host);

/// The reason why figures of this build would be worthless, or "" where they would not: unoptimised or
/// sanitized.
std::string unfit_to_measure();

/// Pins the calling thread. False where the kernel refuses (a container's mask, a core that is gone).
bool pin_to_core(int core);

/// Lets the calling thread, and what it starts from now on, use all of them again. False as above.
bool pin_to_cores(const std::vector<int>& cores);

}  // namespace ringside::bench
