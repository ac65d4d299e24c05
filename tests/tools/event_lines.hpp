// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringside::tests {

/// One line of `ringside tail --json`, read with another JSON library than the one that printed it.
struct EventLine {
  std::uint64_t seq = 0;
  std::int64_t time_ns = 0;
  std::string topic;
  std::string kind;   ///< empty for a gap
  std::string event;  ///< the payload, as JSON
  std::uint64_t gap_first = 0;
  std::uint64_t gap_count = 0;

  [[nodiscard]] bool is_gap() const noexcept { return gap_count > 0; }
};

EventLine read_event_line(std::string_view line);
std::vector<EventLine> read_event_lines(std::string_view text);

/// The string at a JSON pointer of the payload, e.g. "/status"; nothing where there is none.
std::optional<std::string> string_at(const EventLine& line, std::string_view pointer);

}  // namespace ringside::tests
