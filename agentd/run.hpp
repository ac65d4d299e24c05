// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "events_generated.h"

namespace ringside::agentd {

struct UserMessage {
  std::string id;
  std::string text;
};

/// One execution that a runner is asked for. Run numbers count 1, 2, 3, ...
/// within a life; some may be left out.
struct RunRequest {
  std::uint64_t incarnation = 0;
  std::uint64_t run = 0;
  std::optional<UserMessage> message;  ///< What the run answers; none where it was only told to execute.
};

enum class RunEnd { idle, cancelled, error };

struct RunOutcome {
  RunEnd end = RunEnd::idle;
  std::optional<events::ErrorT> error;  ///< With `error`: what failed.
};

/// How a runner itself came to its end. `finished`: it left by its own will and well.
enum class RunnerExit : std::uint8_t { finished, crashed };

}  // namespace ringside::agentd
