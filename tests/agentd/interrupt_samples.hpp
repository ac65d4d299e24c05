// SPDX-License-Identifier: Apache-2.0
//
// Interrupts and answers to them, as runners and people make them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "events_generated.h"

namespace ringside::agentd::testing {

using Interrupts = std::vector<events::InterruptT>;
using Answers = std::vector<events::AnswerT>;

template <class Data>
events::InterruptT interrupt_with(std::string id, Data data) {
  events::InterruptT interrupt;
  interrupt.id = std::move(id);
  interrupt.data.Set(std::move(data));
  return interrupt;
}

/// Asks about the calls call-0, call-1, ...; with no decision named, each may be made.
inline events::InterruptT approval(std::string id, std::size_t requests = 1,
                                   std::vector<events::Decision> allowed = {}) {
  events::ApprovalT data;
  for (std::size_t i = 0; i < requests; ++i) {
    auto request = std::make_unique<events::ActionRequestT>();
    request->tool_call_id = "call-" + std::to_string(i);
    request->tool_name = "rm";
    request->arguments = R"({"path":"/tmp"})";
    request->allowed = allowed;
    data.requests.push_back(std::move(request));
  }
  return interrupt_with(std::move(id), std::move(data));
}

/// With the options a and b where one is to be selected.
inline events::InterruptT question(std::string id,
                                   events::QuestionType type = events::QuestionType::single_select,
                                   bool may_cancel = false) {
  events::QuestionT data;
  data.type = type;
  data.text = "Which one?";
  data.may_cancel = may_cancel;
  for (const char* value : {"a", "b"}) {
    if (type == events::QuestionType::free_text) break;
    auto option = std::make_unique<events::QuestionOptionT>();
    option->value = value;
    data.options.push_back(std::move(option));
  }
  return interrupt_with(std::move(id), std::move(data));
}

inline events::InterruptT halt(std::string id) {
  events::HaltT data;
  data.message = "I stopped.";
  return interrupt_with(std::move(id), std::move(data));
}

inline events::InterruptT of_subagent(std::string id, events::InterruptT inner) {
  events::SubagentInterruptT data;
  data.subagent_id = "helper";
  data.interrupt = std::make_unique<events::InterruptT>(std::move(inner));
  return interrupt_with(std::move(id), std::move(data));
}

inline events::InterruptT several(std::string id, Interrupts inner) {
  events::SeveralInterruptsT data;
  for (events::InterruptT& each : inner)
    data.interrupts.push_back(std::make_unique<events::InterruptT>(std::move(each)));
  return interrupt_with(std::move(id), std::move(data));
}

template <class Data>
events::AnswerT answer_with(Data data) {
  events::AnswerT answer;
  answer.data.Set(std::move(data));
  return answer;
}

inline events::ActionDecisionT decision(events::Decision made, std::string arguments = {},
                                        std::string message = {}) {
  events::ActionDecisionT decision;
  decision.decision = made;
  decision.arguments = std::move(arguments);
  decision.message = std::move(message);
  return decision;
}

inline events::AnswerT decisions(std::vector<events::ActionDecisionT> made) {
  events::ApprovalAnswerT data;
  for (events::ActionDecisionT& each : made)
    data.decisions.push_back(std::make_unique<events::ActionDecisionT>(std::move(each)));
  return answer_with(std::move(data));
}

inline events::AnswerT approve() {
  return decisions({decision(events::Decision::approve)});
}

inline events::AnswerT selected(std::vector<std::string> values) {
  events::QuestionAnswerT data;
  data.selected = std::move(values);
  return answer_with(std::move(data));
}

inline events::AnswerT text(std::string words) {
  events::QuestionAnswerT data;
  data.text = std::move(words);
  return answer_with(std::move(data));
}

inline events::AnswerT cancelled() {
  events::QuestionAnswerT data;
  data.cancelled = true;
  return answer_with(std::move(data));
}

inline events::AnswerT of_subagent(events::AnswerT inner) {
  events::SubagentAnswerT data;
  data.answer = std::make_unique<events::AnswerT>(std::move(inner));
  return answer_with(std::move(data));
}

inline events::AnswerT several(Answers inner) {
  events::SeveralAnswersT data;
  for (events::AnswerT& each : inner)
    data.answers.push_back(std::make_unique<events::AnswerT>(std::move(each)));
  return answer_with(std::move(data));
}

}  // namespace ringside::agentd::testing
