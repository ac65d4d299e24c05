// SPDX-License-Identifier: Apache-2.0
#include "tools/agent_state_text.hpp"

#include <iterator>

#include <fmt/format.h>

#include "tools/visible_text.hpp"

namespace ringside::tools {
namespace {

/// Lines of `NAME  what`; the name stands on the first line of each group only.
class Groups {
 public:
  explicit Groups(std::string& out) : out_(out) {}

  /// Begins a group; its first line follows.
  void begin(std::string_view name) { name_ = name; }

  /// Text that is visible already.
  void line(std::string_view text) {
    fmt::format_to(std::back_inserter(out_), "{:10} {}\n", name_, text);
    name_ = {};
  }

  /// Text of several lines.
  void text(std::string_view text) {
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      line(one_line(text.substr(at, end - at)));
      at = end + 1;
    }
  }

 private:
  std::string& out_;
  std::string_view name_;
};

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

std::string_view mark_of(events::TodoStatus status) {
  switch (status) {
    case events::TodoStatus::pending:
      return "[ ]";
    case events::TodoStatus::in_progress:
      return "[>]";
    case events::TodoStatus::completed:
      return "[x]";
    case events::TodoStatus::cancelled:
      break;
  }
  return "[-]";
}

void append_interrupt(Groups& groups, const events::InterruptT& interrupt) {
  const auto& data = interrupt.data;
  groups.line(fmt::format("{} {}", one_line(interrupt.id), events::EnumNameInterruptData(data.type)));
  if (const auto* approval = data.Asapproval()) {
    for (const auto& request : approval->requests)
      groups.line(fmt::format("{} {} {}", one_line(request->tool_call_id), one_line(request->tool_name),
                              quoted(request->arguments)));
  } else if (const auto* question = data.Asquestion()) {
    groups.line(quoted(question->text));
    for (const auto& option : question->options)
      groups.line(fmt::format("- {} {}", one_line(option->value), quoted(option->label)));
  } else if (const auto* halt = data.Ashalt()) {
    groups.line(quoted(halt->message));
  } else if (const auto* subagent = data.Assubagent()) {
    groups.line(fmt::format("sub-agent {}", one_line(subagent->subagent_id)));
    append_interrupt(groups, *subagent->interrupt);
  } else if (const auto* several = data.Asseveral()) {
    for (const auto& one : several->interrupts)
      append_interrupt(groups, *one);
  }
}

void append_life(Groups& groups, const AgentView& view) {
  groups.begin("status");
  groups.line(events::EnumNameAgentStatus(view.status()));
  groups.begin("life");
  groups.line(fmt::format("{}, run {}, event {}", view.incarnation(), view.run(), view.sequence()));
  if (const events::AgentShutdownT* end = view.shutdown()) {
    groups.begin("ended");
    groups.line(fmt::format("{}{}", events::EnumNameShutdownReason(end->reason),
                            end->detail.empty() ? "" : " " + quoted(end->detail)));
  }
  if (const events::ErrorT* error = view.error()) {
    groups.begin("error");
    if (!error->type.empty()) groups.line(one_line(error->type));
    groups.line(quoted(error->message));
    if (!error->detail.empty()) groups.line(quoted(error->detail));
  }
  if (const events::InterruptT* interrupt = view.interrupt()) {
    groups.begin("interrupt");
    append_interrupt(groups, *interrupt);
  }
}

void append_usage(Groups& groups, const AgentUsage& usage) {
  if (usage.calls == 0) return;
  groups.begin("usage");
  groups.line(fmt::format("{} model call{}, input {}, output {}", usage.calls, usage.calls == 1 ? "" : "s",
                          usage.input, usage.output));
  for (const auto& [name, sum] : usage.extras)
    groups.line(fmt::format("{} {}", one_line(name), sum));
}

void append_work(Groups& groups, const AgentView& view) {
  groups.begin("todos");
  for (const events::TodoT& todo : view.todos())
    groups.line(fmt::format("{} {}", mark_of(todo.status), one_line(todo.content)));
  groups.begin("queued");
  for (const events::MessageT& message : view.queued()) {
    std::string text;
    for (const auto& part : message.content)
      text += part->content;
    groups.line(fmt::format("{} {}", one_line(message.id), quoted(text)));
  }
  groups.begin("calls");
  for (const OpenToolCall& call : view.calls()) {
    const std::string_view id = call.call_id.empty() ? "-" : call.call_id;
    groups.line(fmt::format("{} {} {} {}", events::EnumNameCallPhase(call.phase), one_line(id),
                            one_line(call.name), quoted(call.arguments)));
  }
}

void append_message(Groups& groups, const MessageInFlight& message) {
  groups.begin("message");
  groups.line(fmt::format("{} {}{}", one_line(message.id), events::EnumNameRole(message.role),
                          message.truncated ? ", too large to be kept whole" : ""));
  for (const PartInFlight& part : message.parts) {
    groups.begin(events::EnumNameContentType(part.type));
    const bool words = part.type == events::ContentType::text || part.type == events::ContentType::thinking;
    if (words) {
      groups.text(part.content);
    } else {
      groups.line(fmt::format("{} bytes", part.content.size()));
    }
  }
  groups.begin("tools");
  for (const events::ToolCallT& call : message.tool_calls)
    groups.line(fmt::format("{} {}", one_line(call.name), quoted(call.arguments)));
}

}  // namespace

void append_agent_state(std::string& out, std::string_view agent, const AgentView& view) {
  Groups groups(out);
  groups.begin("agent");
  groups.line(one_line(agent));
  if (!view.title().empty()) {
    groups.begin("title");
    groups.line(one_line(view.title()));
  }
  append_life(groups, view);
  append_usage(groups, view.usage());
  append_work(groups, view);
  for (const MessageInFlight& message : view.messages())
    append_message(groups, message);
}

}  // namespace ringside::tools
