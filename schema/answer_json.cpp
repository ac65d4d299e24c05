// SPDX-License-Identifier: Apache-2.0
#include "schema/answer_json.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <simdjson.h>

namespace ringside::schema {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t answer_depth_max = 32;

using Fault = std::optional<JsonError>;

Fault fault(const std::string& place, const std::string& what) {
  return JsonError{(place.empty() ? "the answer" : place) + " " + what, 0};
}

std::string inside(const std::string& place, std::string_view name) {
  return place.empty() ? std::string(name) : place + "." + std::string(name);
}

/// Reads values out of a text that is known to be JSON.
class AnswerReader {
 public:
  static Fault answer(const std::string& place, ondemand::value value, events::AnswerT& answer);

  /// `take(name, place, value)` for each member that is not null; none of them twice.
  template <class Object, class Take>
  static Fault members(const std::string& place, Object object, Take&& take) {
    std::vector<std::string> seen;
    for (auto member : object) {
      std::string name(std::string_view(member.unescaped_key()));
      for (const std::string& earlier : seen)
        if (earlier == name) return fault(inside(place, name), "is given twice");
      seen.push_back(name);
      ondemand::value value = member.value();
      if (value.is_null()) continue;
      if (auto wrong = take(std::string_view(name), inside(place, name), value)) return wrong;
    }
    return std::nullopt;
  }

  template <class Take>
  static Fault object(const std::string& place, ondemand::value value, Take&& take) {
    if (value.type() != ondemand::json_type::object) return fault(place, "must be an object");
    return members(place, ondemand::object(value.get_object()), std::forward<Take>(take));
  }

  /// `take(place, element)` for each.
  template <class Take>
  static Fault array(const std::string& place, ondemand::value value, Take&& take) {
    if (value.type() != ondemand::json_type::array) return fault(place, "must be an array");
    std::size_t index = 0;
    for (auto element : ondemand::array(value.get_array())) {
      if (auto wrong = take(place + "[" + std::to_string(index++) + "]", element.value_unsafe()))
        return wrong;
    }
    return std::nullopt;
  }

  static Fault string(const std::string& place, ondemand::value value, std::string& text) {
    if (value.type() != ondemand::json_type::string) return fault(place, "must be a string");
    text = std::string_view(value.get_string());
    return std::nullopt;
  }

  static Fault kind(std::string_view name, const std::string& place, ondemand::value value,
                    events::AnswerT& answer);

 private:
  static Fault decision(const std::string& place, ondemand::value value, events::ActionDecisionT& decision);
  static Fault approval(const std::string& place, ondemand::value value, events::ApprovalAnswerT& approval);
  static Fault question(const std::string& place, ondemand::value value, events::QuestionAnswerT& question);
};

Fault AnswerReader::decision(const std::string& place, ondemand::value value,
                             events::ActionDecisionT& decision) {
  bool decided = false;
  const auto take = [&](std::string_view name, const std::string& where, ondemand::value member) -> Fault {
    if (name == "message") return string(where, member, decision.message);
    if (name == "arguments") {
      if (member.type() != ondemand::json_type::object) return fault(where, "must be an object");
      decision.arguments = std::string_view(ondemand::object(member.get_object()).raw_json());
      return std::nullopt;
    }
    if (name != "decision") return fault(where, "is unknown: decision, arguments and message are known");
    std::string word;
    if (auto wrong = string(where, member, word)) return wrong;
    for (const events::Decision each : events::EnumValuesDecision()) {
      if (word != events::EnumNameDecision(each)) continue;
      decision.decision = each;
      decided = true;
      return std::nullopt;
    }
    return fault(where, "must be approve, edit or reject");
  };
  if (auto wrong = object(place, value, take)) return wrong;
  return decided ? std::nullopt : fault(inside(place, "decision"), "is missing: approve, edit or reject");
}

Fault AnswerReader::approval(const std::string& place, ondemand::value value,
                             events::ApprovalAnswerT& approval) {
  return object(place, value, [&](std::string_view name, const std::string& where, ondemand::value member) {
    if (name != "decisions") return fault(where, "is unknown: decisions is known");
    return array(where, member, [&](const std::string& one, ondemand::value element) {
      approval.decisions.push_back(std::make_unique<events::ActionDecisionT>());
      return decision(one, element, *approval.decisions.back());
    });
  });
}

Fault AnswerReader::question(const std::string& place, ondemand::value value,
                             events::QuestionAnswerT& question) {
  return object(place, value,
                [&](std::string_view name, const std::string& where, ondemand::value member) -> Fault {
                  if (name == "text") return string(where, member, question.text);
                  if (name == "cancelled") {
                    if (member.type() != ondemand::json_type::boolean)
                      return fault(where, "must be true or false");
                    question.cancelled = member.get_bool();
                    return std::nullopt;
                  }
                  if (name != "selected")
                    return fault(where, "is unknown: selected, text and cancelled are known");
                  return array(where, member, [&](const std::string& one, ondemand::value element) {
                    return string(one, element, question.selected.emplace_back());
                  });
                });
}

Fault AnswerReader::kind(std::string_view name, const std::string& place, ondemand::value value,
                         events::AnswerT& answer) {
  if (answer.data.type != events::AnswerData::NONE)
    return fault(place, "is one answer too many: there is one already beside it");
  if (name == "approval") {
    answer.data.Set(events::ApprovalAnswerT());
    return approval(place, value, *answer.data.Asapproval());
  }
  if (name == "question") {
    answer.data.Set(events::QuestionAnswerT());
    return question(place, value, *answer.data.Asquestion());
  }
  if (name == "subagent") {
    answer.data.Set(events::SubagentAnswerT());
    events::SubagentAnswerT& subagent = *answer.data.Assubagent();
    subagent.answer = std::make_unique<events::AnswerT>();
    return AnswerReader::answer(place, value, *subagent.answer);
  }
  if (name == "several") {
    answer.data.Set(events::SeveralAnswersT());
    events::SeveralAnswersT& several = *answer.data.Asseveral();
    return array(place, value, [&several](const std::string& one, ondemand::value element) {
      several.answers.push_back(std::make_unique<events::AnswerT>());
      return AnswerReader::answer(one, element, *several.answers.back());
    });
  }
  return fault(place, "is unknown: an answer is one of approval, question, subagent, several");
}

Fault AnswerReader::answer(const std::string& place, ondemand::value value, events::AnswerT& answer) {
  return object(place, value, [&](std::string_view name, const std::string& where, ondemand::value member) {
    return kind(name, where, member, answer);
  });
}

}  // namespace

expected<events::AnswerT, JsonError> parse_answer(std::string_view json) {
  JsonSyntax syntax;
  if (auto error = syntax.check_object(json, answer_depth_max))
    return unexpected<JsonError>(*std::move(error));
  const simdjson::padded_string padded(json);
  ondemand::parser parser;
  ondemand::document document = parser.iterate(padded);
  events::AnswerT answer;
  auto wrong =
      AnswerReader::members("", ondemand::object(document.get_object()),
                            [&](std::string_view name, const std::string& where, ondemand::value member) {
                              return AnswerReader::kind(name, where, member, answer);
                            });
  if (wrong) return unexpected<JsonError>(*std::move(wrong));
  return answer;
}

}  // namespace ringside::schema
