// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <ringside/events_generated.h>

namespace ringside::tools {

/// The box of a check list.
[[nodiscard]] constexpr std::string_view todo_mark(events::TodoStatus status) noexcept {
  switch (status) {
    case events::TodoStatus::pending:
      return "[ ]";
    case events::TodoStatus::in_progress:
      return "[~]";
    case events::TodoStatus::completed:
      return "[x]";
    case events::TodoStatus::cancelled:
      break;
  }
  return "[-]";
}

}  // namespace ringside::tools
