// SPDX-License-Identifier: Apache-2.0
//
// `ringside`: the command line of Ringside. docs/man/ringside.1 describes it.
#include <exception>

#include <signal.h>

#include "tools/command_line.hpp"
#include "tools/report.hpp"

int main(int argc, char** argv) {
  // A pipe whose reader has gone is an error to look at, not a reason to die.
  signal(SIGPIPE, SIG_IGN);
  try {
    return static_cast<int>(ringside::tools::run_command_line(argc, argv));
  } catch (const std::exception& error) {
    ringside::tools::complain(error.what());
    return static_cast<int>(ringside::tools::ExitCode::unavailable);
  }
}
