// SPDX-License-Identifier: Apache-2.0
#include "agentd/interrupt_rules.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "schema/json_syntax.hpp"

namespace ringside::agentd {
namespace {

using events::AnswerData;
using events::Decision;
using events::InterruptData;
using events::QuestionType;
using Broken = std::optional<std::string>;

constexpr std::size_t arguments_depth_max = 64;

constexpr std::array every_decision{Decision::approve, Decision::edit, Decision::reject};

Broken broken(std::string_view where, std::string_view what) {
  return fmt::format("{}: {}", where, what);
}

Broken check_decision(std::string_view where, const events::ActionRequestT& request,
                      const events::ActionDecisionT& made) {
  const auto& allowed = request.allowed;
  const bool known = std::ranges::find(every_decision, made.decision) != every_decision.end();
  if (!known || (!allowed.empty() && std::ranges::find(allowed, made.decision) == allowed.end())) {
    std::vector<std::string_view> names;
    for (const Decision each : every_decision) {
      if (allowed.empty() || std::ranges::find(allowed, each) != allowed.end())
        names.emplace_back(events::EnumNameDecision(each));
    }
    return broken(where, fmt::format("{} is not allowed for {} ({}): one of {}",
                                     known ? events::EnumNameDecision(made.decision) : "this decision",
                                     request.tool_call_id, request.tool_name, fmt::join(names, ", ")));
  }
  if (made.decision != Decision::reject && !made.message.empty())
    return broken(where, "only a rejection has a message");
  if (made.decision != Decision::edit)
    return made.arguments.empty() ? std::nullopt : broken(where, "only an edit has arguments");
  if (made.arguments.empty()) return broken(where, "an edit brings the new arguments");
  schema::JsonSyntax syntax;
  const auto error = syntax.check_object(made.arguments, arguments_depth_max);
  if (!error) return std::nullopt;
  return broken(fmt::format("{}.arguments", where),
                fmt::format("they must be one JSON object; byte {}: {}", error->column, error->message));
}

Broken check_approval(const std::string& where, const events::ApprovalT& asked,
                      const events::ApprovalAnswerT& given) {
  if (given.decisions.size() != asked.requests.size()) {
    return broken(where + ".decisions",
                  fmt::format("there are {} for {} requests: one for each, in their order",
                              given.decisions.size(), asked.requests.size()));
  }
  for (std::size_t i = 0; i < asked.requests.size(); ++i) {
    const std::string place = fmt::format("{}.decisions[{}]", where, i);
    if (given.decisions[i] == nullptr) return broken(place, "it is empty");
    if (auto wrong = check_decision(place, *asked.requests[i], *given.decisions[i])) return wrong;
  }
  return std::nullopt;
}

Broken check_selected(const std::string& where, const events::QuestionT& asked,
                      const std::vector<std::string>& selected) {
  for (std::size_t i = 0; i < selected.size(); ++i) {
    const std::string place = fmt::format("{}.selected[{}]", where, i);
    const auto names = [&](const auto& option) { return option->value == selected[i]; };
    if (std::ranges::none_of(asked.options, names)) {
      std::vector<std::string_view> values;
      for (const auto& option : asked.options)
        values.emplace_back(option->value);
      return broken(place,
                    fmt::format("\"{}\" is none of its options: {}", selected[i], fmt::join(values, ", ")));
    }
    if (std::find(selected.begin(), selected.begin() + static_cast<std::ptrdiff_t>(i), selected[i]) !=
        selected.begin() + static_cast<std::ptrdiff_t>(i))
      return broken(place, fmt::format("\"{}\" is selected twice", selected[i]));
  }
  return std::nullopt;
}

Broken check_question(const std::string& where, const events::QuestionT& asked,
                      const events::QuestionAnswerT& given) {
  if (given.cancelled) {
    if (!asked.may_cancel) return broken(where + ".cancelled", "this question may not be cancelled");
    if (given.selected.empty() && given.text.empty()) return std::nullopt;
    return broken(where, "it is cancelled and answered at once");
  }
  if (asked.type == QuestionType::free_text) {
    if (!given.selected.empty()) return broken(where + ".selected", "this question asks for a text");
    return given.text.empty() ? broken(where + ".text", "this question asks for one") : std::nullopt;
  }
  if (!given.text.empty()) return broken(where + ".text", "this question asks to select, not for a text");
  if (asked.type == QuestionType::single_select && given.selected.size() != 1) {
    return broken(where + ".selected",
                  fmt::format("there are {}: this question asks for exactly one", given.selected.size()));
  }
  return check_selected(where, asked, given.selected);
}

std::string_view name_of(InterruptData kind) noexcept {
  return kind == InterruptData::NONE ? "nothing" : events::EnumNameInterruptData(kind);
}

/// `where` is empty for the whole, and else ends in '.'.
Broken check(const std::string& where, const events::InterruptT& asked, const events::AnswerT& given);

Broken check_several(const std::string& where, const events::SeveralInterruptsT& asked,
                     const events::SeveralAnswersT& given) {
  if (given.answers.size() != asked.interrupts.size()) {
    return broken(where, fmt::format("there are {} answers to {} interrupts: one for each, in their order",
                                     given.answers.size(), asked.interrupts.size()));
  }
  for (std::size_t i = 0; i < asked.interrupts.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", where, i);
    const bool empty = given.answers[i] == nullptr || given.answers[i]->data.type == AnswerData::NONE;
    if (is_halt(*asked.interrupts[i])) {
      if (!empty) return broken(place, "this one is a halt: it is dismissed by an answer without data");
      continue;
    }
    if (empty)
      return broken(place, fmt::format("the {} is not answered", name_of(asked.interrupts[i]->data.type)));
    if (auto wrong = check(place + ".", *asked.interrupts[i], *given.answers[i])) return wrong;
  }
  return std::nullopt;
}

Broken check(const std::string& where, const events::InterruptT& asked, const events::AnswerT& given) {
  const std::string place = where + std::string(name_of(asked.data.type));
  switch (asked.data.type) {
    case InterruptData::approval:
      if (const auto* answer = given.data.Asapproval())
        return check_approval(place, *asked.data.Asapproval(), *answer);
      break;
    case InterruptData::question:
      if (const auto* answer = given.data.Asquestion())
        return check_question(place, *asked.data.Asquestion(), *answer);
      break;
    case InterruptData::subagent:
      if (const auto* answer = given.data.Assubagent(); answer != nullptr && answer->answer != nullptr)
        return check(place + ".", *asked.data.Assubagent()->interrupt, *answer->answer);
      break;
    case InterruptData::several:
      if (const auto* answer = given.data.Asseveral())
        return check_several(place, *asked.data.Asseveral(), *answer);
      break;
    case InterruptData::halt:
    case InterruptData::NONE:
      break;
  }
  const bool known = given.data.type > AnswerData::NONE && given.data.type <= AnswerData::MAX;
  return broken(place, fmt::format("that is asked for, and the answer is {}",
                                   known ? events::EnumNameAnswerData(given.data.type) : "empty"));
}

}  // namespace

bool is_halt(const events::InterruptT& interrupt) noexcept {
  if (interrupt.data.type == InterruptData::halt) return true;
  const auto* subagent = interrupt.data.Assubagent();
  return subagent != nullptr && subagent->interrupt != nullptr && is_halt(*subagent->interrupt);
}

bool is_restorable(const events::InterruptT& interrupt) noexcept {
  const auto* several = interrupt.data.Asseveral();
  if (several == nullptr) return !is_halt(interrupt);
  return std::ranges::all_of(several->interrupts, [](const auto& each) { return is_restorable(*each); });
}

Broken broken_answer(const events::InterruptT& interrupt, const events::AnswerT& answer) {
  if (is_halt(interrupt)) return "a halt is dismissed, not answered";
  return check("", interrupt, answer);
}

}  // namespace ringside::agentd
