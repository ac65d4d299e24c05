// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <ringside/client.hpp>
#include <ringside/error.hpp>

#include "tools/exit_code.hpp"

namespace ringside::tools {

/// One line on standard error, `ringside: ...`, visible text whatever it quotes.
void complain(std::string_view text);

/// Says what was wrong and what to do, and returns what to leave with.
/// `what` is what was being done: "stop lighthouse".
ExitCode report(const ConnectError& error);
ExitCode report(std::string_view what, const RequestError& error);

/// The exit code that belongs to a fault.
ExitCode code_of(RequestFault fault) noexcept;

}  // namespace ringside::tools
