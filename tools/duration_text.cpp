// SPDX-License-Identifier: Apache-2.0
#include "tools/duration_text.hpp"

#include <fmt/format.h>

namespace ringside::tools {

std::string duration_text(std::uint64_t ns) {
  if (ns < 1000) return fmt::format("{} ns", ns);
  double value = static_cast<double>(ns) / 1000;
  const char* unit = "us";
  for (const char* larger : {"ms", "s"}) {
    if (value < 999.5) break;
    value /= 1000;
    unit = larger;
  }
  return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, unit);
}

}  // namespace ringside::tools
