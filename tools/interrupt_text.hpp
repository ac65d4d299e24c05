// SPDX-License-Identifier: Apache-2.0
//
// Trust: ids, names and options come from agents. All that is returned is visible text, and a command line is quoted so
// that a shell takes each of its words for one word, whatever is in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <ringside/events_generated.h>

namespace ringside::tools {

/// What an interrupt asks, a line each; the first is its id and kind.
std::vector<std::string> interrupt_lines(const events::InterruptT& interrupt);

/// The command line that settles it: `ringside resume` with an answer that it takes, to be changed by whoever gives
/// another one; `ringside dismiss` for a halt.
std::string settling_command(std::string_view agent, const events::InterruptT& interrupt);

}  // namespace ringside::tools
