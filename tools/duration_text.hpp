// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace ringside::tools {

/// Nanoseconds as people read them, to three digits: `85 ns`, `1.25 us`, `14.1 ms`, `3.00 s`.
std::string duration_text(std::uint64_t ns);

}  // namespace ringside::tools
