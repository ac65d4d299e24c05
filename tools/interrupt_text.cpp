// SPDX-License-Identifier: Apache-2.0
#include "tools/interrupt_text.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

using Lines = std::vector<std::string>;

/// The decisions that a request takes; all of them where it does not say.
std::vector<std::string_view> decisions_on(const events::ActionRequestT& request) {
  std::vector<std::string_view> names;
  for (const events::Decision each : events::EnumValuesDecision()) {
    const auto& allowed = request.allowed;
    if (allowed.empty() || std::ranges::find(allowed, each) != allowed.end())
      names.emplace_back(events::EnumNameDecision(each));
  }
  return names;
}

void append_interrupt(Lines& lines, const events::InterruptT& interrupt) {
  const auto& data = interrupt.data;
  lines.push_back(fmt::format("{} {}", one_line(interrupt.id), events::EnumNameInterruptData(data.type)));
  if (const auto* approval = data.Asapproval()) {
    for (const auto& request : approval->requests)
      lines.push_back(fmt::format("{} {} {} ({})", one_line(request->tool_call_id),
                                  one_line(request->tool_name), in_quotes(request->arguments),
                                  fmt::join(decisions_on(*request), ", ")));
  } else if (const auto* question = data.Asquestion()) {
    lines.push_back(in_quotes(question->text));
    for (const auto& option : question->options) {
      lines.push_back("- " + one_line(option->value));
      for (const std::string& more : {option->label, option->description})
        if (!more.empty()) lines.back() += ' ' + in_quotes(more);
    }
  } else if (const auto* halt = data.Ashalt()) {
    lines.push_back(in_quotes(halt->message));
  } else if (const auto* subagent = data.Assubagent()) {
    lines.push_back(fmt::format("sub-agent {}", one_line(subagent->subagent_id)));
    append_interrupt(lines, *subagent->interrupt);
  } else if (const auto* several = data.Asseveral()) {
    for (const auto& one : several->interrupts)
      append_interrupt(lines, *one);
  }
}

/// It is put aside, not answered; so is that of a sub-agent.
bool is_halt(const events::InterruptT& interrupt) {
  if (const auto* subagent = interrupt.data.Assubagent()) return is_halt(*subagent->interrupt);
  return interrupt.data.type == events::InterruptData::halt;
}

/// The first decision that it takes.
std::string answer_to(const events::ActionRequestT& request) {
  const auto decisions = decisions_on(request);
  const std::string_view made = decisions.empty() ? "approve" : decisions.front();
  return fmt::format(R"({{"decision":"{}"{}}})", made, made == "edit" ? R"(,"arguments":{})" : "");
}

std::string answer_to(const events::QuestionT& question) {
  if (question.type == events::QuestionType::free_text) return R"({"text":"..."})";
  std::string out = R"({"selected":[)";
  if (!question.options.empty()) append_json_string(out, question.options.front()->value);
  return out + "]}";
}

/// An answer that it takes.
std::string answer_to(const events::InterruptT& interrupt) {
  const auto& data = interrupt.data;
  if (is_halt(interrupt)) return "{}";
  if (const auto* question = data.Asquestion())
    return fmt::format(R"({{"question":{}}})", answer_to(*question));
  if (const auto* subagent = data.Assubagent())
    return fmt::format(R"({{"subagent":{}}})", answer_to(*subagent->interrupt));
  Lines each;
  if (const auto* approval = data.Asapproval()) {
    std::ranges::transform(approval->requests, std::back_inserter(each),
                           [](const auto& request) { return answer_to(*request); });
    return fmt::format(R"({{"approval":{{"decisions":[{}]}}}})", fmt::join(each, ","));
  }
  if (const auto* several = data.Asseveral()) {
    std::ranges::transform(several->interrupts, std::back_inserter(each),
                           [](const auto& one) { return answer_to(*one); });
    return fmt::format(R"({{"several":[{}]}})", fmt::join(each, ","));
  }
  return "{}";
}

/// One word of a shell's command line.
std::string shell_word(std::string_view text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,:/@%+";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) return std::string(text);
  std::string out = "'";
  for (const char c : one_line(text)) {
    if (c == '\'') {
      out += R"('\'')";
    } else {
      out += c;
    }
  }
  return out + '\'';
}

}  // namespace

std::vector<std::string> interrupt_lines(const events::InterruptT& interrupt) {
  Lines lines;
  append_interrupt(lines, interrupt);
  return lines;
}

std::string settling_command(std::string_view agent, const events::InterruptT& interrupt) {
  const std::string of = fmt::format("{} --interrupt {}", shell_word(agent), shell_word(interrupt.id));
  if (is_halt(interrupt)) return "ringside dismiss " + of;
  return fmt::format("ringside resume {} --answer {}", of, shell_word(answer_to(interrupt)));
}

}  // namespace ringside::tools
