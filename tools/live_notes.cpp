// SPDX-License-Identifier: Apache-2.0
#include "tools/live_notes.hpp"

#include <memory>

#include <fmt/format.h>

#include "tools/agent_state_text.hpp"
#include "tools/interrupt_text.hpp"
#include "tools/text_of.hpp"
#include "tools/todo_mark.hpp"

namespace ringside::tools {
namespace {

void note_error(std::string& out, Screen& screen, std::string_view before, std::string_view message,
                std::string_view detail) {
  screen.note(out, fmt::format("{}: {}", before, message), Style::error);
  if (!detail.empty()) screen.detail(out, detail, Style::error);
}

void todo_line(std::string& out, Screen& screen, events::TodoStatus status, std::string_view content) {
  screen.detail(out, fmt::format("{} {}", todo_mark(status), content));
}

void note_life(std::string& out, Screen& screen, std::string_view agent, const AgentView& view) {
  if (const events::AgentShutdownT* end = view.shutdown()) {
    screen.note(out, fmt::format("so far: ended, {}", events::EnumNameShutdownReason(end->reason)));
  } else if (const events::ErrorT* error = view.error()) {
    note_error(out, screen, "so far: error", error->message, error->detail);
  } else {
    screen.note(out, fmt::format("so far: {}", events::EnumNameAgentStatus(view.status())));
    if (view.interrupt() != nullptr) note_interrupt(out, screen, agent, *view.interrupt());
  }
}

std::string words_of(const events::MessageT& message) {
  std::string text;
  for (const auto& part : message.content)
    text += part->content;
  return text;
}

}  // namespace

void note_status(std::string& out, Screen& screen, std::string_view agent,
                 const events::StatusChanged& change) {
  const std::string_view name = events::EnumNameAgentStatus(change.status());
  if (const events::Error* error = change.error()) {
    note_error(out, screen, name, text_of(error->message()), text_of(error->detail()));
  } else {
    screen.note(out, name);
  }
  if (change.interrupt() == nullptr) return;
  const std::unique_ptr<events::InterruptT> interrupt(change.interrupt()->UnPack());
  note_interrupt(out, screen, agent, *interrupt);
}

void note_interrupt(std::string& out, Screen& screen, std::string_view agent,
                    const events::InterruptT& interrupt) {
  for (const std::string& line : interrupt_lines(interrupt))
    screen.detail(out, line, Style::warning);
  if (!agent.empty()) screen.detail(out, settling_command(agent, interrupt), Style::user);
}

void note_todos(std::string& out, Screen& screen, const events::TodosUpdated& update) {
  const bool none = update.todos()->size() == 0;
  if (none && update.reason() == events::TodosReason::restored) return;  // as each life begins
  screen.note(out, none ? "todos: none" : "todos");
  for (const events::Todo* todo : *update.todos())
    todo_line(out, screen, todo->status(), text_of(todo->content()));
}

void note_title(std::string& out, Screen& screen, std::string_view title) {
  screen.note(out, fmt::format("title: {}", title));
}

void note_usage(std::string& out, Screen& screen, const events::LlmTokenUsage& usage) {
  std::string said = "usage:";
  if (usage.input()) said += fmt::format(" input {},", *usage.input());
  if (usage.output()) said += fmt::format(" output {},", *usage.output());
  if (usage.extras() != nullptr) {
    for (const events::KeyValue* extra : *usage.extras())
      said += fmt::format(" {} {},", text_of(extra->key()), text_of(extra->value()));
  }
  said.pop_back();
  screen.note(out, said);
}

void note_queued(std::string& out, Screen& screen, std::string_view text) {
  screen.note(out, fmt::format("queued: {}", text), Style::user);
}

void note_state(std::string& out, Screen& screen, std::string_view agent, const AgentView& view) {
  note_life(out, screen, agent, view);
  if (!view.title().empty()) note_title(out, screen, view.title());
  if (const AgentUsage usage = view.usage(); usage.calls != 0)
    screen.note(out, fmt::format("usage: {}", usage_text(usage)));
  if (!view.todos().empty()) screen.note(out, "todos");
  for (const events::TodoT& todo : view.todos())
    todo_line(out, screen, todo.status, todo.content);
  for (const events::MessageT& message : view.queued())
    note_queued(out, screen, words_of(message));
}

}  // namespace ringside::tools
