// SPDX-License-Identifier: Apache-2.0
//
// What an interrupt asks for: the specification, section 3.
#pragma once

#include <optional>
#include <string>

#include "events_generated.h"

namespace ringside::agentd {

/// Whether it is dismissed instead of answered: a halt, be it a sub-agent's.
[[nodiscard]] bool is_halt(const events::InterruptT& interrupt) noexcept;

/// Whether another life could take it up: every part of it asks for an answer, and none is a halt, which only
/// tells what the agent has already done. That nothing was saved is told beside it.
[[nodiscard]] bool is_restorable(const events::InterruptT& interrupt) noexcept;

/// The first thing for which `answer` is no answer to `interrupt`: where in the answer, what is wrong, and what
/// is asked for; nothing for one that may be given to the runner. Requires an interrupt that has passed
/// `check_event`, and nothing of the answer.
///
/// An approval wants one decision for each request, in its order and among those that it allows (all, where it
/// names none); an edit brings its arguments, one JSON object, and only a rejection a message. A question wants
/// one of its options, any of its options, or a text, as it says; or `cancelled` alone, where it may be. A
/// sub-agent's wants a sub-agent's answer. Several want one each, in their order; a halt among them is dismissed by an
/// answer without data.
[[nodiscard]] std::optional<std::string> broken_answer(const events::InterruptT& interrupt,
                                                       const events::AnswerT& answer);

}  // namespace ringside::agentd
