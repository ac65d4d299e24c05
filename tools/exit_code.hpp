// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ringside::tools {

/// What `ringside` leaves with; sysexits where they have a word for it, the shell's
/// habits where they have one.
enum class ExitCode : int {
  done = 0,
  unmet = 1,         // tail met neither --until nor --count; the agent's status does not allow the command,
                     // or somebody was faster
  usage = 64,        // the command line is wrong
  bad_data = 65,     // a line, a source, an event or a ring that is not what it has to be
  no_input = 66,     // a file that is not there
  unknown = 67,      // no such agent, no such topic
  not_running = 68,  // the agent has run and does not now, or is stopping
  unavailable = 69,  // no daemon, or one that cannot serve this
  gap = 75,          // events were lost to this reader, and it said which
  not_allowed = 77,
  timed_out = 124,
  interrupted = 130,
};

}  // namespace ringside::tools
