// SPDX-License-Identifier: Apache-2.0
#include "schema/event_kind.hpp"

namespace ringside::schema {

using events::Payload;

std::string_view kind_name(Payload kind) noexcept {
  if (kind == Payload::NONE) return {};
  return events::EnumNamePayload(kind);
}

std::optional<Payload> kind_from_name(std::string_view name) noexcept {
  for (const Payload kind : events::EnumValuesPayload()) {
    if (kind != Payload::NONE && name == kind_name(kind)) return kind;
  }
  return std::nullopt;
}

bool is_debug_kind(Payload kind) noexcept {
  switch (kind) {
    case Payload::agent_state_update:
    case Payload::messages_appended:
    case Payload::middleware_action:
    case Payload::llm_error:
    case Payload::subagent:
      return true;
    default:
      return false;
  }
}

bool is_publishable(Payload kind) noexcept {
  switch (kind) {
    case Payload::llm_deltas:
    case Payload::llm_message:
    case Payload::llm_token_usage:
    case Payload::todos_updated:
    case Payload::tool_call_identified:
    case Payload::tool_execution_started:
    case Payload::tool_execution_completed:
    case Payload::tool_execution_failed:
    case Payload::tool_execution_interrupted:
    case Payload::tool_execution_cancelled:
    case Payload::conversation_title_generated:
    case Payload::custom:
    case Payload::agent_state_update:
    case Payload::messages_appended:
    case Payload::middleware_action:
    case Payload::llm_error:
    case Payload::subagent:
      return true;
    default:  // a kind that a later version adds is not publishable until somebody has decided that it is
      return false;
  }
}

}  // namespace ringside::schema
