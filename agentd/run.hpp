// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "events_generated.h"

namespace ringside::agentd {

struct UserMessage {
  std::string id;
  std::string text;
};

/// What a person said to an interrupt of this agent.
struct InterruptAnswer {
  std::string interrupt_id;
  std::shared_ptr<const events::AnswerT> answer;
};

/// One execution that a runner is asked for. Run numbers count 1, 2, 3, ...
/// within a life; some may be left out.
struct RunRequest {
  std::uint64_t incarnation = 0;
  std::uint64_t run = 0;
  std::optional<UserMessage> message = std::nullopt;  ///< What the run answers, or
  std::optional<InterruptAnswer> answer =
      std::nullopt;  ///< what it goes on with; neither: it is told to execute.
};

enum class RunEnd { idle, cancelled, error, interrupted, paused };

struct RunOutcome {
  RunEnd end = RunEnd::idle;
  std::optional<events::ErrorT> error = std::nullopt;             ///< With `error`: what failed.
  std::shared_ptr<const events::InterruptT> interrupt = nullptr;  ///< With `interrupted`: what it waits for.
};

/// How a runner itself came to its end. `finished`: it left by its own will and well.
enum class RunnerExit : std::uint8_t { finished, crashed };

}  // namespace ringside::agentd
