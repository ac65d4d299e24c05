// SPDX-License-Identifier: Apache-2.0
//
// Owns a process as agentd does, for a test that kills the owner: starts it from a thread that ends at
// once, says its id, and sleeps.
#include <cstdio>
#include <thread>

#include <unistd.h>

#include "agentd/runners/child_process.hpp"

int main() {
  using ringside::agentd::ChildProcess;
  std::thread([] {
    auto spawned = ChildProcess::spawn({{"sleep", "1000"}, {"PATH=/usr/bin:/bin"}, {}});
    if (!spawned) std::_Exit(1);
    std::printf("%d\n", static_cast<int>(spawned->id()));
    static auto* const kept = new ChildProcess(std::move(*spawned));
    static_cast<void>(kept);
  }).join();
  std::puts("the thread that started it has ended");
  std::fflush(stdout);
  for (;;)
    ::pause();
}
