// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tools/exit_code.hpp"

namespace ringside::tools {

/// Understands a command line and does what it says; every error is told on one line of standard error.
ExitCode run_command_line(int argc, const char* const* argv);

}  // namespace ringside::tools
