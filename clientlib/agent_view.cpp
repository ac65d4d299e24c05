// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <ringside/agent_view.hpp>

#include "clientlib/agent_view_state.hpp"

namespace ringside {

bool AgentView::State::apply(const events::Event& event, std::uint64_t sequence, std::int64_t time_ns) {
  const bool snapshot = event.payload_type() == events::Payload::snapshot;
  if (!snapshot) {
    // A daemon that remembers nothing counts from 1 again, in a greater life; its first events may have been missed.
    if (sequence <= sequence_ && event.incarnation() <= last_life_) return false;
    if (sequence_ != 0 && sequence != sequence_ + 1) lost();
  }
  if (snapshot || begins_with(event, sequence)) known_ = true;
  last_life_ = snapshot ? event.incarnation() : std::max(last_life_, event.incarnation());
  follows_ = true;
  sequence_ = sequence;
  time_ns_ = time_ns;
  if (!known_) return true;
  fold_.apply(event);
  changed_ = true;
  return true;
}

bool AgentView::State::begins_with(const events::Event& event, std::uint64_t sequence) const noexcept {
  return sequence == 1 || (follows_ && event.incarnation() > last_life_);
}

void AgentView::State::lost() {
  fold_ = schema::Fold(schema::StateKind::agent);
  known_ = false;
  follows_ = false;
  changed_ = true;
}

const std::vector<MessageInFlight>& AgentView::State::messages() {
  refresh();
  return messages_;
}

const std::vector<OpenToolCall>& AgentView::State::calls() {
  refresh();
  return calls_;
}

void AgentView::State::refresh() {
  if (!std::exchange(changed_, false)) return;
  refresh_calls();
  refresh_messages();
}

void AgentView::State::refresh_calls() {
  calls_.clear();
  for (const schema::FoldedCall& call : agent().calls()) {
    calls_.push_back({.phase = call.phase,
                      .index = call.tool.index,
                      .call_id = call.tool.call_id,
                      .name = call.tool.name,
                      .arguments = call.tool.arguments,
                      .display_text = call.tool.display_text});
  }
}

void AgentView::State::refresh_messages() {
  std::size_t part_count = 0;
  for (const schema::FoldedMessage& message : agent().messages())
    part_count += message.fold.parts().size();
  parts_.clear();
  parts_.reserve(part_count);
  messages_.clear();
  for (const schema::FoldedMessage& message : agent().messages()) {
    const std::size_t first = parts_.size();
    for (const schema::FoldedPart& part : message.fold.parts())
      parts_.push_back({.index = part.index, .type = part.type, .content = part.content});
    messages_.push_back({.id = message.id,
                         .role = message.role,
                         .status = message.status,
                         .truncated = message.truncated,
                         .parts = std::span(parts_).subspan(first),
                         .tool_calls = message.fold.tool_calls()});
  }
}

AgentView::AgentView() : state_(std::make_unique<State>()) {}
AgentView::AgentView(AgentView&&) noexcept = default;
AgentView& AgentView::operator=(AgentView&&) noexcept = default;
AgentView::~AgentView() = default;

bool AgentView::apply(const Event& event) {
  return state_->apply(event.get(), event.sequence(), event.time_ns());
}

bool AgentView::apply(const events::Event& event, std::uint64_t sequence, std::int64_t time_ns) {
  return state_->apply(event, sequence, time_ns);
}

void AgentView::lost() {
  state_->lost();
}

bool AgentView::known() const noexcept {
  return state_->known();
}

bool AgentView::begun() const noexcept {
  return state_->agent().begun();
}

std::uint64_t AgentView::sequence() const noexcept {
  return state_->sequence();
}

std::int64_t AgentView::time_ns() const noexcept {
  return state_->time_ns();
}

std::uint64_t AgentView::incarnation() const noexcept {
  return state_->agent().stamp().incarnation;
}

std::uint64_t AgentView::run() const noexcept {
  return state_->agent().stamp().run;
}

events::AgentStatus AgentView::status() const noexcept {
  return state_->agent().status();
}

const events::InterruptT* AgentView::interrupt() const noexcept {
  return state_->agent().interrupt();
}

const events::ErrorT* AgentView::error() const noexcept {
  return state_->agent().error();
}

std::string_view AgentView::title() const noexcept {
  return state_->agent().title();
}

std::span<const events::TodoT> AgentView::todos() const noexcept {
  return state_->agent().todos();
}

std::span<const MessageInFlight> AgentView::messages() const {
  return state_->messages();
}

std::span<const OpenToolCall> AgentView::calls() const {
  return state_->calls();
}

std::span<const events::MessageT> AgentView::queued() const noexcept {
  return state_->agent().queued();
}

AgentUsage AgentView::usage() const {
  const schema::UsageFold& usage = state_->agent().usage();
  return {.calls = usage.calls(), .input = usage.input(), .output = usage.output(), .extras = usage.extras()};
}

const events::AgentShutdownT* AgentView::shutdown() const noexcept {
  return state_->agent().shutdown();
}

}  // namespace ringside
