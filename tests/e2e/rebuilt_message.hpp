// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "tests/tools/event_lines.hpp"

namespace ringside::tests {

struct RebuiltCall {
  std::string id;
  std::string name;
  std::string arguments;
  bool operator==(const RebuiltCall&) const = default;
};

/// What an assistant said, put together again.
struct RebuiltMessage {
  std::string text;
  std::string reasoning;
  std::vector<RebuiltCall> calls;
  bool operator==(const RebuiltMessage&) const = default;
};

std::ostream& operator<<(std::ostream& out, const RebuiltMessage& message);

/// Straight from the chunks of the provider, by the provider's own rules.
RebuiltMessage from_chunks(const std::filesystem::path& file);

/// How the message ended, in the spec's words: from the provider's last `finish_reason`, and as a viewer saw it.
std::string ending_in_chunks(const std::filesystem::path& file);
std::string ending_in_message(const std::vector<EventLine>& seen);

/// From the deltas that a viewer saw, by the spec's rules: parts by index, calls by index.
RebuiltMessage from_deltas(const std::vector<EventLine>& seen);

/// From the `llm_message` of the assistant that a viewer saw.
RebuiltMessage from_message(const std::vector<EventLine>& seen);

}  // namespace ringside::tests
