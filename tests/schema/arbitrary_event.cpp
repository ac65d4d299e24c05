// SPDX-License-Identifier: Apache-2.0
#include "arbitrary_event.hpp"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "arbitrary_snapshot.hpp"
#include "arbitrary_value.hpp"

namespace ringside::schema::testing {
namespace {

constexpr int nesting_max = 2;

events::KeyValueT key_value() {
  events::KeyValueT pair;
  pair.key = text();
  pair.value = text();
  return pair;
}

events::ErrorT error() {
  events::ErrorT error;
  error.type = text();
  error.message = text();
  error.detail = text();
  return error;
}

events::ContentPartT content_part() {
  events::ContentPartT part;
  part.type = one_of<events::ContentType>();
  part.content = text();
  part.options = several<events::KeyValueT>(key_value);
  return part;
}

events::ToolCallT tool_call() {
  events::ToolCallT call;
  call.status = one_of<events::ToolCallStatus>();
  call.call_id = text();
  call.index = number<std::uint32_t>();
  call.name = name();
  call.arguments =
      call.status == events::ToolCallStatus::complete ? R"({"city":"Graz","days":[1,2]})" : text();
  call.display_text = text();
  return call;
}

events::ToolResultT tool_result() {
  events::ToolResultT result;
  result.call_id = name();
  result.name = text();
  result.content = several<events::ContentPartT>(content_part);
  result.is_error = maybe();
  result.is_interrupt = maybe();
  result.display_text = text();
  return result;
}

events::MessageT message() {
  events::MessageT message;
  message.id = name();
  message.role = one_of<events::Role>();
  message.status = one_of<events::MessageStatus>();
  message.content = several<events::ContentPartT>(content_part);
  message.tool_calls = several<events::ToolCallT>(tool_call);
  message.tool_results = several<events::ToolResultT>(tool_result);
  message.name = text();
  message.metadata = several<events::KeyValueT>(key_value);
  return message;
}

events::MessageDeltaT delta() {
  events::MessageDeltaT delta;
  delta.message_id = name();
  delta.role = one_of<events::Role>();
  delta.part_index = number<std::uint32_t>();
  if (maybe()) {
    delta.text = text();
  } else {
    delta.content = std::make_unique<events::ContentPartT>(content_part());
  }
  delta.tool_calls = several<events::ToolCallT>(tool_call);
  delta.status = one_of<events::DeltaStatus>();
  return delta;
}

events::ActionRequestT action_request() {
  events::ActionRequestT request;
  request.tool_call_id = name();
  request.tool_name = name();
  if (maybe()) request.arguments = "{}";
  if (maybe()) request.allowed = {events::Decision::approve, one_of<events::Decision>()};
  return request;
}

events::QuestionT question() {
  events::QuestionT question;
  question.type = one_of<events::QuestionType>();
  question.text = text();
  question.may_cancel = maybe();
  question.options = several<events::QuestionOptionT>(
      [] {
        events::QuestionOptionT option;
        option.value = text();
        option.label = text();
        option.description = text();
        return option;
      },
      1);
  return question;
}

events::InterruptT interrupt(int nesting = 0) {
  events::InterruptT interrupt;
  interrupt.id = name();
  switch (*rc::gen::inRange(0, nesting < nesting_max ? 5 : 3)) {
    case 0: {
      events::ApprovalT approval;
      approval.requests = several<events::ActionRequestT>(action_request, 1);
      interrupt.data.Set(std::move(approval));
      break;
    }
    case 1:
      interrupt.data.Set(question());
      break;
    case 2: {
      events::HaltT halt;
      halt.message = text();
      interrupt.data.Set(halt);
      break;
    }
    case 3: {
      events::SubagentInterruptT subagent;
      subagent.subagent_id = name();
      subagent.interrupt = std::make_unique<events::InterruptT>(testing::interrupt(nesting + 1));
      interrupt.data.Set(std::move(subagent));
      break;
    }
    default: {
      events::SeveralInterruptsT together;
      together.interrupts =
          several<events::InterruptT>([nesting] { return testing::interrupt(nesting + 1); }, 1);
      interrupt.data.Set(std::move(together));
    }
  }
  return interrupt;
}

events::DisplayMessageT display_message() {
  events::DisplayMessageT row;
  row.id = name();
  row.conversation_id = name();
  row.message_type = one_of<events::DisplayMessageType>();
  row.content_type = one_of<events::DisplayContentType>();
  row.content = text();
  row.tool_call_id = text();
  row.sequence = number<std::uint32_t>();
  row.status = one_of<events::DisplayMessageStatus>();
  row.revision = number<std::uint32_t>();
  row.inserted_at = number<std::int64_t>();
  return row;
}

events::PresenceEntryT presence_entry() {
  events::PresenceEntryT entry;
  entry.key = name();
  entry.metas = several<events::PresenceMetaT>(
      [] {
        events::PresenceMetaT meta;
        meta.ref = number<std::uint64_t>();
        meta.previous_ref = number<std::uint64_t>();
        meta.client_id = text();
        meta.meta = several<events::KeyValueT>(key_value);
        return meta;
      },
      1);
  return entry;
}

events::StatusChangedT status_changed() {
  events::StatusChangedT changed;
  changed.status = one_of<events::AgentStatus>();
  if (changed.status == events::AgentStatus::interrupted) {
    changed.interrupt = std::make_unique<events::InterruptT>(interrupt());
  }
  if (changed.status == events::AgentStatus::error) changed.error = std::make_unique<events::ErrorT>(error());
  return changed;
}

events::TodosUpdatedT todos_updated() {
  events::TodosUpdatedT updated;
  std::uint32_t id = 0;
  updated.todos = several<events::TodoT>([&id] {
    events::TodoT todo;
    todo.id = id += *rc::gen::inRange(1u, 1000u);
    todo.content = name().substr(0, 1000);
    if (todo.content.size() == 1000) todo.content = "long";
    todo.status = one_of<events::TodoStatus>();
    return todo;
  });
  updated.reason = one_of<events::TodosReason>();
  return updated;
}

events::LlmTokenUsageT token_usage() {
  events::LlmTokenUsageT usage;
  usage.message_id = text();
  if (maybe()) usage.input = number<std::uint64_t>();
  if (maybe()) usage.output = number<std::uint64_t>();
  usage.extras = several<events::KeyValueT>(key_value);
  return usage;
}

events::AgentShutdownT agent_shutdown() {
  events::AgentShutdownT shutdown;
  shutdown.reason = one_of<events::ShutdownReason>();
  shutdown.last_status = one_of<events::AgentStatus>();
  shutdown.last_activity_at = number<std::int64_t>();
  shutdown.interrupt_restorable = maybe();
  shutdown.state_saved = maybe();
  shutdown.detail = text();
  shutdown.metadata = several<events::KeyValueT>(key_value);
  return shutdown;
}

events::CustomT custom() {
  events::CustomT custom;
  custom.name = name();
  custom.content_type = text();
  custom.data = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
  return custom;
}

events::SubagentT subagent() {
  events::SubagentT told;
  told.id = name();
  told.parent = text();
  told.phase = one_of<events::SubagentPhase>();
  told.status = one_of<events::AgentStatus>();
  if (maybe()) told.message = std::make_unique<events::MessageT>(message());
  if (maybe()) told.error = std::make_unique<events::ErrorT>(error());
  return told;
}

/// Payloads that wrap one thing.
template <class Payload, class Member, class Value>
Payload wrapping(Member member, Value value) {
  Payload payload;
  payload.*member = std::make_unique<Value>(std::move(value));
  return payload;
}

void set_tool_payload(events::PayloadUnion& payload, events::Payload kind) {
  if (kind == events::Payload::tool_call_identified) {
    payload.Set(wrapping<events::ToolCallIdentifiedT>(&events::ToolCallIdentifiedT::tool, tool_call()));
  } else if (kind == events::Payload::tool_execution_started) {
    payload.Set(wrapping<events::ToolExecutionStartedT>(&events::ToolExecutionStartedT::tool, tool_call()));
  } else if (kind == events::Payload::tool_execution_completed) {
    auto completed =
        wrapping<events::ToolExecutionCompletedT>(&events::ToolExecutionCompletedT::result, tool_result());
    completed.call_id = completed.result->call_id;
    payload.Set(std::move(completed));
  } else if (kind == events::Payload::tool_execution_failed) {
    auto failed = wrapping<events::ToolExecutionFailedT>(&events::ToolExecutionFailedT::error, error());
    failed.call_id = name();
    payload.Set(std::move(failed));
  } else if (kind == events::Payload::tool_execution_interrupted) {
    events::ToolExecutionInterruptedT interrupted;
    interrupted.call_id = name();
    interrupted.display_text = text();
    payload.Set(interrupted);
  } else {
    events::ToolExecutionCancelledT cancelled;
    cancelled.call_id = name();
    cancelled.display_text = text();
    payload.Set(cancelled);
  }
}

void set_debug_payload(events::PayloadUnion& payload, events::Payload kind) {
  if (kind == events::Payload::agent_state_update) {
    events::AgentStateUpdateT update;
    update.state = text();
    payload.Set(update);
  } else if (kind == events::Payload::messages_appended) {
    events::MessagesAppendedT appended;
    appended.messages = several<events::MessageT>(message);
    payload.Set(std::move(appended));
  } else if (kind == events::Payload::middleware_action) {
    events::MiddlewareActionT action;
    action.middleware = name();
    action.action = name();
    action.data = text();
    payload.Set(action);
  } else if (kind == events::Payload::llm_error) {
    auto failed = wrapping<events::LlmErrorT>(&events::LlmErrorT::error, error());
    failed.attempt = number<std::uint32_t>();
    failed.will_retry = maybe();
    payload.Set(std::move(failed));
  } else {
    payload.Set(subagent());
  }
}

void set_payload(events::PayloadUnion& payload, events::Payload kind) {
  switch (kind) {
    case events::Payload::status_changed:
      return payload.Set(status_changed());
    case events::Payload::llm_deltas: {
      events::LlmDeltasT deltas;
      deltas.deltas = several<events::MessageDeltaT>(delta, 1);
      return payload.Set(std::move(deltas));
    }
    case events::Payload::llm_message:
      return payload.Set(wrapping<events::LlmMessageT>(&events::LlmMessageT::message, message()));
    case events::Payload::llm_token_usage:
      return payload.Set(token_usage());
    case events::Payload::todos_updated:
      return payload.Set(todos_updated());
    case events::Payload::display_message_saved:
      return payload.Set(
          wrapping<events::DisplayMessageSavedT>(&events::DisplayMessageSavedT::message, display_message()));
    case events::Payload::display_message_updated:
      return payload.Set(wrapping<events::DisplayMessageUpdatedT>(&events::DisplayMessageUpdatedT::message,
                                                                  display_message()));
    case events::Payload::message_queued:
      return payload.Set(wrapping<events::MessageQueuedT>(&events::MessageQueuedT::message, message()));
    case events::Payload::conversation_title_generated: {
      events::ConversationTitleGeneratedT generated;
      generated.title = text();
      return payload.Set(generated);
    }
    case events::Payload::chain_error:
      return payload.Set(wrapping<events::ChainErrorT>(&events::ChainErrorT::error, error()));
    case events::Payload::agent_shutdown:
      return payload.Set(agent_shutdown());
    case events::Payload::custom:
      return payload.Set(custom());
    case events::Payload::presence_diff: {
      events::PresenceDiffT diff;
      diff.version = number<std::uint64_t>();
      diff.joins = several<events::PresenceEntryT>(presence_entry);
      diff.leaves = several<events::PresenceEntryT>(presence_entry);
      return payload.Set(std::move(diff));
    }
    case events::Payload::snapshot:
      return payload.Set(arbitrary_snapshot());
    default:
      return kind >= events::Payload::agent_state_update ? set_debug_payload(payload, kind)
                                                         : set_tool_payload(payload, kind);
  }
}

}  // namespace

events::EventT arbitrary_event(events::Payload kind) {
  events::EventT event;
  event.incarnation = number<std::uint64_t>();
  event.run = number<std::uint64_t>();
  set_payload(event.payload, kind);
  return event;
}

events::Payload arbitrary_kind() {
  constexpr int none = static_cast<int>(events::Payload::NONE);
  constexpr int last = static_cast<int>(events::Payload::MAX);
  return static_cast<events::Payload>(*rc::gen::inRange<int>(none + 1, last + 1));
}

}  // namespace ringside::schema::testing
