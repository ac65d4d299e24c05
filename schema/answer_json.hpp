// SPDX-License-Identifier: Apache-2.0
//
// Answers to interrupts as people write them:
//
//   {"approval":{"decisions":[{"decision":"approve"},{"decision":"edit","arguments":{...}},{"decision":"reject","message":"..."}]}}
//   {"question":{"selected":["a"]}}    {"question":{"text":"..."}}    {"question":{"cancelled":true}}
//   {"subagent":ANSWER}    {"several":[ANSWER,...]}    {}, which among several dismisses a halt
//
// As everywhere in our JSON the one member names the kind, and a null is as good as nothing; `arguments` is the object
// itself here, where the schema keeps its text.
#pragma once

#include <string_view>

#include "events_generated.h"
#include "schema/expected.hpp"
#include "schema/json_syntax.hpp"

namespace ringside::schema {

/// Reads one answer. What is not JSON is told with its column, what is no answer by its place in the answer, such as
/// `approval.decisions[1].decision`. Whether it answers anything is for whoever has the interrupt.
expected<events::AnswerT, JsonError> parse_answer(std::string_view json);

}  // namespace ringside::schema
