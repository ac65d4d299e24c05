// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace ringside::tools {

/// Nanoseconds as people read them, to three digits: `85 ns`, `1.25 us`, `14.1 ms`, `3.00 s`.
std::string duration_text(std::uint64_t ns);

/// A span to be read at a glance: `90 s`, `25 min`, `3 h`. One that is negative is none.
std::string span_text(std::chrono::seconds span);

/// From now to a moment of the wall clock, in nanoseconds since the epoch; zero once it has passed.
std::chrono::nanoseconds time_until(std::int64_t wall_ns);

}  // namespace ringside::tools
