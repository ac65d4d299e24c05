// SPDX-License-Identifier: Apache-2.0
#include "tools/duration_text.hpp"

#include <algorithm>

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

std::string span_text(std::chrono::seconds span) {
  const auto seconds = std::max<std::chrono::seconds::rep>(0, span.count());
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 120 * 60) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} h", seconds / 3600);
}

std::chrono::nanoseconds time_until(std::int64_t wall_ns) {
  const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  return std::max(std::chrono::nanoseconds(wall_ns) - now, std::chrono::nanoseconds::zero());
}

}  // namespace ringside::tools
