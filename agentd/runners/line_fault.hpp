// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace ringside::agentd {

/// Why a line of a source was refused. `column` counts bytes from 1; 0 if the line as a whole is meant.
struct LineFault {
  std::string message;
  std::size_t column = 0;
  bool ends_too_early = false;  ///< what is there is fine, and more should follow
};

}  // namespace ringside::agentd
