// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace ringside::agentd {

/// Runs `work` on the one thread that lives as long as the process, and returns when it is done. A
/// parent-death signal is sent when the *thread* that forked ends; a thread of a pool may end while its
/// children should live. Any thread. It begins with the first use and sleeps between uses.
void on_forking_thread(const std::function<void()>& work);

}  // namespace ringside::agentd
