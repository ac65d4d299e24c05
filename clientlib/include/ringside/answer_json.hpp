// SPDX-License-Identifier: Apache-2.0
//
// Answers to interrupts, as people write them and `ringside resume` takes them:
//
//   {"approval":{"decisions":[{"decision":"approve"},{"decision":"edit","arguments":{...}},{"decision":"reject","message":"..."}]}}
//   {"question":{"selected":["a"]}}    {"question":{"text":"..."}}    {"question":{"cancelled":true}}
//   {"subagent":ANSWER}    {"several":[ANSWER,...]}    {}, which among several dismisses a halt
#pragma once

#include <string_view>

#include <ringside/event_json.hpp>
#include <ringside/events_generated.h>
#include <ringside/expected.hpp>

namespace ringside {

/// Reads one answer, for `Client::resume`. An error names the place in the answer, or the column where it is no JSON.
expected<events::AnswerT, JsonError> parse_answer(std::string_view json);

}  // namespace ringside
