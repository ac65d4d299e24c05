// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/run_copy.hpp"

#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace ringside::agentd {
namespace {

std::string base36(std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 36).ptr;
  return {digits.data(), end};
}

/// Renames every id that an event can carry.
class Renamer {
 public:
  explicit Renamer(const RunCopy& ids) : ids_(ids) {}

  void rename(events::EventT& event) const {
    auto& payload = event.payload;
    if (auto* deltas = payload.Asllm_deltas()) {
      for (const auto& delta : deltas->deltas) {
        message(delta->message_id);
        calls(delta->tool_calls);
      }
    } else if (auto* whole = payload.Asllm_message()) {
      rename(*whole->message);
    } else if (auto* usage = payload.Asllm_token_usage()) {
      message(usage->message_id);
    } else if (auto* appended = payload.Asmessages_appended()) {
      for (const auto& each : appended->messages)
        rename(*each);
    } else if (auto* subagent = payload.Assubagent()) {
      if (subagent->message) rename(*subagent->message);
    } else {
      rename_execution(payload);
    }
  }

  void rename(events::InterruptT& interrupt) const {
    interrupt.id = ids_.own_id(interrupt.id);
    if (auto* approval = interrupt.data.Asapproval()) {
      for (const auto& request : approval->requests)
        call(request->tool_call_id);
    } else if (auto* subagent = interrupt.data.Assubagent()) {
      rename(*subagent->interrupt);
    } else if (auto* several = interrupt.data.Asseveral()) {
      for (const auto& each : several->interrupts)
        rename(*each);
    }
  }

 private:
  void rename_execution(events::PayloadUnion& payload) const {
    if (auto* identified = payload.Astool_call_identified()) {
      call(identified->tool->call_id);
    } else if (auto* started = payload.Astool_execution_started()) {
      call(started->tool->call_id);
    } else if (auto* completed = payload.Astool_execution_completed()) {
      call(completed->call_id);
      call(completed->result->call_id);
    } else if (auto* failed = payload.Astool_execution_failed()) {
      call(failed->call_id);
    } else if (auto* interrupted = payload.Astool_execution_interrupted()) {
      call(interrupted->call_id);
    } else if (auto* cancelled = payload.Astool_execution_cancelled()) {
      call(cancelled->call_id);
    }
  }

  void rename(events::MessageT& each) const {
    message(each.id);
    calls(each.tool_calls);
    for (const auto& result : each.tool_results)
      call(result->call_id);
  }

  void calls(const std::vector<std::unique_ptr<events::ToolCallT>>& all) const {
    for (const auto& each : all)
      call(each->call_id);
  }

  void message(std::string& id) const {
    if (!id.empty()) id = ids_.own_id(id);
  }

  void call(std::string& id) const {
    if (!id.empty()) id = ids_.call_id(id);
  }

  const RunCopy& ids_;
};

/// The delta that a stream consists of: one fragment of one part, and nothing else said.
const events::MessageDelta* plain_delta(const events::Event& event) {
  const auto* deltas = event.payload_as_llm_deltas();
  if (deltas == nullptr || deltas->deltas()->size() != 1) return nullptr;
  const events::MessageDelta* delta = deltas->deltas()->Get(0);
  const bool plain = delta->role() == events::Role::assistant && delta->tool_calls() == nullptr &&
                     delta->status() == events::DeltaStatus::incomplete;
  if (!plain || (delta->text() == nullptr) == (delta->content() == nullptr)) return nullptr;
  if (delta->text() != nullptr) return delta;
  const events::ContentPart* part = delta->content();
  const bool thinking = part->type() == events::ContentType::thinking && part->options() == nullptr;
  return thinking && part->content() != nullptr ? delta : nullptr;
}

}  // namespace

RunCopy::RunCopy(schema::Stamp stamp, std::uint64_t pass)
    : stamp_(stamp), own_tag_("~" + base36(stamp.incarnation) + "." + std::to_string(pass)) {
  if (pass > 1) call_tag_ = own_tag_;
}

std::string RunCopy::own_id(std::string_view recorded) const {
  return std::string(recorded) + own_tag_;
}

RunOutcome RunCopy::outcome(const RunOutcome& recorded) const {
  RunOutcome outcome = recorded;
  if (recorded.interrupt) {
    auto interrupt = std::make_shared<events::InterruptT>(*recorded.interrupt);
    Renamer(*this).rename(*interrupt);
    outcome.interrupt = std::move(interrupt);
  }
  return outcome;
}

std::string RunCopy::call_id(std::string_view recorded) const {
  return std::string(recorded) + call_tag_;
}

void RunCopy::publish(const events::Event& recorded, RunOutput& output) const {
  if (const events::MessageDelta* delta = plain_delta(recorded)) {
    const std::string id = own_id(delta->message_id()->string_view());
    const bool thinking = delta->text() == nullptr;
    const auto* text = thinking ? delta->content()->content() : delta->text();
    return output.publish(schema::TokenDelta{
        .stamp = stamp_,
        .message_id = id,
        .part_index = delta->part_index(),
        .text = text->string_view(),
        .part = thinking ? schema::TokenDelta::Part::thinking : schema::TokenDelta::Part::text});
  }
  events::EventT event;
  recorded.UnPackTo(&event);
  event.incarnation = stamp_.incarnation;
  event.run = stamp_.run;
  Renamer(*this).rename(event);
  output.publish(schema::pack(event));
}

}  // namespace ringside::agentd
